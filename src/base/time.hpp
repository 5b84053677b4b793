#pragma once
// The two clocks, as types only: no module below the engine reads a clock.

#include <chrono>
#include <cstdint>

namespace ringcast {

using Duration = std::chrono::nanoseconds;

/// CLOCK_MONOTONIC, for deadlines and ages.
struct MonotonicClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

/// CLOCK_REALTIME since the UNIX epoch, for the times that viewers see.
struct WallClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<WallClock>;
    static constexpr bool is_steady = false;
};
using WallTime = WallClock::time_point;

/// Later than every deadline.
inline constexpr Instant never = Instant::max();

} // namespace ringcast
