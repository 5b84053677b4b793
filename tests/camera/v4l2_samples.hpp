#pragma once
// The controls of a USB camera's V4L2 device, as uvcvideo reports them for a common camera.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "source/camera_status.hpp"

namespace ringcast::test {

inline source::CameraControl v4l2_control(std::uint32_t id, std::string name,
                                          source::ControlKind kind, std::int64_t min = 0,
                                          std::int64_t max = 0) {
    source::CameraControl control;
    control.v4l2_id = id;
    control.name = std::move(name);
    control.kind = kind;
    if (kind == source::ControlKind::integer) {
        control.min = min;
        control.max = max;
    }
    return control;
}

/// Automatic controls are on, and those that depend on them are inactive.
inline std::vector<source::CameraControl> v4l2_controls() {
    using source::ControlKind;
    std::vector<source::CameraControl> controls{
        v4l2_control(0x00980900, "brightness", ControlKind::integer, -64, 64),
        v4l2_control(0x0098090c, "white_balance_automatic", ControlKind::boolean),
        v4l2_control(0x00980918, "power_line_frequency", ControlKind::enumeration),
        v4l2_control(0x0098091a, "white_balance_temperature", ControlKind::integer, 2800, 6500),
        v4l2_control(0x009a0901, "auto_exposure", ControlKind::enumeration),
        v4l2_control(0x009a0902, "exposure_time_absolute", ControlKind::integer, 3, 2047),
        v4l2_control(0x009a090a, "focus_absolute", ControlKind::integer, 0, 250),
        v4l2_control(0x009a090c, "focus_automatic_continuous", ControlKind::boolean),
        v4l2_control(0x009a0910, "privacy", ControlKind::boolean),
    };
    controls[1].current = true;
    controls[2].choices = {{0, "Disabled"}, {1, "50 Hz"}, {2, "60 Hz"}};
    controls[3].inactive = true;
    controls[4].choices = {{1, "Manual Mode"}, {3, "Aperture Priority Mode"}};
    controls[4].current = std::int64_t{3};
    controls[5].inactive = true;
    controls[6].inactive = true;
    controls[7].current = true;
    controls[8].read_only = true;
    return controls;
}

} // namespace ringcast::test
