#pragma once
// The focus of a camera with autofocus. libcamera starts such a camera in manual focus, so that it
// stays blurred until somebody focuses it. No I/O.

#include <optional>
#include <span>
#include <string>

#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::camera {

/// The setting of AfMode to add to those of the configuration: continuous focus, or manual focus if
/// the configuration sets a lens position. None if the configuration sets AfMode, or if the camera
/// does not support the mode.
[[nodiscard]] std::optional<config::ControlSetting>
default_focus(std::span<const source::CameraControl> controls,
              std::span<const config::ControlSetting> configured);

/// The focus mode for status: "continuous", "auto" or "manual", followed by " (default)" if the
/// configuration does not set it. `controls` have the values that were set; empty if AfMode has
/// none.
[[nodiscard]] std::string focus_text(std::span<const source::CameraControl> controls,
                                     std::span<const config::ControlSetting> configured);

} // namespace ringcast::camera
