#pragma once
// The kernel's information about cameras' device files, and the frame rates of cameras that are a
// V4L2 device themselves, that is USB cameras, for which libcamera provides no control. Knows V4L2,
// not libcamera.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace ringcast::capture {

/// Requests `fps` from the driver of a camera that is configured but does not run yet. The driver
/// accepts that only through the file descriptor that configured it, so this function searches the
/// process's descriptors for the one of `devices` (numbers as in stat). Returns the rate that the
/// driver has chosen, in frames per second; none without such a descriptor, or without support for
/// rates.
[[nodiscard]] std::optional<double> set_v4l2_rate(std::span<const std::uint64_t> devices,
                                                  double fps);

/// The highest frame rate of a device for a format and size; none if it can't be determined.
[[nodiscard]] std::optional<double> highest_v4l2_rate(std::span<const std::uint64_t> devices,
                                                      std::string_view format,
                                                      config::PictureSize size);

/// "uvcvideo": the kernel's driver of the first of `devices` for which it is known; empty if none
/// is.
[[nodiscard]] std::string driver_of(std::span<const std::uint64_t> devices);
/// The device file of a device number, "/dev/video0"; empty if it does not exist.
[[nodiscard]] std::string device_path(std::uint64_t device);
/// The number of the device file at `path`, following links; none if it is not a device file.
[[nodiscard]] std::optional<std::uint64_t> device_number(const std::string& path);

} // namespace ringcast::capture
