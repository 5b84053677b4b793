#pragma once
// Why a camera can't be opened, or its controls can't be set: the failures that several sources of
// this module report.

#include <string>

#include <tl/expected.hpp>

#include "capture/camera_device.hpp"

namespace ringcast::capture {

[[nodiscard]] tl::unexpected<OpenFailure> failure(camera::OpenError error, std::string message,
                                                  std::string reason);
/// For a failed call of libcamera: the camera can't be `what`. `error` is a positive errno.
[[nodiscard]] tl::unexpected<OpenFailure> failed_call(const char* what, int error);
/// The camera does not support its configuration.
[[nodiscard]] tl::unexpected<OpenFailure> refused(std::string message);

} // namespace ringcast::capture
