#pragma once
// Sets the frame rate of a camera that is configured but does not run yet: by libcamera's control
// where the camera has one, else by its V4L2 device.

#include <cstdint>
#include <span>

#include <libcamera/controls.h>

#include "camera/rate_limit.hpp"

namespace ringcast::capture {

/// Adds the frame duration to `settings`, the controls with which the camera is started, unless
/// they contain one. `infos`: the camera's controls; `devices`: its device files' numbers.
[[nodiscard]] camera::RatePlan set_frame_rate(const libcamera::ControlInfoMap& infos,
                                              libcamera::ControlList& settings,
                                              std::span<const std::uint64_t> devices, double fps);

} // namespace ringcast::capture
