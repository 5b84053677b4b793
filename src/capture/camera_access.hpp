#pragma once
// Whether this user may use cameras at all. libcamera does not see a camera whose devices it can't
// open, so a missing permission looks like a missing camera.

#include <filesystem>
#include <optional>
#include <string>

namespace ringcast::capture {

/// What to do about the first camera device below `folder` that may not be opened; nothing when
/// all of them may, or there is none.
[[nodiscard]] std::optional<std::string>
camera_permission_problem(const std::filesystem::path& folder = "/dev");

} // namespace ringcast::capture
