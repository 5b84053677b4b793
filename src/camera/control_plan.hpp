#pragma once
// Decides which of the configured controls libcamera sets and which are set on the camera's V4L2
// device, and in what order. libcamera provides eight controls of a USB camera; all of them are on
// its V4L2 device. No I/O.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::camera {

/// The name of a V4L2 control as v4l2-ctl prints it: "focus_automatic_continuous" for "Focus,
/// Automatic Continuous".
[[nodiscard]] std::string v4l2_name(std::string_view text);

struct V4l2Setting {
    std::uint32_t id = 0;
    std::int64_t value = 0; ///< within the control's range; 0 or 1 for a boolean
};

struct ControlPlan {
    std::vector<config::ControlSetting> libcamera;
    /// In the order in which they are set: automatic controls, then other menus, then the rest, so
    /// that an automatic control is off before its manual value is set.
    std::vector<V4l2Setting> v4l2;
};

/// What is wrong with `settings`, one line for each of them: a control that the camera does not have,
/// or that can't be set, a value that it does not accept, two settings for the same control.
/// `controls`: libcamera's and those of the V4L2 device.
[[nodiscard]] std::vector<std::string>
control_problems(std::span<const source::CameraControl> controls,
                 std::span<const config::ControlSetting> settings);

/// The error consists of all `control_problems`.
[[nodiscard]] Result<ControlPlan> plan_controls(std::span<const source::CameraControl> controls,
                                                std::span<const config::ControlSetting> settings);

/// Why `control`, which is inactive, can't be set, and which of `controls` to switch off.
[[nodiscard]] std::string inactive_text(std::span<const source::CameraControl> controls,
                                        const source::CameraControl& control);

} // namespace ringcast::camera
