#pragma once
// HDR that a camera's sensor does itself. It has to be on before libcamera looks at the sensor,
// because it changes the sensor's modes. No I/O: decides which sensors to set.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace ringcast::camera {

/// A sensor with HDR of its own.
struct HdrSensor {
    std::string id;     ///< the camera's id in libcamera: "/base/soc/i2c0mux/i2c@1/imx708@1a"
    std::string model;  ///< "imx708_wide"
    std::string device; ///< "/dev/v4l-subdev2"
};

/// True for models whose HDR is set on the sensor, before libcamera starts: the Camera Module 3.
[[nodiscard]] bool has_sensor_hdr(std::string_view model) noexcept;

/// Whether HDR has to be on or off for this sensor; none if no stream uses it. `camera` of a stream
/// may also be empty, an index or a device, of which is not known before libcamera starts whether
/// they mean this sensor; then they do.
[[nodiscard]] std::optional<bool> wanted_hdr(const HdrSensor& sensor,
                                             std::span<const config::LibcameraConfig> streams);

/// Why a stream with `hdr = true` can't show a camera of this model; empty if it can.
[[nodiscard]] std::string hdr_refusal(std::string_view model);

} // namespace ringcast::camera
