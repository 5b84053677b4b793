#include "source/frame_fault_log.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::source {

namespace {

using namespace std::chrono_literals;
using test::LogCapture;

constexpr std::size_t frame_max = 100'000;

TEST_CASE("the log of a damaged frame names the stream and the problem") {
    LogCapture log;
    FrameFaultLog faults("door");
    faults.damaged(Instant{}, "its end is missing");
    CHECK(log.count("stream door: a damaged frame was skipped: its end is missing",
                    LogLevel::warning) == 1);
}

TEST_CASE("the log of an oversized frame names its size and the setting to raise") {
    LogCapture log;
    FrameFaultLog faults("door");
    faults.oversized(Instant{}, frame_max + 1, frame_max);
    CHECK(log.count("stream door: a frame of 97.7 KiB was skipped, because it is larger than "
                    "frame_max = 97.6 KiB: raise it in [memory]",
                    LogLevel::warning) == 1);
}

TEST_CASE("an oversized frame of unknown size is logged without one") {
    LogCapture log;
    FrameFaultLog faults("door");
    faults.oversized(Instant{}, 0, frame_max);
    CHECK(log.count("stream door: a frame was skipped, because") == 1);
}

TEST_CASE("the log of a fault names the origin of the frame") {
    LogCapture log;
    FrameFaultLog faults("door", "/srv/film.mjpeg");
    faults.damaged(Instant{}, "no size");
    faults.oversized(Instant{}, 2 * frame_max, frame_max);
    CHECK(log.count("stream door: /srv/film.mjpeg: a ") == 2);
}

TEST_CASE("damaged and oversized frames are each logged once per burst") {
    LogCapture log;
    FrameFaultLog faults("door");
    for (int i = 0; i < 10; ++i) {
        faults.damaged(Instant{} + i * 1s, "no size");
        faults.oversized(Instant{} + i * 1s, 2 * frame_max, frame_max);
    }
    CHECK(log.count("damaged") == 1);
    CHECK(log.count("frame_max") == 1);
    faults.damaged(Instant{} + 9s + LogThrottle::quiet_default, "no size");
    CHECK(log.count("damaged") == 2);
    CHECK(log.count("frame_max") == 1);
}

TEST_CASE("the reason for a lost signal names the size of the frames and the setting to raise") {
    CHECK(oversized_reason(frame_max + 1, frame_max) ==
          "frames of 97.7 KiB are larger than frame_max = 97.6 KiB: raise it in [memory]");
}

} // namespace

} // namespace ringcast::source
