#include "app/stream_comparison.hpp"

#include <catch2/catch_test_macros.hpp>

#include "app/stream_samples.hpp"

using namespace ringcast;
using namespace ringcast::app;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_CASE("delays are those of the frames that are in both records, without the first") {
    const StreamRecord direct = frames_of(5, milliseconds(200), milliseconds(1));
    StreamRecord through = frames_of(5, milliseconds(200), milliseconds(8));
    through.frames.erase(through.frames.begin() + 2); // the viewer skipped one
    through.frames[2].captured.reset();               // and another one has no time
    CHECK(delays(through, direct, Instant{}) == std::vector<Duration>(2, milliseconds(7)));
    CHECK(delays(through, direct, sample_begin + milliseconds(500)).size() == 1);
    CHECK(delays(through, {}, Instant{}).empty());
    CHECK(delays({}, direct, Instant{}).empty());
}

TEST_CASE("frames that a viewer skipped count, those before and after its connection don't") {
    const StreamRecord direct = frames_of(12, milliseconds(200), {});
    StreamRecord through = frames_of(12, milliseconds(200), milliseconds(8));
    CHECK(share_received(through, direct) == 1);
    through.frames.resize(7); // its first frame does not count, so six do
    CHECK(share_received(through, direct) == 1);
    through.frames.erase(through.frames.begin() + 2, through.frames.begin() + 5);
    CHECK(share_received(through, direct) == 0.5);
    CHECK(share_received({}, direct) == 1);
    CHECK(share_received(through, {}) == 1);
}

TEST_CASE("a median is the value in the middle") {
    CHECK_FALSE(median({}).has_value());
    CHECK(median({seconds(9), seconds(1), seconds(2)}) == seconds(2));
}

TEST_CASE("the period of frames is measured between their captures") {
    CHECK(frame_period(frames_of(10, milliseconds(200), seconds(3))) == milliseconds(200));
    CHECK(frame_period(held_back(frames_of(10, milliseconds(200), {}), 5)) == milliseconds(200));
    CHECK_FALSE(frame_period(frames_of(2, milliseconds(200), {})).has_value());
}

TEST_CASE("the rate of a stream is that between its first and its last frame") {
    CHECK(byte_rate(frames_of(11, milliseconds(100), seconds(3))) == 792'000);
    CHECK(byte_rate(frames_of(1, milliseconds(100), {})) == 0);
    CHECK(byte_rate({}) == 0);
}

TEST_CASE("frames that are held back arrive at once") {
    CHECK(share_at_once(frames_of(41, milliseconds(33), milliseconds(8))) == 0);
    CHECK(share_at_once(held_back(frames_of(41, milliseconds(33), {}), 8)) > 0.8);
    CHECK(share_at_once({}) == 0);
}

TEST_CASE("frames from a cache are not newer than the one before, or old at the beginning") {
    const StreamRecord direct = frames_of(41, milliseconds(100), {});
    CHECK(repeated_frames(direct) == 0);
    CHECK(age_of_first_frame(direct, direct, sample_begin) == seconds(0));
    StreamRecord twice = frames_of(3, milliseconds(100), {});
    const StreamRecord again = frames_of(3, milliseconds(100), seconds(1));
    twice.frames.insert(twice.frames.end(), again.frames.begin(), again.frames.end());
    CHECK(repeated_frames(twice) == 1);
    CHECK(age_of_first_frame(twice, direct, sample_begin + seconds(3)) == seconds(3));
    CHECK_FALSE(age_of_first_frame({}, direct, sample_begin).has_value());
    CHECK_FALSE(age_of_first_frame(twice, {}, sample_begin).has_value());
}
