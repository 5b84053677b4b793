#pragma once
// The time at which a frame was captured. Drivers stamp frames with different clocks and do not
// report which one. No I/O, no clock.

#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

/// All clocks, read at the same time, when the frame was completed.
struct ClockReadings {
    Instant monotonic;
    Duration since_boot{}; ///< CLOCK_BOOTTIME: the monotonic one and the time asleep
    WallTime wall;
};

struct CaptureTime {
    Instant at;
    WallTime wall;
};

/// `stamp_ns` is the frame's timestamp in nanoseconds of CLOCK_MONOTONIC (V4L2) or CLOCK_BOOTTIME
/// (libcamera's sensors). A stamp that is missing, in the future or far in the past is replaced by
/// the time at which the frame was completed.
[[nodiscard]] inline CaptureTime capture_time(std::uint64_t stamp_ns,
                                              const ClockReadings& now) noexcept {
    // The longest exposure of any sensor that libcamera supports is four minutes.
    constexpr Duration age_max = std::chrono::minutes(10);
    const Duration stamp(static_cast<std::int64_t>(stamp_ns));
    Duration age = now.monotonic.time_since_epoch() - stamp;
    if (age < Duration::zero()) {
        age = now.since_boot - stamp; // ahead of the monotonic clock, so it is of the other one
    }
    if (stamp_ns == 0 || age < Duration::zero() || age > age_max) {
        age = Duration::zero();
    }
    return {now.monotonic - age, now.wall - age};
}

} // namespace ringcast::camera
