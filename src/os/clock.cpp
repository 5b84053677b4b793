#include "os/clock.hpp"

#include <ctime>

#include "base/assert.hpp"

namespace ringcast::os {

namespace {

Duration read_clock(clockid_t clock) noexcept {
    timespec time{};
    RINGCAST_ASSERT(::clock_gettime(clock, &time) == 0);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

Instant monotonic_now() noexcept {
    return Instant(read_clock(CLOCK_MONOTONIC));
}

WallTime wall_now() noexcept {
    return WallTime(read_clock(CLOCK_REALTIME));
}

} // namespace ringcast::os
