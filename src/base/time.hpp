#pragma once
// The two clocks, as types only: nobody below the engine reads a clock.

#include <chrono>
#include <cstdint>

namespace ringcast {

using Duration = std::chrono::nanoseconds;

/// CLOCK_MONOTONIC: what deadlines and ages are measured with.
struct MonotonicClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};
using Instant = MonotonicClock::time_point;

/// CLOCK_REALTIME since the UNIX epoch: what viewers are told.
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
