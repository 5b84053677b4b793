#include "os/clock.hpp"

#include "base/assert.hpp"

namespace ringcast::os {

namespace {

timespec read_clock(clockid_t clock) noexcept {
    timespec time{};
    RINGCAST_ASSERT(::clock_gettime(clock, &time) == 0);
    return time;
}

Duration since_epoch(const timespec& time) noexcept {
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

Instant monotonic_now() noexcept {
    return Instant(since_epoch(read_clock(CLOCK_MONOTONIC)));
}

WallTime wall_now() noexcept {
    return wall_time(read_clock(CLOCK_REALTIME));
}

WallTime wall_time(const timespec& time) noexcept {
    // The last whole second that nanoseconds in 64 bits can count.
    constexpr auto second_max = std::chrono::floor<std::chrono::seconds>(Duration::max()).count();
    if (time.tv_sec < 0) {
        return WallTime{};
    }
    return time.tv_sec < second_max ? WallTime(since_epoch(time)) : WallTime::max();
}

} // namespace ringcast::os
