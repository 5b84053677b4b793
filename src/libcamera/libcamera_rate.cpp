#include "libcamera/libcamera_rate.hpp"

#include <algorithm>
#include <array>

#include <libcamera/control_ids.h>

#include "capture/v4l2_devices.hpp"

namespace ringcast::capture {

camera::RatePlan set_frame_rate(const libcamera::ControlInfoMap& infos,
                                libcamera::ControlList& settings,
                                std::span<const std::uint64_t> devices, double fps) {
    const libcamera::ControlId& limits = libcamera::controls::FrameDurationLimits;
    const auto known = infos.find(limits.id());
    if (known == infos.end()) {
        return camera::plan_rate(fps, set_v4l2_rate(devices, fps));
    }
    if (settings.contains(limits.id())) {
        return {}; // set by the configuration's `controls`
    }
    constexpr double microseconds = 1e6;
    const auto bound = [&](const libcamera::ControlValue& value, std::int64_t otherwise) {
        return value.type() == libcamera::ControlTypeInteger64 && !value.isArray()
                   ? value.get<std::int64_t>()
                   : otherwise;
    };
    const auto asked = static_cast<std::int64_t>(microseconds / fps);
    const std::int64_t shortest = bound(known->second.min(), asked);
    const std::int64_t longest = std::max(bound(known->second.max(), asked), shortest);
    const std::int64_t duration = std::clamp(asked, shortest, longest);
    const double rate = duration == asked ? fps : microseconds / static_cast<double>(duration);
    const std::array<std::int64_t, 2> both{duration, duration};
    settings.set(limits.id(), libcamera::ControlValue(
                                  libcamera::Span<const std::int64_t>(both.data(), both.size())));
    return camera::plan_rate(fps, rate);
}

} // namespace ringcast::capture
