#pragma once
// Finds sensors with HDR of their own and sets it, by V4L2 on their subdevices. Knows no camera
// library: libcamera must not have looked at the sensors yet.

#include <filesystem>
#include <span>
#include <vector>

#include "camera/sensor_hdr.hpp"
#include "config/config.hpp"

namespace ringcast::capture {

/// The sensors in `classes`, a folder as /sys/class/video4linux.
[[nodiscard]] std::vector<camera::HdrSensor>
find_hdr_sensors(const std::filesystem::path& classes = "/sys/class/video4linux");

/// Sets HDR on the sensors that `streams` use, and logs a warning where that fails or no sensor has
/// it. As rpicam-apps does, turns it off where no stream wants it, because it stays on otherwise.
void apply_hdr(std::span<const camera::HdrSensor> sensors,
               std::span<const config::LibcameraConfig> streams);

} // namespace ringcast::capture
