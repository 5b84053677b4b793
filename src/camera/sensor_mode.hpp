#pragma once
// Chooses the mode of a camera's sensor. A sensor has few modes, and a mode for a small picture or
// a high rate often reads only a part of the sensor, so that the picture is zoomed in. No I/O.

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::camera {

/// The part of a mode's crop that pictures of this size show: the largest one with their aspect
/// ratio, in its centre.
[[nodiscard]] source::SensorCrop visible_part(const source::SensorCrop& crop,
                                              config::PictureSize size) noexcept;

/// The share of the widest field of view that any of the modes has in pictures of this size: at
/// most 1. 0 without modes.
[[nodiscard]] double view_share(std::span<const source::SensorMode> modes,
                                const source::SensorCrop& crop, config::PictureSize size) noexcept;

struct SensorChoice {
    std::size_t mode = 0; ///< an index
    std::string note;     ///< for the log: what the rate costs; empty if nothing
};

/// The mode for pictures of this size and rate. With the setting "full": the widest field of view
/// among the modes with this rate; if none has it, among all. Among several of these it is the
/// smallest mode that is not smaller than the picture, with the highest bit depth. None if there
/// are no modes, or if the setting leaves the choice to libcamera. The error lists the modes.
[[nodiscard]] Result<std::optional<SensorChoice>>
choose_sensor_mode(std::span<const source::SensorMode> modes, const config::SensorSetting& setting,
                   config::PictureSize size, double fps);

} // namespace ringcast::camera
