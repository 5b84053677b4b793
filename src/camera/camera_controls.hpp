#pragma once
// Converts controls of the configuration to values that a camera accepts. No I/O.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::camera {

/// How many numbers a value of this kind consists of: 4 for a rectangle.
[[nodiscard]] std::size_t numbers_in(source::ControlKind kind) noexcept;

/// A control and its configured value, of the type that the control has: a bool, an integer (also
/// for enumerations), a double or a text; a list of doubles if it consists of several numbers.
struct ControlMatch {
    const source::CameraControl* control = nullptr;
    config::ControlSetting::Value value;
};
/// The error lists the camera's controls, or describes the values that the control accepts.
[[nodiscard]] Result<ControlMatch> match_control(std::span<const source::CameraControl> controls,
                                                 const config::ControlSetting& setting);

/// The values that the control accepts: "a whole number from 0 to 250".
[[nodiscard]] std::string accepted_text(const source::CameraControl& control);

/// Enumerators without their common prefix: "continuous" for "AfModeContinuous". In lower case,
/// with hyphens between words.
[[nodiscard]] std::vector<std::string> short_names(std::span<const std::string> enumerators);

} // namespace ringcast::camera
