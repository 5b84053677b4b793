#pragma once
// What the kernel tells of cameras' device files, and frame rates of cameras that are one of them,
// which means USB: libcamera has no control for these. Knows V4L2, not libcamera.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace ringcast::capture {

/// Asks the driver of a configured camera, which does not run yet, for `fps`. A driver listens only
/// to the descriptor that has configured it, so that one is looked for among the process's own:
/// it is open on one of `devices` (numbers as in stat). What the driver has chosen, frames per
/// second; nothing when there is no such device or it has no rates.
[[nodiscard]] std::optional<double> set_v4l2_rate(std::span<const std::uint64_t> devices,
                                                  double fps);

/// The highest rate that a device makes of a format and size; nothing when it can't be asked.
[[nodiscard]] std::optional<double> highest_v4l2_rate(std::span<const std::uint64_t> devices,
                                                      std::string_view format,
                                                      config::PictureSize size);

/// "uvcvideo": the kernel's driver of the first of `devices` that says it; empty where none does.
[[nodiscard]] std::string driver_of(std::span<const std::uint64_t> devices);
/// "/dev/video0" of the number of a device; empty when there is no such file.
[[nodiscard]] std::string device_path(std::uint64_t device);
/// The number of the device file at `path`, by whatever links; nothing when it is none.
[[nodiscard]] std::optional<std::uint64_t> device_number(const std::string& path);

} // namespace ringcast::capture
