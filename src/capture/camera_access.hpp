#pragma once
// Checks whether this user has permission to open cameras. libcamera ignores cameras whose devices
// it can't open, so a missing permission looks like a missing camera.

#include <filesystem>
#include <optional>
#include <string>

namespace ringcast::capture {

/// How to get permission for the first camera device in `folder` that this user may not open; none
/// if the user may open all of them, or the folder contains none.
[[nodiscard]] std::optional<std::string>
camera_permission_problem(const std::filesystem::path& folder = "/dev");

} // namespace ringcast::capture
