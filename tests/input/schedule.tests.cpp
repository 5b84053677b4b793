#include "input/schedule.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace std::chrono_literals;
using ringcast::Instant;
using ringcast::input::Schedule;

namespace {
constexpr Instant begin{1000s};
} // namespace

TEST_CASE("a schedule does not drift, whatever the rate") {
    Schedule schedule(29.97, begin);
    for (int i = 0; i < 2997; ++i) {
        CHECK(schedule.advance(schedule.due()) == 0);
    }
    CHECK(schedule.due() == begin + 100s);
    // Ten days later it is still exact.
    for (int i = 0; i < 2997 * 8639; ++i) {
        static_cast<void>(schedule.advance(schedule.due()));
    }
    CHECK(schedule.due() == begin + 864'000s);
}

TEST_CASE("a delay within a period moves no other frame") {
    Schedule schedule(10, begin);
    CHECK(schedule.advance(begin + 99ms) == 0);
    CHECK(schedule.due() == begin + 100ms);
    CHECK(schedule.advance(begin + 250ms) == 0); // due at 200, late, but its time is not over
    CHECK(schedule.due() == begin + 200ms);
}

TEST_CASE("a late schedule skips the frames that are overdue and counts them") {
    Schedule schedule(10, begin);
    CHECK(schedule.advance(begin + 349ms) == 2); // 100 and 200 are over, 300 has come
    CHECK(schedule.due() == begin + 300ms);
    CHECK(schedule.advance(begin + 1s) == 6); // exactly on time for 1000
    CHECK(schedule.due() == begin + 1s);
    schedule.restart(begin + 5s);
    CHECK(schedule.due() == begin + 5s);
    CHECK(schedule.advance(begin + 5s) == 0);
    CHECK(schedule.due() == begin + 5100ms);
}
