#include "upstream/body_reader.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "upstream/answer_bench.hpp"

namespace ringcast::upstream {
namespace {

using namespace std::chrono_literals;
using test::AnswerBench;
using test::chunked;
using test::jpeg;
using test::multipart_head;
using test::ok;
using test::part;
using Frames = std::vector<std::string>;

const std::string one = jpeg(300, 'a');
const std::string two = jpeg(500, 'b');
const std::string three = jpeg(40, 'c');

std::string with_length(std::string_view type, std::size_t bytes) {
    return ok(fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", type, bytes));
}

std::string no_signal(std::string_view content, std::string_view reason) {
    return part(content,
                fmt::format("X-Ringcast-Signal: none\r\nX-Ringcast-Reason: {}\r\n", reason));
}

/// What a whole answer leads to.
struct Outcome {
    Frames frames;
    std::vector<std::string> reasons;
    std::uint64_t damaged = 0;
    std::uint64_t oversized = 0;
    std::uint64_t without_signal = 0;
    std::uint64_t frames_seen = 0;
    bool complete = false;
    bool single = false;
    std::size_t unread = 0; ///< bytes behind the end of a complete body

    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The first `with_head` bytes of the body are received together with the head, and the others in
/// pieces.
Outcome outcome(std::string_view head, std::string_view body, std::size_t with_head,
                std::size_t piece_bytes) {
    const test::LogCapture silenced;
    AnswerBench bench(1024);
    bench.begin(head, body.substr(0, with_head));
    Outcome result;
    const std::size_t unread = bench.feed(body.substr(with_head), piece_bytes).size();
    bench.reader.finish();
    CHECK(!bench.reader.reading());
    bench.reader.release();
    CHECK(bench.sink.slots_with_source() == 0);
    result.frames = bench.sink.frames;
    result.reasons = bench.sink.reasons;
    result.damaged = bench.counters.frames_damaged;
    result.oversized = bench.counters.frames_oversized;
    result.without_signal = bench.reader.parts_without_signal();
    result.frames_seen = bench.reader.frames_seen();
    result.complete = bench.reader.complete();
    result.unread = result.complete ? unread : 0;
    result.single = bench.reader.single_picture();
    CHECK(bench.counters.frames == result.frames.size());
    return result;
}

/// The same for every split into what is received with the head and what is received later, and for
/// pieces of every size.
Outcome read(std::string_view head, std::string_view body) {
    const Outcome whole = outcome(head, body, 0, AnswerBench::everything);
    for (std::size_t with_head = 1; with_head <= body.size(); ++with_head) {
        Outcome split = outcome(head, body, with_head, AnswerBench::everything);
        // Bytes behind the end are taken if they arrive with the head.
        split.unread = whole.unread;
        if (!(split == whole)) {
            CAPTURE(with_head);
            CHECK(split.frames == whole.frames);
            CHECK(split == whole);
            break;
        }
    }
    for (const std::size_t piece_bytes : {1U, 2U, 3U, 5U, 17U, 64U, 300U}) {
        CAPTURE(piece_bytes);
        CHECK(outcome(head, body, 0, piece_bytes) == whole);
    }
    return whole;
}

} // namespace

TEST_CASE("the parts of a multipart body are frames, byte for byte") {
    const std::string body = part(one) + part(two) + part(three);
    const Outcome open = read(multipart_head, body);
    CHECK(open.frames == Frames{one, two, three});
    CHECK(open.complete);
    CHECK(!open.single);
    const Outcome ended = read(multipart_head, body + "--b--\r\n");
    CHECK(ended.frames == Frames{one, two, three});
    CHECK(ended.complete);
    CHECK(ended.unread == 0);
    CHECK(ended.frames_seen == 3);
    CHECK(ended.damaged == 0);
}

TEST_CASE("chunks may be cut anywhere") {
    const std::string head = ok("Content-Type: multipart/x-mixed-replace; boundary=b\r\n"
                                "Transfer-Encoding: chunked\r\n");
    const std::string body = part(one) + part(two);
    for (std::size_t chunk_bytes = 1; chunk_bytes < body.size() + 2;
         chunk_bytes += chunk_bytes < 40 ? 1 : 97) {
        CAPTURE(chunk_bytes);
        const std::string wire = chunked(body, chunk_bytes);
        const Outcome whole = outcome(head, wire, 0, AnswerBench::everything);
        CHECK(whole.frames == Frames{one, two});
        CHECK(whole.complete);
        CHECK(outcome(head, wire, 0, 1) == whole);
        CHECK(outcome(head, wire, wire.size() / 2, 7) == whole);
    }
    const Outcome split = read(head, chunked(body, 200));
    CHECK(split.frames == Frames{one, two});
    // Malformed chunks end the body: nothing behind them can be relied on.
    const Outcome malformed = read(head, "5\r\n--b\r\nxyz" + part(one));
    CHECK(malformed.frames.empty());
    CHECK(!malformed.complete);
}

TEST_CASE("a body ends after its length, also within a part") {
    const std::string body = part(one) + part(two);
    const std::string_view type = "multipart/x-mixed-replace; boundary=b";
    const Outcome whole = read(with_length(type, body.size()), body + "HTTP/1.1 200 OK\r\n");
    CHECK(whole.frames == Frames{one, two});
    CHECK(whole.complete);
    CHECK(whole.unread == 17);
    const Outcome cut = read(with_length(type, body.size() - 10), body);
    CHECK(cut.frames == Frames{one});
    CHECK(cut.unread == 10);
    const Outcome empty = read(with_length(type, 0), body);
    CHECK(empty.frames.empty());
    CHECK(empty.complete);
}

TEST_CASE("an answer that is one picture of known length") {
    const Outcome whole = read(with_length("image/jpeg", one.size()), one + "HTTP");
    CHECK(whole.frames == Frames{one});
    CHECK(whole.single);
    CHECK(whole.complete);
    CHECK(whole.unread == 4);
    const Outcome cut = read(with_length("image/jpeg", one.size()), one.substr(0, 200));
    CHECK(cut.frames.empty());
    CHECK(cut.frames_seen == 0);
    CHECK(!cut.complete);
    const Outcome damaged = read(with_length("image/jpeg", 200), one.substr(0, 200));
    CHECK(damaged.frames.empty());
    CHECK(damaged.damaged == 1);
    CHECK(damaged.single);
    const std::string large = jpeg(2000);
    const Outcome oversized = read(with_length("image/jpeg", large.size()), large);
    CHECK(oversized.oversized == 1);
    CHECK(oversized.single);
    CHECK(oversized.complete);
    const Outcome empty = read(with_length("image/jpeg", 0), "");
    CHECK(empty.frames_seen == 0);
    CHECK(empty.complete);
}

TEST_CASE("an answer that is one picture of unknown length") {
    const std::string type = "Content-Type: image/jpeg\r\n";
    const Outcome closed = read(ok(type), one);
    CHECK(closed.frames == Frames{one});
    CHECK(closed.single);
    CHECK(closed.complete);
    const Outcome in_chunks = read(ok(type + "Transfer-Encoding: chunked\r\n"), chunked(one, 100));
    CHECK(in_chunks.frames == Frames{one});
    CHECK(in_chunks.single);
    CHECK(in_chunks.complete);
    const Outcome cut = read(ok(type), one.substr(0, 200));
    CHECK(cut.damaged == 1);
    CHECK(cut.single);
}

TEST_CASE("a run of JPEGs without any framing") {
    for (const std::string_view type : {"video/x-motion-jpeg", "image/jpeg"}) {
        const std::string header = fmt::format("Content-Type: {}\r\n", type);
        const Outcome run = read(ok(header), one + "\r\n" + two + three);
        CHECK(run.frames == Frames{one, two, three});
        CHECK(!run.single);
        const Outcome in_chunks =
            read(ok(header + "Transfer-Encoding: chunked\r\n"), chunked(one + two + three, 99));
        CHECK(in_chunks.frames == Frames{one, two, three});
        CHECK(!in_chunks.single);
    }
    const Outcome cut = read(ok(""), one + two.substr(0, 100));
    CHECK(cut.frames == Frames{one});
    CHECK(cut.damaged == 1);
}

TEST_CASE("frames are found in the bytes where the framing can't be relied on") {
    const std::string frame = "--b\r\nContent-Type: image/jpeg\r\n\r\n" + one + "\r\n";
    SECTION("a part has no length") {
        CHECK(read(multipart_head, frame + frame).frames == Frames{one, one});
    }
    SECTION("in chunks") {
        const std::string head = ok("Content-Type: multipart/x-mixed-replace; boundary=b\r\n"
                                    "Transfer-Encoding: chunked\r\n");
        CHECK(read(head, chunked(frame + frame, 77)).frames == Frames{one, one});
    }
    SECTION("there is no multipart at all") {
        CHECK(read(multipart_head, one + two).frames == Frames{one, two});
    }
    SECTION("a length is too short") {
        // The first frame is damaged, and then the rest of it is where a delimiter is expected.
        std::string wrong = part(one);
        const std::size_t at = wrong.find("Length: ") + 8;
        wrong.replace(at, 3, fmt::format("{}", one.size() - 5));
        const Outcome found = read(multipart_head, wrong + part(two) + part(three));
        CHECK(found.frames == Frames{two, three});
        CHECK(found.damaged == 1);
    }
    SECTION("a length is too long") {
        std::string wrong = part(one);
        const std::size_t at = wrong.find("Length: ") + 8;
        wrong.replace(at, 3, fmt::format("{}", one.size() + 7));
        const Outcome found = read(multipart_head, wrong + part(two) + part(three));
        CHECK(found.frames == Frames{one, two, three});
    }
    SECTION("the length is that of many frames") {
        const std::string head = "--b\r\nContent-Length: 99999999\r\n\r\n";
        const Outcome found = read(multipart_head, head + one + two);
        CHECK(found.frames == Frames{one, two});
        CHECK(found.oversized == 0);
    }
    SECTION("the length is that of several frames, and then again") {
        const std::string parts = one + "\r\n" + part(two) + part(two);
        const Outcome found = read(multipart_head, part(parts) + part(parts) + part(three));
        CHECK(found.frames == Frames{one, two, two, one, two, two, three});
        CHECK(found.damaged == 0);
    }
    SECTION("a frame does not end where its length says") {
        const std::string large = jpeg(2000);
        const Outcome found = read(multipart_head, part(large.substr(0, 1500)) + part(two));
        CHECK(found.frames == Frames{two});
        CHECK(found.damaged + found.oversized == 1);
        // Nothing of it is left when the next one is searched.
        const Outcome again =
            read(multipart_head, part(large.substr(0, 1500)) + part(two + two + two));
        CHECK(again.frames == Frames{two, two, two});
        CHECK(again.damaged + again.oversized == 1);
    }
}

TEST_CASE("a frame is received straight into its slot, and only what came before is moved") {
    AnswerBench bench;
    const std::string first = part(one);
    const std::size_t head_bytes = first.find("\r\n\r\n") + 4;
    bench.begin(multipart_head, first.substr(0, head_bytes + 20));
    CHECK(bench.counters.bytes_moved == 20);
    const auto receive = bench.reader.next_receive();
    REQUIRE(receive);
    CHECK(receive->all);
    CHECK(receive->into.size() == one.size() - 20);
    CHECK(bench.reader.frame_bytes() == one.size());
    bench.feed(std::string_view(first).substr(head_bytes + 20, one.size() - 20));
    CHECK(bench.sink.frames == Frames{one});
    CHECK(bench.counters.bytes_moved == 20);
    CHECK(bench.counters.reads == 1);
    CHECK(bench.reader.frame_bytes() == 0);

    // The read of the next head takes some of the frame with it.
    const std::string second = "\r\n" + part(two);
    const auto head = bench.reader.next_receive();
    REQUIRE(head);
    CHECK(!head->all);
    CHECK(head->into.size() == BodyReader::part_head_read_bytes);
    bench.feed(second);
    CHECK(bench.sink.frames == Frames{one, two});
    CHECK(bench.counters.reads == 4); // head, rest of the frame, line end
    const std::size_t with_head = BodyReader::part_head_read_bytes - (second.find("\r\n\r\n") + 4);
    CHECK(bench.counters.bytes_moved == 20 + with_head);
    CHECK(bench.counters.bytes == one.size() + two.size());
    CHECK(bench.counters.bytes_skipped == 0);
}

TEST_CASE("a receive of a whole frame may bring a part of it") {
    AnswerBench bench;
    const std::string body = part(one);
    const std::size_t head_bytes = body.find("\r\n\r\n") + 4;
    bench.begin(multipart_head, body.substr(0, head_bytes));
    bench.feed(std::string_view(body).substr(head_bytes, 100));
    const auto receive = bench.reader.next_receive();
    REQUIRE(receive);
    CHECK(receive->all);
    CHECK(receive->into.size() == one.size() - 100);
    bench.feed(std::string_view(body).substr(head_bytes + 100, one.size() - 100));
    CHECK(bench.sink.frames == Frames{one});
    CHECK(bench.counters.bytes_moved == 0);
}

TEST_CASE("no receive reaches beyond the body") {
    AnswerBench bench;
    bench.begin(with_length("image/jpeg", one.size()), one.substr(0, 30));
    const auto picture = bench.reader.next_receive();
    REQUIRE(picture);
    CHECK(picture->into.size() == one.size() - 30);
    bench.feed(std::string_view(one).substr(30));
    CHECK(bench.reader.complete());

    const std::string body = part(one);
    bench.begin(with_length("multipart/x-mixed-replace; boundary=b", 100), "");
    CHECK(bench.reader.next_receive()->into.size() == 100);
    bench.feed(std::string_view(body).substr(0, 99));
    CHECK(bench.reader.next_receive()->into.size() == 1);
    bench.feed("x");
    CHECK(bench.reader.complete());
    bench.begin(with_length("video/mjpeg", 100), "");
    CHECK(bench.reader.next_receive()->into.size() == 100);
}

TEST_CASE("pictures that say no signal are not published, and their reason is told") {
    const Outcome found = read(multipart_head, part(one) + no_signal(two, "the camera is in use") +
                                                   no_signal(three, "") + part(two));
    CHECK(found.frames == Frames{one, two});
    CHECK(found.without_signal == 2);
    CHECK(found.frames_seen == 2);
    CHECK(found.reasons ==
          std::vector<std::string>{"the camera is in use", "the upstream server has no picture"});
    // Also one that is larger than a frame may be.
    const Outcome large = read(multipart_head, no_signal(jpeg(3000), "x") + part(one));
    CHECK(large.frames == Frames{one});
    CHECK(large.oversized == 0);
}

TEST_CASE("an answer that is one picture may say no signal, or when it was captured") {
    const std::string says = "X-Ringcast-Signal: none\r\nX-Ringcast-Reason: in use\r\n";
    const std::string type = "Content-Type: image/jpeg\r\n";
    const std::string length = fmt::format("Content-Length: {}\r\n", one.size());
    const Outcome known = read(ok(type + length + says), one + "HTTP");
    CHECK(known.frames.empty());
    CHECK(known.frames_seen == 0);
    CHECK(known.without_signal == 1);
    CHECK(known.reasons == std::vector<std::string>{"in use"});
    CHECK(known.single);
    CHECK(known.complete);
    CHECK(known.unread == 4);
    const Outcome in_chunks =
        read(ok(type + "Transfer-Encoding: chunked\r\n" + says), chunked(one, 100));
    CHECK(in_chunks.frames.empty());
    CHECK(in_chunks.single);
    CHECK(in_chunks.complete);
    const Outcome closed = read(ok(type + says), one);
    CHECK(closed.frames.empty());
    CHECK(closed.single);
    CHECK(closed.reasons == std::vector<std::string>{"in use"});

    AnswerBench bench;
    bench.begin(ok(type + length + "X-Timestamp: 1699999999.5\r\n"), one);
    CHECK(bench.reader.clock() == "upstream");
    CHECK(bench.engine.wall_now() - bench.sink.infos.back().captured == 500ms);
    // A multipart answer says it in its parts.
    CHECK(read(ok("Content-Type: multipart/x-mixed-replace; boundary=b\r\n" + says), part(one))
              .frames == Frames{one});
}

TEST_CASE("the time without signal begins with the first picture that says so") {
    AnswerBench bench;
    bench.begin(multipart_head);
    CHECK(bench.reader.no_signal_since() == never);
    const Instant begin = bench.engine.now();
    bench.feed(no_signal(one, "x"));
    bench.engine.pass(1s);
    bench.feed(no_signal(one, "x"));
    CHECK(bench.reader.no_signal_since() == begin);
    bench.feed(part(one));
    CHECK(bench.reader.no_signal_since() == never);
    bench.feed(no_signal(one, "x"));
    CHECK(bench.reader.no_signal_since() == bench.engine.now());
    bench.reader.finish();

    SECTION("and ends with the body, if the next one is multipart") {
        bench.begin(multipart_head);
    }
    SECTION("and if it is not") {
        bench.begin(with_length("image/jpeg", one.size()));
    }
    SECTION("and if it is a run of JPEGs") {
        bench.begin(ok("Content-Type: video/mjpeg\r\n"));
    }
    CHECK(bench.reader.no_signal_since() == never);
}

TEST_CASE("the reason of an upstream server is not replaced by the silence that it explains") {
    AnswerBench bench;
    bench.begin(multipart_head);
    for (int second = 0; second < 10; ++second) {
        bench.feed(no_signal(one, "the camera is in use"));
        CHECK(bench.reader.deadline() == never);
        bench.engine.pass(1s);
        bench.reader.report_trouble(bench.engine.now());
    }
    for (const std::string& reason : bench.sink.reasons) {
        CHECK(reason == "the camera is in use");
    }
}

TEST_CASE("silence from the beginning is reported") {
    AnswerBench bench;
    bench.begin(multipart_head);
    CHECK(bench.reader.deadline() == bench.engine.now() + 5s);
    bench.engine.pass(5s);
    bench.reader.report_trouble(bench.engine.now());
    CHECK(bench.sink.reasons ==
          std::vector<std::string>{"no frames arrive from the upstream server"});
    CHECK(bench.reader.deadline() == never);
}

TEST_CASE("the capture time of a frame is its timestamp, if that is plausible") {
    AnswerBench bench;
    bench.begin(multipart_head);
    CHECK(bench.reader.clock().empty());
    const auto take = [&](Duration age) {
        const WallTime captured = bench.engine.wall_now() - age;
        const auto us =
            std::chrono::duration_cast<std::chrono::microseconds>(captured.time_since_epoch())
                .count();
        bench.feed(
            part(one, fmt::format("X-Timestamp: {}.{:06}\r\n", us / 1'000'000, us % 1'000'000)));
        const frame::FrameInfo& info = bench.sink.infos.back();
        // The header has microseconds, and a double less than that.
        const Duration told = bench.engine.wall_now() - info.captured;
        CHECK(bench.engine.now() - info.captured_at == told);
        return std::chrono::round<std::chrono::milliseconds>(told);
    };
    CHECK(take(40ms) == 40ms);
    CHECK(bench.reader.clock() == "upstream");
    CHECK(take(9999ms) == 9999ms);
    CHECK(bench.reader.clock() == "upstream");
    CHECK(take(10'001ms) == 0ms);
    CHECK(bench.reader.clock() == "arrival");
    // From a clock that is ahead: taken now.
    CHECK(take(-99ms) == 0ms);
    CHECK(bench.reader.clock() == "upstream");
    CHECK(take(-101ms) == 0ms);
    CHECK(bench.reader.clock() == "arrival");
    bench.feed(part(one));
    CHECK(bench.reader.clock() == "arrival");
    CHECK(bench.sink.infos.back().captured == bench.engine.wall_now());
}

TEST_CASE("a frame without timestamp is as old as its first byte") {
    AnswerBench bench;
    bench.begin(multipart_head);
    const std::string body = part(one);
    const Instant begin = bench.engine.now();
    bench.feed(std::string_view(body).substr(0, 100));
    bench.engine.pass(300ms);
    bench.feed(std::string_view(body).substr(100));
    CHECK(bench.sink.infos.back().captured_at == begin);
    CHECK(bench.engine.wall_now() - bench.sink.infos.back().captured == 300ms);
}

TEST_CASE("frames that are too large are skipped and counted, and the next one is found") {
    const Outcome found = read(multipart_head, part(one) + part(jpeg(2000)) + part(two));
    CHECK(found.frames == Frames{one, two});
    CHECK(found.oversized == 1);
    CHECK(found.frames_seen == 3);
    // The parts that follow are read as before.
    const Outcome later = read(multipart_head, part(jpeg(2000)) + no_signal(one, "x") + part(two));
    CHECK(later.frames == Frames{two});
    CHECK(later.without_signal == 1);
    AnswerBench bench(1024);
    bench.begin(multipart_head);
    bench.feed(part(jpeg(2000)) + part(one, "X-Timestamp: 1699999999.5\r\n"));
    CHECK(bench.reader.clock() == "upstream");
    CHECK(bench.sink.slots_with_source() == 0);
    // The largest that fits.
    const std::string largest = jpeg(1024 - jpeg(0).size());
    CHECK(read(multipart_head, part(largest)).frames == Frames{largest});
}

TEST_CASE("a frame that is found counts with at most the size that it may have") {
    AnswerBench bench(1024);
    bench.begin(ok("Content-Type: video/mjpeg\r\n"));
    const std::string large = jpeg(5000);
    bench.feed(large.substr(0, 500));
    CHECK(bench.reader.frame_bytes() == 500);
    bench.feed(large.substr(500, 4000));
    CHECK(bench.reader.frame_bytes() == 1024);
}

TEST_CASE("parts that are no pictures are skipped") {
    std::string text = part("hello", "");
    text.replace(text.find("image/jpeg"), 10, "text/plain");
    const Outcome found = read(multipart_head, text + part(one) + text + part(two));
    CHECK(found.frames == Frames{one, two});
    CHECK(found.frames_seen == 2);
    AnswerBench bench;
    bench.begin(multipart_head, text);
    CHECK(bench.counters.bytes_skipped == 5);
}

TEST_CASE("an empty part is a damaged frame") {
    const Outcome found = read(multipart_head, part("") + part(one));
    CHECK(found.frames == Frames{one});
    CHECK(found.damaged == 1);
}

TEST_CASE("a damaged frame is not published, and the next one is") {
    const Outcome found = read(multipart_head, part(one.substr(0, 100)) + part(two));
    CHECK(found.frames == Frames{two});
    CHECK(found.damaged == 1);
}

TEST_CASE("a frame for which there is no slot is dropped, and the next one is received") {
    AnswerBench bench;
    bench.sink.slots_withheld = true;
    bench.begin(multipart_head);
    bench.feed(part(one));
    CHECK(bench.counters.frames_dropped == 1);
    CHECK(bench.reader.frames_seen() == 1);
    bench.sink.slots_withheld = false;
    bench.feed(part(two));
    CHECK(bench.sink.frames == Frames{two});
    CHECK(bench.counters.frames_dropped == 1);
}

TEST_CASE("bytes in which frames have to be found wait for a slot") {
    AnswerBench bench;
    bench.sink.slots_withheld = true;
    bench.begin(ok("Content-Type: video/mjpeg\r\n"));
    CHECK(!bench.reader.next_receive());
    bench.sink.slots_withheld = false;
    bench.feed(one + two);
    CHECK(bench.sink.frames == Frames{one, two});
    bench.reader.finish();
    bench.reader.release();

    bench.sink.slots_withheld = true;
    bench.begin(ok("Transfer-Encoding: chunked\r\n"), chunked(one, 50).substr(0, 60));
    CHECK(bench.counters.frames_dropped > 0);
    CHECK(!bench.reader.next_receive());
    bench.reader.finish();
    CHECK(bench.sink.slots_with_source() == 0);
}

TEST_CASE("nothing behind damaged framing of a ringcast is taken for a frame") {
    const std::string damaged =
        part(one) + "damage\r\n" + no_signal(two, "unplugged") + part(three);
    const Outcome of_ringcast =
        read(ok("Content-Type: multipart/x-mixed-replace; boundary=frame\r\n"
                "X-Ringcast-Via: 0123456789abcdef\r\n"),
             damaged);
    CHECK(of_ringcast.frames == Frames{one});
    CHECK(!of_ringcast.complete);
    // Other servers send no such pictures, and some of them no valid framing.
    CHECK(read(multipart_head, damaged).frames == Frames{one, two, three});
}

TEST_CASE("nothing within a part of a ringcast that is too large is taken for a frame") {
    std::string wrong = part(one);
    const std::string length = std::to_string(one.size());
    wrong.replace(wrong.find(length), length.size(), "5000");
    const std::string text =
        wrong + no_signal(two, "unplugged") + part(jpeg(2000)) + part(jpeg(2000)) + part(three);
    const Outcome of_ringcast =
        read(ok("Content-Type: multipart/x-mixed-replace; boundary=frame\r\n"
                "X-Ringcast-Via: 0123456789abcdef\r\n"),
             text);
    CHECK(of_ringcast.frames.empty());
    CHECK(of_ringcast.oversized == 1);
    CHECK(read(multipart_head, text).frames.front() == one);
}

TEST_CASE("a reader begins anew with each body") {
    AnswerBench bench;
    bench.begin(multipart_head);
    bench.feed(part(one) + part(two).substr(0, 200));
    bench.reader.finish();
    CHECK(!bench.reader.complete());
    bench.reader.release();
    CHECK(bench.sink.slots_with_source() == 0);

    bench.begin(with_length("image/jpeg", two.size()), two);
    CHECK(bench.reader.complete());
    CHECK(bench.reader.single_picture());
    CHECK(bench.reader.frames_seen() == 1);
    bench.reader.release();

    bench.begin(multipart_head);
    CHECK(bench.reader.frames_seen() == 0);
    CHECK(!bench.reader.single_picture());
    bench.feed(part(three));
    CHECK(bench.sink.frames == Frames{one, two, three});
    CHECK(bench.reader.frames_seen() == 1);
}

} // namespace ringcast::upstream
