#include "input/byte_stream.hpp"

#include <cerrno>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "jpeg/repair.hpp"
#include "jpeg/samples.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::Asked;
using test::FakeEngine;
using test::FakeSink;
using test::jpeg;
using test::LogCapture;
using namespace std::chrono_literals;

constexpr std::size_t frame_max = 100'000;
constexpr int some_fd = 7;
constexpr io::OpToken token{io::OpKind::source, 3, 1};

/// A byte stream between an engine and a sink, as in a source.
struct Bench {
    explicit Bench(std::uint16_t slot_count = 4) : sink(frame_max, slot_count) {
        stream.begin(sink, token, some_fd);
    }
    ~Bench() {
        stream.cancel();
        if (engine.find(Asked::read, token) != nullptr) {
            CHECK(stream.on_read(engine.answer(Asked::read, token, -ECANCELED)) ==
                  ByteStream::Outcome::cancelled);
        }
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;

    /// Feeds `bytes` by one read, or by as many as it takes.
    void feed(std::string_view bytes) {
        while (!bytes.empty()) {
            REQUIRE(stream.on_read(engine.answer_read(token, bytes)) ==
                    ByteStream::Outcome::goes_on);
        }
    }

    FakeEngine engine;
    source::SourceCounters counters;
    FakeSink sink;
    ByteStream stream{engine, counters, {"door", "the program"}};
};

} // namespace

TEST_CASE("a byte stream publishes a frame at its EOI, not at the next SOI") {
    Bench bench;
    const std::string frame = jpeg(1000, 'a', 320, 200);
    bench.feed(std::string_view(frame).substr(0, frame.size() - 1));
    CHECK(bench.sink.frames.empty());
    bench.engine.pass(40ms);
    bench.feed(std::string_view(frame).substr(frame.size() - 1));
    REQUIRE(bench.sink.frames.size() == 1);
    CHECK(bench.sink.frames[0] == frame);
    CHECK(bench.sink.infos[0].width == 320);
    CHECK(bench.sink.infos[0].height == 200);
    // Its time is that of the read that completed it.
    CHECK(bench.sink.infos[0].captured == bench.engine.wall);
    CHECK(bench.sink.infos[0].captured_at == bench.engine.monotonic);
    CHECK(bench.counters.reads == 2);
    CHECK(bench.counters.bytes == frame.size());
    CHECK(bench.counters.bytes_moved == 0);
}

TEST_CASE("a byte stream publishes the same frames however its bytes are split into reads") {
    std::mt19937 random(20240607); // NOLINT(cert-msc51-cpp): the same cuts each time
    std::vector<std::string> frames;
    std::string bytes;
    std::size_t junk_bytes = 0;
    for (std::size_t i = 0; i < 40; ++i) {
        const auto letter = static_cast<char>('a' + i % 26);
        frames.push_back(jpeg(random() % (i % 4 == 0 ? 90'000 : 3000), letter));
        const std::string junk = i % 3 == 0 ? std::string(random() % 500, '.') : "";
        junk_bytes += junk.size();
        bytes += junk + frames.back();
    }
    for (int round = 0; round < 20; ++round) {
        Bench bench;
        std::string_view rest = bytes;
        while (!rest.empty()) {
            const std::size_t piece_max = round == 0 ? 100'000 : 1 + random() % 30'000;
            const std::string_view piece = rest.substr(0, piece_max);
            rest.remove_prefix(piece.size());
            bench.feed(piece);
        }
        REQUIRE(bench.sink.frames == frames);
        CHECK(bench.counters.frames == frames.size());
        CHECK(bench.counters.bytes_skipped == junk_bytes);
        CHECK(bench.counters.frames_damaged == 0);
        CHECK(bench.sink.slots_with_source() == 1);
    }
}

TEST_CASE("little is moved for each frame when the producer is ahead") {
    Bench bench;
    const std::string frame = jpeg(50'000);
    std::string bytes;
    for (int i = 0; i < 30; ++i) {
        bytes += frame;
    }
    bench.feed(bytes);
    CHECK(bench.sink.frames.size() == 30);
    CHECK(bench.counters.bytes_moved > 0);
    // The end of the first frame can't be predicted; the next ones are of its size.
    CHECK(bench.counters.bytes_moved <=
          source::FrameAssembler::read_bytes_max + 29 * source::FrameAssembler::read_margin);
}

TEST_CASE("a frame that is a little larger than the last one takes one read") {
    Bench bench;
    bench.feed(jpeg(80'000));
    REQUIRE(bench.sink.frames.size() == 1);
    const std::uint64_t reads_before = bench.counters.reads;
    bench.feed(jpeg(90'000));
    CHECK(bench.sink.frames.size() == 2);
    CHECK(bench.counters.reads == reads_before + 1);
    bench.feed(jpeg(20'000));
    CHECK(bench.sink.frames.size() == 3);
    CHECK(bench.counters.reads == reads_before + 2);
}

TEST_CASE("all frames that one read brings are published, in order") {
    Bench bench;
    const std::string first = jpeg(10, 'a');
    const std::string second = jpeg(20, 'b');
    const std::string third = jpeg(30, 'c');
    bench.feed(first + second + third + "\xFF\xD8");
    CHECK(bench.counters.reads == 1);
    CHECK(bench.sink.frames == std::vector<std::string>{first, second, third});
}

TEST_CASE("bytes that are not part of a frame are skipped, counted, and logged once") {
    LogCapture log;
    Bench bench;
    const std::string frame = jpeg(100);
    const std::string junk(200'000, 'x');
    for (int i = 0; i < 3; ++i) {
        bench.feed(junk);
        bench.feed(frame);
    }
    CHECK(bench.sink.frames == std::vector<std::string>{frame, frame, frame});
    CHECK(bench.counters.bytes_skipped == 3 * junk.size());
    CHECK(log.count("are not JPEG") == 1);
    bench.engine.pass(LogThrottle::quiet_default);
    bench.feed(junk);
    CHECK(log.count("are not JPEG") == 2);
}

TEST_CASE("Huffman tables are inserted where they are missing, and good frames are not changed") {
    using ringcast::test::make_jpeg;
    Bench bench;
    const ringcast::test::Bytes whole = make_jpeg({.width = 64, .height = 48});
    const ringcast::test::Bytes bare = ringcast::test::without_huffman_tables(whole);
    const std::string good(as_text(whole));
    const std::string lacking(as_text(bare));
    bench.feed(lacking + good + "junk" + lacking);
    bench.feed(lacking);
    REQUIRE(bench.sink.frames.size() == 4);
    CHECK(bench.sink.frames[1] == good);
    for (const std::size_t repaired : {0U, 2U, 3U}) {
        const std::string& frame = bench.sink.frames[repaired];
        CHECK(frame.size() == lacking.size() + ringcast::jpeg::huffman_tables_bytes);
        CHECK(ringcast::test::decode_jpeg(as_bytes(frame))->rgb ==
              ringcast::test::decode_jpeg(whole)->rgb);
        CHECK(bench.sink.infos[repaired].width == 64);
    }
    // A frame at the beginning of the payload is extended into the headroom.
    CHECK(bench.sink.infos[3].jpeg_offset < bench.sink.arena().geometry().page);
    CHECK(bench.counters.frames == 4);
    CHECK(bench.counters.frames_repaired == 3);
    CHECK(bench.counters.bytes == 4 * lacking.size() + 3 * ringcast::jpeg::huffman_tables_bytes +
                                      good.size() - lacking.size());
    CHECK(bench.sink.reasons.empty());
}

TEST_CASE("a thumbnail does not reach viewers, and the frame behind it is found") {
    const std::string frame = jpeg(1000, 'a');
    const std::string thumbnail = jpeg(100, 't');
    std::string exif("\xFF\xE1", 2);
    exif += static_cast<char>((thumbnail.size() + 8) >> 8U);
    exif += static_cast<char>((thumbnail.size() + 8) & 0xFFU);
    exif += std::string("Exif\0\0", 6) + thumbnail;
    const std::string given = frame.substr(0, 2) + exif + frame.substr(2);
    for (const std::size_t read_size : {std::size_t{1}, std::size_t{50}, given.size()}) {
        Bench bench;
        const std::string bytes = given + jpeg(5, 'b') + given;
        for (std::size_t at = 0; at < bytes.size(); at += read_size) {
            bench.feed(std::string_view(bytes).substr(at, read_size));
        }
        CHECK(bench.sink.frames == std::vector<std::string>{frame, jpeg(5, 'b'), frame});
        CHECK(bench.counters.frames_repaired == 2);
        CHECK(bench.counters.bytes_skipped == 0);
    }
}

TEST_CASE("a truncated frame is skipped and counted, and the next one is good") {
    LogCapture log;
    Bench bench;
    const std::string frame = jpeg(5000);
    const std::string truncated = frame.substr(0, 3000);
    bench.feed(truncated + frame + truncated);
    bench.feed(truncated + frame);
    CHECK(bench.sink.frames == std::vector<std::string>{frame, frame});
    CHECK(bench.counters.frames_damaged == 3);
    CHECK(log.count("door: a damaged frame was skipped", LogLevel::warning) == 1);
}

TEST_CASE("an oversized frame is read, dropped and counted") {
    LogCapture log;
    Bench bench;
    const std::string good = jpeg(100);
    const std::string just_fits = jpeg(frame_max - jpeg(0).size());
    const std::string too_large = jpeg(frame_max - jpeg(0).size() + 1);
    const std::string huge = jpeg(10 * frame_max);
    REQUIRE(just_fits.size() == frame_max);
    bench.feed(just_fits + too_large + huge + good);
    CHECK(bench.sink.frames == std::vector<std::string>{just_fits, good});
    CHECK(bench.counters.frames_oversized == 2);
    CHECK(bench.sink.reasons.empty());
    CHECK(log.count("larger than frame_max", LogLevel::warning) == 1);
}

TEST_CASE("when no frame fits for two seconds the reason names the size and the setting") {
    Bench bench;
    const std::string huge = jpeg(1'468'000);
    bench.feed(jpeg(100));
    for (int i = 0; i < 3; ++i) {
        bench.engine.pass(900ms);
        bench.feed(huge);
        CHECK(bench.sink.reasons.size() == (i < 2 ? 0U : 1U));
    }
    CHECK(bench.sink.reasons.back() ==
          "frames of 1.5 MiB are larger than frame_max = 97.6 KiB: raise it in [memory]");
    bench.feed(huge);
    CHECK(bench.sink.reasons.size() == 1);
    // A good frame restores the signal, and the time starts again.
    bench.feed(jpeg(100));
    CHECK(bench.sink.frames.size() == 2);
    bench.engine.pass(1s);
    bench.feed(huge + huge);
    bench.engine.pass(999ms);
    bench.feed(huge);
    CHECK(bench.sink.reasons.size() == 1);
    bench.engine.pass(1ms);
    bench.feed(huge);
    CHECK(bench.sink.reasons.size() == 2);
}

TEST_CASE("a picture with more pixels than viewers can decode is skipped, counted and explained") {
    LogCapture log;
    Bench bench;
    bench.feed(jpeg(10, 'a') + jpeg(9000, 'b', 65500, 65500) + jpeg(10, 'c'));
    CHECK(bench.sink.frames == std::vector{jpeg(10, 'a'), jpeg(10, 'c')});
    CHECK(bench.counters.frames_damaged == 1);
    CHECK(bench.counters.bytes_skipped == 0);
    CHECK(log.count("stream door: a damaged frame was skipped: pictures of 65500x65500 are larger "
                    "than picture_max = 16384x16384: raise it in [memory]",
                    LogLevel::warning) == 1);
    for (int i = 0; i < 5; ++i) {
        bench.engine.pass(3s);
        bench.feed(jpeg(10, 'd', 12000, 9000));
    }
    CHECK(bench.sink.reasons == std::vector<std::string>{"pictures of 12000x9000 exceed 100 "
                                                         "megapixels, the most that is sent to "
                                                         "viewers"});
    CHECK(bench.counters.frames_damaged == 6);
}

TEST_CASE("a slow producer keeps its signal between two frames") {
    LogCapture log;
    Bench bench;
    const std::string headers = "\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";
    for (std::size_t i = 1; i <= 5; ++i) {
        // Headers of a part, and sometimes a damaged frame, arrive long before the good frame.
        bench.feed(headers);
        if (i % 2 == 0) {
            bench.engine.pass(20s);
            bench.feed(jpeg(500).substr(0, 100) + jpeg(100).substr(0, 100));
        }
        bench.feed(jpeg(100));
        CHECK(bench.sink.frames.size() == i);
        CHECK(bench.stream.deadline() == never);
        bench.engine.pass(60s);
        bench.stream.on_deadline(bench.engine.now());
    }
    CHECK(bench.sink.reasons.empty());
}

TEST_CASE("a producer that stops sending JPEG loses the signal, which is reported once") {
    Bench bench;
    bench.feed(jpeg(100));
    for (int i = 0; i < 20; ++i) {
        bench.engine.pass(500ms);
        bench.feed(std::string(1000, 'x'));
        CHECK(bench.sink.reasons.size() == (i < 9 ? 0U : 1U)); // 9 kB by then
    }
    CHECK(bench.sink.reasons == std::vector<std::string>{"the data from the program is not JPEG"});
}

TEST_CASE("a producer that sends only damaged frames loses the signal, which is reported once") {
    Bench bench;
    bench.feed(jpeg(100));
    for (int i = 0; i < 20; ++i) {
        bench.engine.pass(500ms);
        bench.feed(jpeg(500).substr(0, 100));
    }
    CHECK(bench.sink.reasons ==
          std::vector<std::string>{"only damaged frames arrive from the program"});
}

TEST_CASE("a producer that never sends anything loses the signal, which is reported once") {
    Bench bench;
    CHECK(bench.stream.deadline() == bench.engine.now() + source::SignalTrouble::silence_time_max);
    bench.engine.pass(source::SignalTrouble::silence_time_max - 1ms);
    bench.stream.on_deadline(bench.engine.now());
    CHECK(bench.sink.reasons.empty());
    bench.engine.pass(1ms);
    bench.stream.on_deadline(bench.engine.now());
    CHECK(bench.sink.reasons == std::vector<std::string>{"no frames arrive from the program"});
    CHECK(bench.stream.deadline() == never);
    // Data that arrives later is a more severe reason than silence.
    bench.feed("this is no picture");
    CHECK(bench.sink.reasons.back() == "the data from the program is not JPEG");
    bench.feed(jpeg(500).substr(0, 100) + jpeg(500).substr(0, 100));
    CHECK(bench.sink.reasons.back() == "only damaged frames arrive from the program");
    CHECK(bench.sink.reasons.size() == 3);
    bench.feed(jpeg(10));
    CHECK(bench.sink.frames.size() == 1);
    // From now on silence is judged by the stream, which knows the usual rate.
    CHECK(bench.stream.deadline() == never);
    bench.engine.pass(10 * source::SignalTrouble::silence_time_max);
    bench.stream.on_deadline(bench.engine.now());
    CHECK(bench.sink.reasons.size() == 3);
}

TEST_CASE("without a free slot, frames are dropped and reading continues") {
    LogCapture log;
    Bench bench;
    const std::string first = jpeg(40'000, 'a');
    const std::string second = jpeg(40'000, 'b');
    bench.sink.slots_withheld = true;
    bench.feed(first + first + second.substr(0, 5000));
    CHECK(bench.sink.frames.empty());
    CHECK(bench.counters.frames_dropped == 2);
    CHECK(bench.engine.find(Asked::read, token) != nullptr);
    CHECK(log.count("viewers hold every slot", LogLevel::warning) == 1);
    bench.sink.slots_withheld = false;
    bench.feed(second.substr(5000));
    CHECK(bench.sink.frames == std::vector<std::string>{second});
}

TEST_CASE("a stream that begins without a slot tries again and then reads") {
    FakeEngine engine;
    FakeSink sink(frame_max);
    source::SourceCounters counters;
    ByteStream stream(engine, counters, {"door", "the program"});
    sink.slots_withheld = true;
    stream.begin(sink, token, some_fd);
    CHECK(engine.operations.empty());
    // Also when a reason is overdue, it waits for the next attempt and does not spin.
    engine.pass(10s);
    stream.on_deadline(engine.now());
    CHECK(stream.deadline() == engine.now() + source::FrameAssembler::slot_retry_time);
    sink.slots_withheld = false;
    engine.pass(source::FrameAssembler::slot_retry_time);
    stream.on_deadline(engine.now());
    REQUIRE(engine.find(Asked::read, token) != nullptr);
    CHECK(engine.find(Asked::read, token)->fd == some_fd);
    stream.cancel();
    CHECK(stream.on_read(engine.answer(Asked::read, token, 10)) == ByteStream::Outcome::cancelled);
    CHECK(stream.idle());
    CHECK(sink.slots_with_source() == 0);
}

TEST_CASE("the end of input returns the slot and counts the truncated frame") {
    Bench bench;
    bench.feed(jpeg(100) + jpeg(100).substr(0, 50));
    CHECK(bench.stream.on_read(bench.engine.answer(Asked::read, token, 0)) ==
          ByteStream::Outcome::ended);
    CHECK(bench.stream.idle());
    CHECK(bench.stream.has_published());
    CHECK(bench.counters.frames_damaged == 1);
    CHECK(bench.sink.slots_with_source() == 0);
    CHECK(bench.stream.deadline() == never);
}

TEST_CASE("a read that fails ends the stream with its error") {
    Bench bench;
    CHECK(bench.stream.on_read(bench.engine.answer(Asked::read, token, -EIO)) ==
          ByteStream::Outcome::failed);
    CHECK(bench.stream.error_number() == EIO);
    CHECK(bench.stream.idle());
}

TEST_CASE("a non-blocking descriptor is waited for by a poll") {
    Bench bench;
    REQUIRE(bench.stream.on_read(bench.engine.answer(Asked::read, token, -EAGAIN)) ==
            ByteStream::Outcome::goes_on);
    CHECK(bench.engine.find(Asked::read, token) == nullptr);
    REQUIRE(bench.stream.on_read(bench.engine.answer(Asked::poll, token, 1)) ==
            ByteStream::Outcome::goes_on);
    bench.feed(jpeg(10));
    CHECK(bench.sink.frames.size() == 1);
    CHECK(bench.counters.reads == 1);
}

TEST_CASE("a cancelled stream ignores the data of a read that completed meanwhile") {
    Bench bench;
    bench.stream.cancel();
    bench.stream.cancel();
    CHECK(bench.engine.operations.size() == 2); // the read and one cancel
    std::string_view bytes = "late";
    CHECK(bench.stream.on_read(bench.engine.answer_read(token, bytes)) ==
          ByteStream::Outcome::cancelled);
    CHECK(bench.stream.idle());
    CHECK(bench.sink.slots_with_source() == 0);
}

} // namespace ringcast::input
