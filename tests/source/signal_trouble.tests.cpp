#include "source/signal_trouble.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::source {

namespace {

using namespace std::chrono_literals;
using Kind = SignalTrouble::Kind;

constexpr Instant begin = Instant{} + std::chrono::seconds(1000);

TEST_CASE("silence from the beginning on is reported once, when it is due") {
    SignalTrouble trouble;
    trouble.begin(begin);
    CHECK(trouble.deadline() == begin + SignalTrouble::silence_time_max);
    CHECK_FALSE(trouble.take_report(trouble.deadline() - 1ns));
    CHECK(trouble.take_report(trouble.deadline()) == Kind::silent);
    CHECK(trouble.deadline() == never);
    CHECK_FALSE(trouble.take_report(begin + 1h));
}

TEST_CASE("silence after a good frame is left to the stream") {
    SignalTrouble trouble;
    trouble.begin(begin);
    trouble.on_good_frame(begin + 1s);
    CHECK(trouble.had_good_frame());
    CHECK(trouble.deadline() == never);
    CHECK_FALSE(trouble.take_report(begin + 1h));
}

TEST_CASE("worse trouble is reported after lesser trouble, and never the other way round") {
    SignalTrouble trouble;
    trouble.begin(begin);
    CHECK(trouble.take_report(begin + 5s) == Kind::silent);
    trouble.on_skipped_bytes(1);
    CHECK(trouble.take_report(begin + 6s) == Kind::not_jpeg);
    trouble.on_damaged_frame();
    CHECK(trouble.take_report(begin + 7s) == Kind::damaged);
    trouble.on_oversized_frame(123);
    CHECK(trouble.take_report(begin + 8s) == Kind::oversized);
    CHECK(trouble.oversized_bytes() == 123);
    trouble.on_damaged_frame();
    CHECK_FALSE(trouble.take_report(begin + 9s));
}

TEST_CASE("oversized frames are reported sooner than other trouble") {
    SignalTrouble trouble;
    trouble.begin(begin);
    trouble.on_oversized_frame(1);
    CHECK_FALSE(trouble.take_report(begin + SignalTrouble::oversized_time_max - 1ns));
    CHECK(trouble.take_report(begin + SignalTrouble::oversized_time_max) == Kind::oversized);
}

TEST_CASE("after a good frame it takes several bad ones in a row to be trouble") {
    SignalTrouble trouble;
    trouble.begin(begin);
    trouble.on_good_frame(begin);
    for (std::uint32_t i = 1; i < SignalTrouble::bad_frames_min; ++i) {
        trouble.on_damaged_frame();
        CHECK_FALSE(trouble.take_report(begin + 1h));
    }
    trouble.on_damaged_frame();
    CHECK(trouble.take_report(begin + 1h) == Kind::damaged);
}

TEST_CASE("after a good frame it takes many bytes that are not JPEG to be trouble") {
    SignalTrouble trouble;
    trouble.begin(begin);
    trouble.on_good_frame(begin);
    trouble.on_skipped_bytes(SignalTrouble::junk_bytes_min - 1);
    CHECK_FALSE(trouble.take_report(begin + 1h));
    trouble.on_skipped_bytes(1);
    CHECK(trouble.take_report(begin + 1h) == Kind::not_jpeg);
}

TEST_CASE("a good frame ends the trouble, and the next trouble is reported again") {
    SignalTrouble trouble;
    trouble.begin(begin);
    trouble.on_damaged_frame();
    REQUIRE(trouble.take_report(begin + 5s) == Kind::damaged);
    trouble.on_good_frame(begin + 6s);
    CHECK_FALSE(trouble.take_report(begin + 1h));
    for (std::uint32_t i = 0; i < SignalTrouble::bad_frames_min; ++i) {
        trouble.on_damaged_frame();
    }
    CHECK(trouble.take_report(begin + 1h) == Kind::damaged);
}

} // namespace

} // namespace ringcast::source
