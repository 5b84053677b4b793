#include "stream/signal.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ringcast;
using namespace std::chrono_literals;
using stream::Signal;
using stream::StreamSettings;
using stream::StreamState;

namespace {

constexpr Instant begin{1000s};

/// A signal in virtual time.
struct Clocked {
    explicit Clocked(Duration period_expected = {}) : signal(settings, period_expected) {
        signal.start(now);
    }

    /// The signal is lost meanwhile if it is overdue, as the stream does it.
    void frame_after(Duration interval) {
        now += interval;
        if (const std::string_view reason = signal.overdue(now); !reason.empty()) {
            times_lost += signal.lose(reason) ? 1 : 0;
        }
        signal.on_frame(now);
    }
    void frames(int count, Duration interval) {
        for (int i = 0; i < count; ++i) {
            frame_after(interval);
        }
    }
    /// Silence for so long means that the signal is lost.
    [[nodiscard]] Duration silence_bound() const { return signal.deadline() - now; }

    StreamSettings settings;
    Signal signal;
    Instant now = begin;
    int times_lost = 0; ///< for being overdue
};

} // namespace

TEST_CASE("a stream is starting until its first frame, and live from then on") {
    Clocked clocked;
    CHECK(clocked.signal.state() == StreamState::starting);
    CHECK_FALSE(clocked.signal.healthy());
    CHECK_FALSE(clocked.signal.fresh(begin));
    CHECK(clocked.signal.on_frame(begin + 300ms) == StreamState::starting);
    CHECK(clocked.signal.state() == StreamState::live);
    CHECK(clocked.signal.healthy());
    CHECK(clocked.signal.fresh(begin + 300ms));
    CHECK(clocked.signal.last_frame_at() == begin + 300ms);
    CHECK(clocked.signal.on_frame(begin + 400ms) == StreamState::live);
}

TEST_CASE("a stream without a first frame is overdue after the wait for it, and says so") {
    Clocked clocked;
    CHECK(clocked.signal.deadline() == begin + clocked.settings.first_frame_wait);
    CHECK(clocked.signal.overdue(clocked.signal.deadline() - 1ns).empty());
    CHECK(clocked.signal.overdue(clocked.signal.deadline()) == "no picture has come yet");
}

TEST_CASE("a source of unknown rate may take twice the bound between its first two frames") {
    Clocked slow;
    slow.frame_after(100ms);
    slow.frames(5, 9s);
    CHECK(slow.times_lost == 0);
    Clocked stopped;
    stopped.frame_after(100ms);
    CHECK(stopped.silence_bound() == 2 * stopped.settings.silence_max);
    stopped.frame_after(11s);
    CHECK(stopped.times_lost == 1);
    CHECK(stopped.silence_bound() == stopped.settings.silence_max);
}

TEST_CASE("a source that has begun is awaited until its first frame, or until it reports trouble") {
    Clocked clocked;
    Signal& signal = clocked.signal;
    signal.note_source_started();
    CHECK(signal.lose("the program is starting"));
    CHECK(signal.state() == StreamState::lost);
    CHECK(signal.starting());
    signal.on_frame(begin + 1s);
    CHECK_FALSE(signal.starting());
    // The program ended and was started again.
    signal.note_source_paused();
    CHECK(signal.lose("the program has ended"));
    CHECK_FALSE(signal.starting());
    signal.note_source_started();
    CHECK(signal.lose("the program is starting"));
    CHECK(signal.starting());
    signal.note_source_paused();
    CHECK(signal.lose("no frames arrive from the program"));
    CHECK_FALSE(signal.starting());
}

TEST_CASE("a live stream is overdue when it is silent for the bound, and says so") {
    Clocked clocked;
    clocked.frames(10, 33ms);
    CHECK(clocked.silence_bound() == clocked.settings.silence_max);
    const Instant deadline = clocked.signal.deadline();
    CHECK(clocked.signal.overdue(deadline - 1ns).empty());
    CHECK(clocked.signal.fresh(deadline));
    CHECK(clocked.signal.overdue(deadline) == "no picture for a while");
    CHECK_FALSE(clocked.signal.fresh(deadline + 1ns));
}

TEST_CASE("a lost signal has its reason until the next frame, and no deadline") {
    Clocked clocked;
    clocked.frames(3, 33ms);
    CHECK(clocked.signal.lose("the camera is unplugged"));
    CHECK(clocked.signal.state() == StreamState::lost);
    CHECK(clocked.signal.reason() == "the camera is unplugged");
    CHECK_FALSE(clocked.signal.healthy());
    CHECK_FALSE(clocked.signal.fresh(clocked.now));
    CHECK(clocked.signal.deadline() == never);
    CHECK(clocked.signal.overdue(clocked.now + 24h).empty());
    CHECK(clocked.signal.on_frame(clocked.now + 1s) == StreamState::lost);
    CHECK(clocked.signal.reason().empty());
    CHECK(clocked.signal.healthy());
}

TEST_CASE("a signal is lost again only for another reason") {
    Clocked clocked;
    CHECK(clocked.signal.lose("the command ended"));
    CHECK_FALSE(clocked.signal.lose("the command ended"));
    CHECK(clocked.signal.lose("frames are too large"));
    CHECK(clocked.signal.reason() == "frames are too large");
    clocked.frame_after(1s);
    CHECK(clocked.signal.lose("frames are too large"));
}

TEST_CASE("a reason of any length is kept without an allocation, cut where its room ends") {
    Clocked clocked;
    const std::string reason(10'000, 'r');
    CHECK(clocked.signal.lose(reason));
    CHECK(clocked.signal.reason().size() >= 256);
    CHECK(clocked.signal.reason().size() < reason.size());
}

TEST_CASE("a paused stream is healthy, has no reason, and no deadline while nobody watches") {
    Clocked clocked;
    clocked.signal.lose("the command ended");
    clocked.signal.pause(clocked.now);
    CHECK(clocked.signal.state() == StreamState::paused);
    CHECK(clocked.signal.healthy());
    CHECK(clocked.signal.reason().empty());
    CHECK_FALSE(clocked.signal.fresh(clocked.now));
    CHECK(clocked.signal.deadline() == never);
    CHECK(clocked.signal.overdue(clocked.now + 24h).empty());
}

TEST_CASE("a watched pause is overdue when its first frame is silent for the bound") {
    Clocked clocked;
    clocked.signal.pause(clocked.now);
    const Instant watched_at = clocked.now + 1h;
    clocked.signal.set_watched(true, watched_at);
    CHECK(clocked.signal.deadline() == watched_at + clocked.settings.silence_max);
    CHECK(clocked.signal.overdue(watched_at).empty());
    CHECK(clocked.signal.overdue(clocked.signal.deadline()) == "no picture for a while");
    clocked.signal.set_watched(false, watched_at + 1s);
    CHECK(clocked.signal.deadline() == never);
}

TEST_CASE("a stream that pauses while it is watched is given the whole bound from then on") {
    Clocked clocked;
    clocked.signal.set_watched(true, clocked.now);
    clocked.frames(3, 33ms);
    clocked.now += 4s;
    clocked.signal.pause(clocked.now);
    CHECK(clocked.silence_bound() == clocked.settings.silence_max);
}

TEST_CASE(
    "the bound on silence is four of the stream's usual intervals, and at least the setting") {
    Clocked clocked;
    clocked.frame_after(500ms); // the wait for the first frame is no interval
    CHECK(clocked.silence_bound() == 10s);
    clocked.frame_after(1s);
    CHECK(clocked.silence_bound() == 5s);
    clocked.frames(2, 4s);
    CHECK(clocked.silence_bound() == 16s);
}

TEST_CASE("the bound on silence starts from the configured rate") {
    Clocked slow(20s);
    CHECK(slow.signal.on_frame(slow.now) == StreamState::starting);
    CHECK(slow.silence_bound() == 80s);
    slow.frames(3, 20s);
    CHECK(slow.times_lost == 0);
    CHECK(slow.silence_bound() == 80s);
    Clocked fast(33ms);
    fast.frames(2, 33ms);
    CHECK(fast.silence_bound() == 5s);
}

TEST_CASE("a stream that is faster than its configured rate gets a shorter bound") {
    Clocked clocked(10s);
    clocked.frame_after(1s);
    CHECK(clocked.silence_bound() == 40s);
    clocked.frames(100, 33ms);
    CHECK(clocked.silence_bound() == 5s);
}

TEST_CASE("after an outage a frozen picture counts as live no longer than before") {
    const Duration outage = GENERATE(5s, 10s, 30s, 3600s);
    const Duration configured = GENERATE(0ms, 33ms);
    const Duration interval = GENERATE(33ms, 200ms, 900ms);
    Clocked clocked(configured);
    clocked.frames(20, interval);
    clocked.frame_after(outage);
    CHECK(clocked.times_lost == 1);
    CHECK(clocked.signal.state() == StreamState::live);
    CHECK(clocked.silence_bound() == 5s);
    clocked.frames(20, interval);
    clocked.frame_after(outage); // again, but not right after the first one
    CHECK(clocked.silence_bound() == 5s);
    CHECK(clocked.times_lost == 2);
}

TEST_CASE("an outage between the first two frames is not the stream's interval") {
    Clocked clocked;
    clocked.frame_after(33ms);
    clocked.frame_after(10s);
    CHECK(clocked.silence_bound() == 5s);
    clocked.frame_after(33ms);
    CHECK(clocked.silence_bound() == 5s);
}

TEST_CASE("two outages of different lengths in a row are not the stream's interval") {
    Clocked clocked;
    clocked.frames(20, 33ms);
    clocked.frame_after(10s);
    clocked.frame_after(60s);
    CHECK(clocked.silence_bound() == 5s);
    clocked.frame_after(7s);
    CHECK(clocked.silence_bound() == 5s);
}

TEST_CASE("a silence within the bound does not stretch it unless it is repeated") {
    Clocked clocked;
    clocked.frames(20, 33ms);
    clocked.frame_after(4900ms);
    CHECK(clocked.times_lost == 0);
    CHECK(clocked.silence_bound() == 5s);
    clocked.frame_after(4s);
    CHECK(clocked.silence_bound() == 16s); // the shorter of the two is what the stream does
}

TEST_CASE("a slow stream of unknown rate keeps its signal from its third frame on") {
    const Duration interval = GENERATE(6s, 10s, 60s, 600s);
    Clocked clocked;
    clocked.frames(3, interval);
    const int lost_at_first = clocked.times_lost;
    // While it starts, and in the two intervals that follow where these are too long.
    CHECK(lost_at_first == (interval < 10s ? 1 : 3));
    CHECK(clocked.silence_bound() == 4 * interval);
    clocked.frames(100, interval);
    CHECK(clocked.times_lost == lost_at_first);
}

TEST_CASE("a slow stream with irregular intervals keeps its signal") {
    Clocked clocked;
    clocked.frames(3, 60s);
    const int lost_at_first = clocked.times_lost;
    for (int i = 0; i < 50; ++i) {
        clocked.frame_after(i % 2 == 0 ? 45s : 80s);
    }
    CHECK(clocked.times_lost == lost_at_first);
}

TEST_CASE("a stream that becomes slow keeps its signal from the second long interval on") {
    Clocked clocked;
    clocked.frames(100, 33ms);
    clocked.frames(2, 10s);
    CHECK(clocked.times_lost == 2);
    CHECK(clocked.silence_bound() == 40s);
    clocked.frames(100, 10s);
    CHECK(clocked.times_lost == 2);
}

TEST_CASE("an outage of a slow stream is noticed after four of its intervals, and not learned") {
    Clocked clocked;
    clocked.frames(10, 10s);
    const int lost_at_first = clocked.times_lost;
    CHECK(clocked.silence_bound() == 40s);
    clocked.frame_after(39s);
    CHECK(clocked.times_lost == lost_at_first);
    CHECK(clocked.silence_bound() == 40s);
    clocked.frame_after(10s);
    clocked.frame_after(10min);
    CHECK(clocked.times_lost == lost_at_first + 1);
    CHECK(clocked.silence_bound() == 40s);
}

TEST_CASE("the bound on silence shrinks slowly when a stream becomes faster") {
    Clocked clocked;
    clocked.frames(4, 10s);
    CHECK(clocked.silence_bound() == 40s);
    Duration before = clocked.silence_bound();
    clocked.frame_after(33ms);
    CHECK(clocked.silence_bound() < before);
    CHECK(clocked.silence_bound() > before / 2);
    int frames = 1;
    while (clocked.silence_bound() > 5s) {
        before = clocked.silence_bound();
        clocked.frame_after(33ms);
        REQUIRE(clocked.silence_bound() < before);
        ++frames;
    }
    CHECK(frames > 5);
    CHECK(frames < 100);
}

TEST_CASE("a source that reported its own silence does not stretch the bound") {
    Clocked clocked;
    clocked.frames(3, 33ms);
    const bool paused = GENERATE(false, true);
    for (int i = 0; i < 3; ++i) {
        if (paused) {
            clocked.signal.pause(clocked.now);
        } else {
            clocked.signal.note_source_paused();
            clocked.signal.lose("the camera is unplugged");
        }
        clocked.frame_after(1h);
        CHECK(clocked.silence_bound() == clocked.settings.silence_max);
    }
    clocked.frames(2, 10s); // the frame has ended the pause: from here on silence counts again
    CHECK(clocked.silence_bound() == 40s);
}

TEST_CASE("the period is measured from the second frame on, smoothed, and without interruptions") {
    Clocked clocked;
    clocked.frame_after(500ms);
    CHECK(clocked.signal.period() == Duration::zero());
    clocked.frame_after(40ms);
    CHECK(clocked.signal.period() == 40ms);
    clocked.frame_after(80ms);
    CHECK(clocked.signal.period() > 40ms);
    CHECK(clocked.signal.period() < 60ms);
    const Duration period = clocked.signal.period();
    clocked.signal.lose("the command ended");
    clocked.frame_after(1h);
    CHECK(clocked.signal.period() == period);
}
