#include "source/idle_time.hpp"

#include <chrono>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ringcast;
using namespace std::chrono_literals;
using source::IdleTime;

namespace {

constexpr Instant begin{1000s};
constexpr Duration idle_after = 5s;
constexpr Duration patience = 1500ms;

/// A camera on demand that needs `start_time` from being wanted to its first frame.
struct Camera {
    Duration start_time = 3s;
    IdleTime idle_time{idle_after};
    std::uint64_t frames = 0;
    Instant on_since = never;
    Instant off_at = never;

    /// A client that waits for a frame for at most `patience`; true if it got one.
    bool visit(Instant now) {
        if (now >= off_at) {
            idle_time.on_stopped();
            on_since = never;
        }
        idle_time.on_watched(now, frames);
        on_since = on_since == never ? now : on_since;
        const bool served = on_since + start_time <= now + patience;
        frames += served ? 1 : 0;
        off_at = now + patience + idle_time.on_unwatched(frames, true);
        return served;
    }
    /// Number of visits served of the `count` that begin `every` so often.
    int visits(Instant& now, int count, Duration every) {
        int served = 0;
        for (int i = 0; i < count; ++i) {
            now += every;
            served += visit(now) ? 1 : 0;
        }
        return served;
    }
};

} // namespace

TEST_CASE("a slow poller of a camera that starts slowly is served from its third visit on") {
    const Duration every = GENERATE(2s, 5s, 10s, 30s, 1min, 5min, 10min);
    Camera camera;
    Instant now = begin;
    camera.visits(now, 2, every);
    CHECK(camera.visits(now, 100, every) == 100);
}

TEST_CASE("pollers with different phases and irregular intervals are all served") {
    Camera camera;
    Instant now = begin;
    camera.visits(now, 3, 30s);
    for (int i = 0; i < 100; ++i) {
        CHECK(camera.visit(now + 1s));
        CHECK(camera.visit(now + (i % 2 == 0 ? 27s : 33s)));
        now += 30s;
    }
}

TEST_CASE("a camera that starts quickly enough is off after the configured time") {
    Camera camera;
    camera.start_time = 1s;
    Instant now = begin;
    CHECK(camera.visits(now, 10, 30s) == 10);
    CHECK(camera.off_at == now + patience + idle_after);
}

TEST_CASE("a visit without a frame keeps the camera on long enough to start") {
    Camera camera;
    CHECK_FALSE(camera.visit(begin));
    CHECK(camera.off_at == begin + patience + IdleTime::unserved_min);
    CHECK(camera.visit(begin + 2s)); // as Retry-After says
}

TEST_CASE("a configured time that is longer than the rhythm counts") {
    IdleTime idle_time(1h);
    idle_time.on_watched(begin, 0);
    CHECK(idle_time.on_unwatched(0, true) == 1h);
    idle_time.on_watched(begin + 30s, 0);
    CHECK(idle_time.on_unwatched(0, true) == 1h);
}

TEST_CASE("when the visits end the camera is off after one and a half of their intervals") {
    Camera camera;
    Instant now = begin;
    camera.visits(now, 10, 1min);
    CHECK(camera.off_at == now + patience + 90s);
    // Later visitors find a camera that is off, and are served as before.
    now += 10h;
    CHECK_FALSE(camera.visit(now));
    CHECK(camera.off_at == now + patience + IdleTime::unserved_min);
}

TEST_CASE("visits that are too rare to be a rhythm do not keep the camera on") {
    Camera camera;
    Instant now = begin;
    CHECK(camera.visits(now, 10, IdleTime::interval_limit + 1s) == 0);
    CHECK(camera.off_at == now + patience + IdleTime::unserved_min);
}

TEST_CASE("a visit without a frame is no reason to keep a camera on that has a problem") {
    IdleTime idle_time(idle_after);
    for (const Duration at : {0s, 30s, 60s}) {
        idle_time.on_watched(begin + at, 0);
        CHECK(idle_time.on_unwatched(0, false) == idle_after);
    }
}
