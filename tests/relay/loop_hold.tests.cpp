#include "relay/loop_hold.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::relay {

using namespace std::chrono_literals;

namespace {

constexpr Instant start{100s};

LoopHold begun() {
    LoopHold hold(250ms);
    hold.begin(start);
    return hold;
}

} // namespace

TEST_CASE("a loop that works little and wakes when it is to is not held up") {
    LoopHold hold = begun();
    CHECK(hold.on_wake(start + 1ms, start + 251ms, start + 40ms) == 0ms); // by a completion
    CHECK(hold.on_wake(start + 290ms, start + 292ms, start + 292ms) == 0ms);
    CHECK(hold.on_wake(start + 292ms, never, start + 100s) == 0ms);
    CHECK(hold.on_wake(start + 100s, Instant{}, start + 100s) == 0ms);
    CHECK(hold.judge(start + 100s));
}

TEST_CASE("a loop is held up by its own work, by a call that submits, and by waking late") {
    LoopHold hold = begun();
    CHECK(hold.on_wake(start + 7s, never, start + 8s) == 6750ms);
    CHECK(hold.on_wake(start + 8s, Instant{}, start + 9s) == 750ms);
    CHECK(hold.on_wake(start + 9s, start + 10s, start + 13s) == 2750ms);
    CHECK(hold.on_wake(start + 15s, start + 14s, start + 18s) == 4750ms);
}

TEST_CASE("after a hold time-outs are judged when completions have been handled") {
    LoopHold hold = begun();
    REQUIRE(hold.on_wake(start + 7s, never, start + 7s) > 0ms);
    CHECK_FALSE(hold.judge(start + 7s));
    CHECK(hold.judge_from() == start + 7250ms);
    CHECK_FALSE(hold.judge(start + 7249ms));
    CHECK(hold.judge(start + 7250ms));
}

TEST_CASE("a loop that is always held up still judges time-outs") {
    LoopHold hold = begun();
    int judged = 0;
    for (int turn = 1; turn <= 10; ++turn) {
        REQUIRE(hold.on_wake(start + turn * 1s, Instant{}, start + turn * 1s) == 750ms);
        judged += hold.judge(start + turn * 1s) ? 1 : 0;
    }
    CHECK(judged == 5);
}

} // namespace ringcast::relay
