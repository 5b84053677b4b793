#include "app/stream_recorder.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// A part as ringcast sends it; `headers` are further lines, each with its end.
std::string part(std::string_view picture, std::string_view headers) {
    return std::string("--edge\r\nContent-Type: image/jpeg\r\nContent-Length: ")
        .append(std::to_string(picture.size()))
        .append("\r\n")
        .append(headers)
        .append("\r\n")
        .append(picture)
        .append("\r\n");
}

constexpr Instant start{seconds(100)};

} // namespace

TEST_CASE("a frame has arrived with its last byte, however the stream is split") {
    const std::string stream =
        part("\xFF\xD8 first \xFF\xD9", "X-Timestamp: 1700000000.500000\r\n") +
        part("\xFF\xD8 second \xFF\xD9", "X-Timestamp: 1700000001\r\n");
    StreamRecorder recorder("edge");
    Instant now = start;
    const std::size_t first_end = stream.find("first \xFF\xD9") + 8;
    for (const char& letter : stream) {
        now += milliseconds(1);
        recorder.take(as_bytes({&letter, 1}), now);
    }
    const StreamRecord& record = recorder.record();
    REQUIRE(record.frames.size() == 2);
    CHECK(record.frames[0].captured == WallTime{milliseconds(1'700'000'000'500)});
    CHECK(record.frames[0].arrived == start + milliseconds(first_end));
    CHECK(record.frames[1].captured == WallTime{seconds(1'700'000'001)});
    CHECK(record.bytes == stream.size());
    CHECK(record.placeholders == 0);
    CHECK_FALSE(record.framing_lost);

    StreamRecorder at_once("edge");
    at_once.take(as_bytes(stream), start);
    CHECK(at_once.record().frames.size() == 2);
    CHECK(at_once.record().frames[1].arrived == start);
}

TEST_CASE("frames without a time and placeholders are recorded too") {
    StreamRecorder recorder("edge");
    recorder.take(as_bytes(part("\xFF\xD8", "")), start);
    recorder.take(as_bytes(part("\xFF\xD8", "X-Ringcast-Signal: none\r\n")), start);
    REQUIRE(recorder.record().frames.size() == 2);
    CHECK_FALSE(recorder.record().frames[0].captured.has_value());
    CHECK(recorder.record().placeholders == 1);
}

TEST_CASE("a body without the framing of ringcast is recorded as such") {
    StreamRecorder without_delimiters("edge");
    without_delimiters.take(as_bytes("\xFF\xD8 a picture"), start);
    CHECK(without_delimiters.record().framing_lost);

    StreamRecorder without_lengths("edge");
    without_lengths.take(as_bytes("--edge\r\nContent-Type: image/jpeg\r\n\r\n\xFF\xD8"), start);
    CHECK(without_lengths.record().framing_lost);
    CHECK(without_lengths.record().frames.empty());

    StreamRecorder page("edge");
    for (int i = 0; i < 10'000; ++i) {
        page.take(as_bytes("<p>A page.</p>\n"), start);
    }
    CHECK(page.record().framing_lost);
}
