#pragma once
// The modes of a camera's sensor. libcamera reports the crop and rate of a mode only once the
// camera is configured for it, so each mode is configured once, as rpicam-apps does.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/controls.h>

#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// The bits per pixel of a raw format of a sensor, by libcamera's name: 10 for "SRGGB10_CSI2P". 0
/// for other formats.
[[nodiscard]] std::uint16_t raw_bit_depth(std::string_view format) noexcept;

/// The configuration that requests this mode.
[[nodiscard]] libcamera::SensorConfiguration
sensor_configuration(const source::SensorMode& mode) noexcept;

/// The shortest frame duration of the camera's configuration, in microseconds; none if it does not
/// report one.
[[nodiscard]] std::optional<std::int64_t> shortest_frame(const libcamera::ControlInfoMap& controls);

/// The sensor of a configured camera whose pictures have this size. `chosen` is the mode that was
/// requested; if none was, it is recognised by its crop and rate. None without modes.
[[nodiscard]] std::optional<source::SensorStatus>
sensor_status(const libcamera::Camera& camera, const std::vector<source::SensorMode>& modes,
              const source::SensorMode* chosen, config::PictureSize size);

/// The modes of all cameras, each read once. May be used by any thread.
class SensorModeCache {
public:
    /// Empty for cameras whose sensor is not accessible, such as USB cameras. The camera must be
    /// acquired and stopped; the first call changes its configuration.
    [[nodiscard]] std::vector<source::SensorMode> modes_of(libcamera::Camera& camera);

private:
    std::mutex mutex_;
    std::map<std::string, std::vector<source::SensorMode>> modes_; ///< by the camera's id
};

} // namespace ringcast::capture
