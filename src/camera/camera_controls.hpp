#pragma once
// From controls as a configuration spells them to what a camera takes. Pure.

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

/// How many numbers one of the kind consists of: 4 for a rectangle.
[[nodiscard]] std::size_t numbers_in(source::ControlKind kind) noexcept;

/// The value of `setting` in the kind that `control` takes: a bool, an integer (also for
/// enumerations), a double or a text; a list of doubles for everything of several numbers.
/// The error lists what the camera has, or takes.
struct ControlMatch {
    const source::CameraControl* control = nullptr;
    config::ControlSetting::Value value;
};
[[nodiscard]] Result<ControlMatch> match_control(std::span<const source::CameraControl> controls,
                                                 const config::ControlSetting& setting);

/// Enumerators without what all of them begin with: "continuous" of "AfModeContinuous". In small
/// letters, with a - between words.
[[nodiscard]] std::vector<std::string> short_names(std::span<const std::string> enumerators);

} // namespace ringcast::camera
