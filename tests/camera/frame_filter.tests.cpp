#include "camera/frame_filter.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::camera {

namespace {

using namespace std::chrono_literals;
using Verdict = FrameFilter::Verdict;

constexpr std::size_t buffers = 4;
constexpr Duration period = 33ms;

/// A whole frame of a camera with a constant rate.
CapturedFrame frame(std::uint32_t sequence) {
    CapturedFrame frame;
    frame.whole = true;
    frame.sequence = sequence;
    frame.captured_at = Instant(100s) + sequence * period;
    return frame;
}

} // namespace

TEST_CASE("without a limit and a wait every whole frame in order is published") {
    FrameFilter filter;
    filter.begin(buffers, 0, false);
    CHECK(filter.settled());
    for (std::uint32_t sequence = 0; sequence < 10; ++sequence) {
        CHECK(filter.judge(frame(sequence)) == Verdict::publish);
    }
    CHECK(filter.counters().captured == 10);
    CHECK(filter.counters().skipped_for_rate == 0);
}

TEST_CASE("a frame with an error of the driver is damaged, but not missing in the sequence") {
    FrameFilter filter;
    filter.begin(buffers, 0, false);
    for (std::uint32_t sequence = 0; sequence < 10; ++sequence) {
        CapturedFrame captured = frame(sequence);
        captured.whole = sequence != 3;
        CHECK((filter.judge(captured) == Verdict::damaged) == (sequence == 3));
    }
    CHECK(filter.order().gaps() == 0);
    CHECK(filter.counters().captured == 9);
    CHECK(filter.counters().driver_failed == 1);
}

TEST_CASE("a refused buffer is counted as a failure, and has no sequence number") {
    FrameFilter filter;
    filter.begin(buffers, 0, false);
    CHECK(filter.judge(frame(0)) == Verdict::publish);
    CapturedFrame refused;
    refused.refused = true;
    CHECK(filter.judge(refused) == Verdict::refused);
    CHECK(filter.judge(frame(1)) == Verdict::publish);
    CHECK(filter.counters().driver_failed == 1);
    CHECK(filter.counters().captured == 2);
    CHECK(filter.order().gaps() == 0);
    CHECK(filter.order().overtaken() == 0);
}

TEST_CASE("frames that are out of order or too early are skipped, and count as captured") {
    FrameFilter filter;
    filter.begin(buffers, 0, false);
    CHECK(filter.judge(frame(1)) == Verdict::publish);
    CHECK(filter.judge(frame(0)) == Verdict::skip);
    CapturedFrame early = frame(2);
    early.startup = true;
    CHECK(filter.judge(early) == Verdict::skip);
    CHECK(filter.judge(frame(3)) == Verdict::publish);
    CHECK(filter.order().overtaken() == 1);
    CHECK(filter.counters().captured == 4);
}

TEST_CASE("frames are skipped until exposure has settled, each time that the camera is opened") {
    FrameFilter filter;
    for (int opening = 0; opening < 2; ++opening) {
        filter.begin(buffers, 0, true);
        CHECK_FALSE(filter.settled());
        const auto first = static_cast<std::uint32_t>(100 * opening);
        CapturedFrame unsettled = frame(first);
        unsettled.exposure_settled = false;
        CHECK(filter.judge(unsettled) == Verdict::skip);
        CapturedFrame settled = frame(first + 1);
        settled.exposure_settled = true;
        CHECK(filter.judge(settled) == Verdict::publish);
        CHECK(filter.settled());
    }
}

TEST_CASE(
    "frames above the configured rate are skipped and counted, others that are skipped are not") {
    FrameFilter filter;
    constexpr double half_the_rate = 0.5e9 / static_cast<double>(Duration(period).count());
    filter.begin(buffers, half_the_rate, false);
    std::vector<std::uint32_t> published;
    for (std::uint32_t sequence = 0; sequence < 8; ++sequence) {
        CapturedFrame captured = frame(sequence);
        captured.startup = sequence < 2;
        if (filter.judge(captured) == Verdict::publish) {
            published.push_back(sequence);
        }
    }
    // Due times are counted from the first frame that is not skipped for another reason.
    CHECK(published == std::vector<std::uint32_t>{2, 4, 6});
    CHECK(filter.counters().skipped_for_rate == 3);
    CHECK(filter.counters().captured == 8);
}

TEST_CASE("counters continue when the camera is opened again") {
    FrameFilter filter;
    filter.begin(buffers, 0, false);
    static_cast<void>(filter.judge(frame(100)));
    filter.begin(buffers, 0, false);
    CapturedFrame restarted = frame(101);
    restarted.sequence = 0;
    CHECK(filter.judge(restarted) == Verdict::publish);
    CHECK(filter.counters().captured == 2);
    CHECK(filter.order().gaps() == 0);
}

} // namespace ringcast::camera
