// Controls of a camera: at its start, and while it runs.

#include <cerrno>
#include <iterator>
#include <utility>

#include "camera/focus.hpp"
#include "capture/v4l2_controls.hpp"
#include "libcamera/libcamera_convert.hpp"
#include "libcamera/libcamera_device.hpp"
#include "libcamera/libcamera_failure.hpp"

namespace ringcast::capture {

tl::expected<camera::ControlPlan, OpenFailure>
LibcameraDevice::plan_controls(OpenedCamera& opened, Settings settings) const {
    if (const auto v4l2 = open_v4l2_controls(opened.identity.devices)) {
        std::ranges::move(v4l2->list(), std::back_inserter(opened.controls));
    }
    if (auto focus = camera::default_focus(opened.controls, settings)) {
        settings.push_back(std::move(*focus));
    }
    auto plan = camera::plan_controls(opened.controls, settings);
    if (!plan) {
        return refused(plan.error().message);
    }
    return std::move(*plan);
}

LibcameraDevice::Step
LibcameraDevice::set_v4l2_controls(const std::vector<camera::V4l2Setting>& settings,
                                   OpenedCamera& opened) {
    if (settings.empty()) {
        return {};
    }
    const auto v4l2 = open_v4l2_controls(opened.identity.devices);
    return v4l2 == nullptr ? failed_call("given controls", ENODEV)
                           : capture::set_v4l2_controls(*v4l2, settings, opened.controls);
}

tl::expected<LibcameraDevice::Controls, OpenFailure>
LibcameraDevice::set_controls(Controls controls, const Settings& settings) {
    const auto plan = camera::plan_controls(controls, settings);
    if (!plan) {
        return refused(plan.error().message);
    }
    auto list = control_list(camera_->controls(), plan->libcamera, controls);
    if (!list) {
        return refused(list.error().message);
    }
    if (!plan->v4l2.empty()) {
        const auto v4l2 = open_v4l2_controls(identity_of(*camera_).devices);
        if (v4l2 == nullptr) {
            return failed_call("given controls", ENODEV);
        }
        if (auto step = change_v4l2_controls(*v4l2, plan->v4l2, controls); !step) {
            return tl::unexpected(std::move(step).error());
        }
    }
    hand_over(std::move(*list));
    return controls;
}

void LibcameraDevice::hand_over(libcamera::ControlList controls) {
    const std::lock_guard lock(controls_mutex_);
    controls.merge(next_controls_); // keeps the new values where both have one
    next_controls_ = std::move(controls);
}

} // namespace ringcast::capture
