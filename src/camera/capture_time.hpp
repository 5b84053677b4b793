#pragma once
// When a frame was captured. Pure: drivers stamp frames with one clock or another, and say so
// nowhere.

#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

/// All clocks read in the same moment, when the frame came.
struct ClockReadings {
    Instant monotonic;
    Duration since_boot{}; ///< CLOCK_BOOTTIME: the monotonic one and the time asleep
    WallTime wall;
};

struct CaptureTime {
    Instant at;
    WallTime wall;
};

/// `stamp_ns` is the frame's, in CLOCK_MONOTONIC (V4L2) or CLOCK_BOOTTIME (libcamera's sensors),
/// nanoseconds. A stamp that is neither, because it is missing or lies in the future or far back,
/// is taken for the moment when the frame came.
[[nodiscard]] inline CaptureTime capture_time(std::uint64_t stamp_ns,
                                              const ClockReadings& now) noexcept {
    // The longest exposure of a sensor that libcamera knows is four minutes.
    constexpr Duration age_max = std::chrono::minutes(10);
    const Duration stamp(static_cast<std::int64_t>(stamp_ns));
    Duration age = now.monotonic.time_since_epoch() - stamp;
    if (age < Duration::zero()) {
        age = now.since_boot - stamp; // beyond the monotonic clock: it can only be the other one
    }
    if (stamp_ns == 0 || age < Duration::zero() || age > age_max) {
        age = Duration::zero();
    }
    return {now.monotonic - age, now.wall - age};
}

} // namespace ringcast::camera
