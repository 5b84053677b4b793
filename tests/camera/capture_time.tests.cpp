#include "camera/capture_time.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using namespace std::chrono_literals;

namespace {

/// A machine that has been up for two hours, one of them asleep.
constexpr ClockReadings now{Instant(1h), 2h, WallTime(1000h)};

std::uint64_t stamp(Duration time) {
    return static_cast<std::uint64_t>(time.count());
}

} // namespace

TEST_CASE(
    "timestamps of the monotonic clock and of the one that includes sleep are distinguished") {
    for (const Duration age : {0ms, 33ms, 5000ms}) {
        for (const Duration clock : {Duration(1h), Duration(2h)}) {
            CAPTURE(age.count(), clock.count());
            const CaptureTime time = capture_time(stamp(clock - age), now);
            CHECK(time.at == now.monotonic - age);
            CHECK(time.wall == now.wall - age);
        }
    }
}

TEST_CASE("a frame without a timestamp was captured now, also soon after the machine has started") {
    ClockReadings young = now;
    young.monotonic = Instant(1min);
    young.since_boot = 1min;
    CHECK(capture_time(0, young).at == young.monotonic);
    CHECK(capture_time(0, young).wall == young.wall);
}

TEST_CASE("an implausible timestamp is replaced by the time at which the frame was completed") {
    for (const Duration wrong :
         {Duration(0), Duration(2h + 1ms), Duration(90min), Duration(30min)}) {
        CAPTURE(wrong.count());
        CHECK(capture_time(stamp(wrong), now).at == now.monotonic);
        CHECK(capture_time(stamp(wrong), now).wall == now.wall);
    }
}
