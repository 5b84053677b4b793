#include "source/silence_watch.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::source {

namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000s};
constexpr Duration timeout = 10s;

/// A run that produces one frame and then nothing. Returns how long that was tolerated.
Duration silent_run(SilenceWatch& watch, Instant& now) {
    watch.begin(now);
    watch.on_frame(now);
    const Duration tolerated = watch.deadline() - now;
    now = watch.deadline();
    CHECK(watch.on_restart() == tolerated);
    return tolerated;
}

/// Frames at a fixed interval, until `time` has passed since the first one.
void frames(SilenceWatch& watch, Instant& now, Duration interval, Duration time) {
    watch.on_frame(now);
    for (const Instant end = now + time; now < end;) {
        now += interval;
        CHECK(now <= watch.deadline());
        watch.on_frame(now);
    }
}

} // namespace

TEST_CASE("silence counts from the beginning of a run and from each frame") {
    SilenceWatch watch(timeout);
    watch.begin(start);
    CHECK(watch.deadline() == start + timeout);
    watch.on_frame(start + 3s);
    CHECK(watch.deadline() == start + 13s);
    watch.excuse(start + 5s);
    CHECK(watch.deadline() == start + 15s);
}

TEST_CASE("a timeout of zero disables the watch") {
    SilenceWatch watch(0s);
    watch.begin(start);
    CHECK(watch.deadline() == never);
    watch.on_frame(start + 1s);
    CHECK(watch.deadline() == never);
}

TEST_CASE("the patience doubles after runs with frames, up to five minutes") {
    SilenceWatch watch(timeout);
    Instant now = start;
    for (const Duration expected : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
        CHECK(silent_run(watch, now) == expected);
    }
}

TEST_CASE("the patience with a program that never produced a frame stays the same") {
    SilenceWatch watch(timeout);
    for (int run = 0; run < 5; ++run) {
        watch.begin(start);
        CHECK(watch.on_restart() == timeout);
    }
}

TEST_CASE("a timelapse of one frame a minute settles") {
    SilenceWatch watch(timeout);
    Instant now = start;
    for (const Duration expected : {10s, 20s, 40s}) {
        CHECK(silent_run(watch, now) == expected);
    }
    watch.begin(now);
    frames(watch, now, 60s, 24h);
    CHECK(watch.deadline() == now + 80s);
}

TEST_CASE("five minutes of frames at a usual rate bring the patience back") {
    SilenceWatch watch(timeout);
    Instant now = start;
    CHECK(silent_run(watch, now) == 10s);
    CHECK(silent_run(watch, now) == 20s);
    watch.begin(now);
    frames(watch, now, 1s, SilenceWatch::settle_time - 1s);
    CHECK(watch.deadline() == now + 40s);
    frames(watch, now, 1s, 1s);
    CHECK(watch.deadline() == now + timeout);
}

TEST_CASE("bursts of frames with gaps between them keep the patience") {
    SilenceWatch watch(timeout);
    Instant now = start;
    while (silent_run(watch, now) < 160s) {
    }
    watch.begin(now);
    for (int burst = 0; burst < 10; ++burst) {
        frames(watch, now, 1s, 4min);
        now += 2min;
        CHECK(now < watch.deadline());
    }
}

TEST_CASE("runs that each were steady for a short time do not add up") {
    SilenceWatch watch(timeout);
    Instant now = start;
    CHECK(silent_run(watch, now) == 10s);
    for (int run = 0; run < 3; ++run) {
        watch.begin(now);
        frames(watch, now, 1s, 4min);
        now += 1s;
    }
    CHECK(watch.deadline() == now - 1s + 20s);
}

TEST_CASE("a timeout of more than five minutes is not shortened") {
    SilenceWatch watch(20min);
    Instant now = start;
    CHECK(silent_run(watch, now) == 20min);
    CHECK(silent_run(watch, now) == 20min);
}

} // namespace ringcast::source
