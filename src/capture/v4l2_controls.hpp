#pragma once
// The controls of a camera's own V4L2 device, which USB cameras have: reads and sets them through a
// descriptor of its own, beside the one that streams. Knows V4L2, not libcamera.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/immovable.hpp"
#include "camera/control_plan.hpp"
#include "capture/camera_device.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// The seam to a device's controls: the kernel's, or a test's. Calls may block: the driver asks the
/// camera.
class V4l2Controls : private Immovable {
public:
    virtual ~V4l2Controls() = default;

    /// All controls that a configuration can set or show, with current values, in the driver's
    /// order.
    [[nodiscard]] virtual std::vector<source::CameraControl> list() = 0;
    /// 0, or a positive errno. `control` is one of `list`.
    [[nodiscard]] virtual int set(const source::CameraControl& control, std::int64_t value) = 0;
};

/// The controls of that one of `devices` (numbers as in stat) which is a USB camera's capture
/// device. Null if none is: a camera of several devices is set by libcamera only. Keep it for a short
/// time only: set_v4l2_rate searches the process for the descriptor that streams.
[[nodiscard]] std::unique_ptr<V4l2Controls>
open_v4l2_controls(std::span<const std::uint64_t> devices);

/// Sets the values in the given order; then updates the device's controls in `controls`, a list
/// that contains them, to what the device says. The error is that of the first control that could
/// not be set.
[[nodiscard]] tl::expected<void, OpenFailure>
set_v4l2_controls(V4l2Controls& device, std::span<const camera::V4l2Setting> settings,
                  std::vector<source::CameraControl>& controls);

/// The same for a device that is in use: if one value can't be set, those that the device had before
/// are set again, as far as possible, and `controls` are what they were.
[[nodiscard]] tl::expected<void, OpenFailure>
change_v4l2_controls(V4l2Controls& device, std::span<const camera::V4l2Setting> settings,
                     std::vector<source::CameraControl>& controls);

} // namespace ringcast::capture
