#include "base/log_throttle.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast {

namespace {

using namespace std::chrono_literals;

TEST_CASE("the first occurrence of a burst is logged, and no other") {
    LogThrottle throttle;
    Instant now{};
    CHECK(throttle.should_log(now));
    for (int i = 0; i < 100; ++i) {
        now += LogThrottle::quiet_default - 1ns;
        CHECK_FALSE(throttle.should_log(now));
    }
}

TEST_CASE("after the quiet period an occurrence is logged again") {
    LogThrottle throttle;
    const Instant first{};
    CHECK(throttle.should_log(first));
    CHECK(throttle.should_log(first + LogThrottle::quiet_default));
    CHECK_FALSE(throttle.should_log(first + LogThrottle::quiet_default + 1s));
}

TEST_CASE("the quiet period of a throttle can be chosen") {
    LogThrottle throttle(1min);
    const Instant first{};
    CHECK(throttle.should_log(first));
    CHECK_FALSE(throttle.should_log(first + 59s));
    CHECK(throttle.should_log(first + 59s + 1min));
}

} // namespace

} // namespace ringcast
