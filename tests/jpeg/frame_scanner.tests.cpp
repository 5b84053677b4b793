#include "jpeg/frame_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <jpeglib.h>

#include "jpeg/chunked_scan.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;
using jpeg::Damage;
using jpeg::ScanOutcome;

namespace {

constexpr std::size_t plenty = 1024UL * 1024UL;

ScanLog scan_whole(ConstByteSpan stream, std::size_t frame_bytes_max = plenty) {
    const std::array chunks = {stream.size()};
    return scan_in_chunks(stream, frame_bytes_max, chunks, true);
}

void check_frames(const ScanLog& log, std::initializer_list<Bytes> frames) {
    REQUIRE(log.events.size() == frames.size());
    std::size_t index = 0;
    for (const Bytes& frame : frames) {
        INFO("frame " << index);
        CHECK(log.events[index].outcome == ScanOutcome::frame);
        CHECK(log.events[index].frame == frame);
        ++index;
    }
}

/// Segments from which the tests build frames.
Bytes frame_header(int height, int width) {
    return bytes_of({0xFF, 0xC0, 0, 11, 8, height >> 8, height & 0xFF, width >> 8, width & 0xFF, 1,
                     1, 0x11, 0});
}
Bytes scan_header() {
    return bytes_of({0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0});
}
const Bytes soi = bytes_of({0xFF, 0xD8});
const Bytes eoi = bytes_of({0xFF, 0xD9});

Damage damage_of(ConstByteSpan stream) {
    const ScanLog log = scan_whole(stream);
    REQUIRE(!log.events.empty());
    REQUIRE(log.events[0].outcome == ScanOutcome::damaged);
    return log.events[0].damage;
}

} // namespace

TEST_CASE("a frame is complete at its EOI, without waiting for more bytes", "[jpeg]") {
    const Bytes frame = make_jpeg({.width = 67, .height = 41});
    const ScanLog log = scan_whole(frame);
    check_frames(log, {frame});
    CHECK(log.events[0].width == 67);
    CHECK(log.events[0].height == 41);
    CHECK(log.bytes_skipped == 0);
}

TEST_CASE("frames of every kind are found in one stream", "[jpeg]") {
    const Bytes thumbnail = make_jpeg({.width = 16, .height = 16});
    const Bytes exif = joined({as_bytes("Exif"), bytes_of({0, 0}), thumbnail});
    const std::vector<SampleOptions> kinds = {
        {.colour = Colour::grey},
        {.quality = 100, .colour = Colour::yuv444},
        {.progressive = true},
        {.restart_interval = 1},
        {.progressive = true, .restart_interval = 2},
        {.segments = {{JPEG_APP0 + 1, exif}}},
        {.segments = {{JPEG_COM, bytes_of({0xFF, 0xD8, 0xFF, 0xD9})}}},
        {.segments = {{JPEG_COM, {}}}},
        {.width = 1, .height = 1, .quality = 1},
        {.width = 640, .height = 480, .quality = 95},
    };
    Bytes stream;
    std::vector<Bytes> frames;
    for (const SampleOptions& kind : kinds) {
        frames.push_back(make_jpeg(kind));
        append(stream, frames.back());
    }
    const ScanLog log = scan_whole(stream);
    REQUIRE(log.events.size() == frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
        INFO("kind " << i);
        CHECK(log.events[i].frame == frames[i]);
        CHECK(log.events[i].width == kinds[i].width);
        CHECK(log.events[i].height == kinds[i].height);
    }
    CHECK(log.bytes_skipped == 0);
}

TEST_CASE("the frames found do not depend on where reads end", "[jpeg]") {
    const Bytes small = make_jpeg({.width = 8, .height = 8, .colour = Colour::grey});
    const Bytes with_restarts = make_jpeg(
        {.width = 24, .height = 24, .restart_interval = 1, .segments = {{JPEG_APP0 + 1, small}}});
    const Bytes truncated(with_restarts.begin(), with_restarts.end() - 40);
    const Bytes stream = joined({as_bytes("junk"), small, truncated, with_restarts,
                                 bytes_of({0xFF, 0xFF}), small, bytes_of({0xFF, 0xD8})});
    const std::size_t largest = with_restarts.size();
    const ScanLog whole = scan_whole(stream, largest);
    CHECK(whole.count(ScanOutcome::frame) == 3);
    CHECK(whole.count(ScanOutcome::damaged) == 1);
    for (std::size_t first = 1; first < stream.size(); ++first) {
        const std::array halves = {first, stream.size() - first};
        REQUIRE(scan_in_chunks(stream, largest, halves, true) == whole);
    }
    for (const std::size_t size : {1U, 2U, 3U, 7U, 64U, 1000U}) {
        const std::array chunks = {size};
        CHECK(scan_in_chunks(stream, largest, chunks, true) == whole);
        CHECK(scan_in_chunks(stream, largest, chunks, false) == whole);
    }
}

TEST_CASE("a frame truncated in its data does not affect the next one", "[jpeg]") {
    const Bytes cut = make_jpeg({.width = 16, .height = 16, .seed = 1});
    const Bytes next = make_jpeg({.width = 16, .height = 16, .seed = 2});
    constexpr std::size_t scan_header_bytes = 14;
    const std::size_t data_begins = jpeg::inspect(cut)->scan_offset + scan_header_bytes;
    for (std::size_t length = data_begins; length < cut.size(); ++length) {
        INFO("cut to " << length << " bytes");
        const ScanLog log = scan_whole(joined({ConstByteSpan(cut).first(length), next}));
        REQUIRE(log.events.size() == 2);
        CHECK(log.events[0].damage == Damage::next_frame_began);
        CHECK(log.events[0].bytes == length);
        CHECK(log.events[1].frame == next);
    }
}

TEST_CASE("a frame truncated in its header hides no more than its last segment's length",
          "[jpeg]") {
    const Bytes cut = make_jpeg({.width = 16, .height = 16, .seed = 1});
    const Bytes next = make_jpeg({.width = 16, .height = 16, .seed = 2});
    const Bytes last = make_jpeg({.width = 16, .height = 16, .seed = 3});
    constexpr std::size_t segment_bytes_max = 2 + 65535;
    Bytes following;
    while (following.size() < segment_bytes_max) {
        append(following, next);
    }
    append(following, last);
    append(following, last);
    const std::size_t data_begins = jpeg::inspect(cut)->scan_offset;
    for (std::size_t length = 3; length < data_begins; ++length) {
        INFO("cut to " << length << " bytes");
        const Bytes stream = joined({ConstByteSpan(cut).first(length), following});
        jpeg::FrameScanner scanner(plenty);
        std::size_t damaged = 0;
        jpeg::ScanResult newest;
        for (auto found = scanner.scan(stream); found.outcome != ScanOutcome::need_more;
             found = scanner.scan(stream)) {
            damaged += found.outcome == ScanOutcome::damaged ? 1 : 0;
            newest = found;
        }
        // None when the hidden bytes happen to end at a marker that may follow: then the truncated
        // frame looks whole.
        CHECK(damaged <= 1);
        CHECK(newest.outcome == ScanOutcome::frame);
        CHECK(std::ranges::equal(ConstByteSpan(stream).subspan(newest.offset, newest.bytes), last));
    }
}

TEST_CASE("bytes between frames are skipped and counted", "[jpeg]") {
    const Bytes frame = make_jpeg({});
    const Bytes noise = bytes_of({0xFF, 0xD9, 0, 0xFF, 0xD8, 0, 0xFF, 0xFF, 0x0D, 0x0A});
    const ScanLog log = scan_whole(joined({noise, frame, noise, noise, frame, as_bytes("bye")}));
    check_frames(log, {frame, frame});
    CHECK(log.bytes_skipped == 3 * noise.size() + 3);
}

TEST_CASE("fill bytes are accepted before any marker", "[jpeg]") {
    const Bytes fill = bytes_of({0xFF, 0xFF, 0xFF});
    const Bytes data = bytes_of({1, 2, 0xFF, 0, 3});
    const Bytes restart = bytes_of({0xFF, 0xD0});
    const Bytes frame = joined(
        {soi, fill, frame_header(8, 8), fill, scan_header(), data, fill, restart, data, fill, eoi});
    check_frames(scan_whole(frame), {frame});
}

TEST_CASE("segments between scans belong to the frame", "[jpeg]") {
    const Bytes line_count = bytes_of({0xFF, 0xDC, 0, 4, 0, 8});
    const Bytes comment = bytes_of({0xFF, 0xFE, 0, 6, 0xFF, 0xD9, 0xFF, 0xD8});
    const Bytes frame = joined({soi, frame_header(8, 8), scan_header(), bytes_of({1}), line_count,
                                comment, scan_header(), bytes_of({2}), eoi});
    check_frames(scan_whole(frame), {frame});
}

TEST_CASE("a damaged frame is reported with its reason", "[jpeg]") {
    const Bytes data = bytes_of({1, 2, 3});
    CHECK(damage_of(joined({soi, frame_header(8, 8), scan_header(), data, soi,
                            frame_header(8, 8)})) == Damage::next_frame_began);
    CHECK(damage_of(joined({soi, frame_header(8, 8), data})) == Damage::marker_missing);
    CHECK(damage_of(joined({soi, frame_header(8, 8), scan_header(), data,
                            bytes_of({0xFF, 0x01})})) == Damage::marker_wrong);
    CHECK(damage_of(joined({soi, bytes_of({0xFF, 0xD0, 0, 0})})) == Damage::marker_wrong);
    CHECK(damage_of(joined({soi, frame_header(8, 8), frame_header(8, 8)})) == Damage::marker_wrong);
    CHECK(damage_of(joined({soi, bytes_of({0xFF, 0xFE, 0, 1})})) == Damage::segment_malformed);
    CHECK(damage_of(joined({soi, bytes_of({0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 3})})) ==
          Damage::segment_malformed);
    CHECK(damage_of(joined({soi, scan_header()})) == Damage::size_missing);
    CHECK(damage_of(joined({soi, frame_header(0, 8)})) == Damage::size_zero);
    CHECK(damage_of(joined({soi, frame_header(8, 0)})) == Damage::size_zero);
    CHECK(damage_of(joined({soi, frame_header(8, 8), eoi})) == Damage::scan_missing);
}

TEST_CASE("a frame without size or data does not inherit them from the frame before", "[jpeg]") {
    const Bytes whole = make_jpeg({});
    const ScanLog without_data = scan_whole(joined({whole, soi, frame_header(8, 8), eoi}));
    REQUIRE(without_data.events.size() == 2);
    CHECK(without_data.events[1].damage == Damage::scan_missing);
    const ScanLog without_size = scan_whole(joined({whole, soi, scan_header(), eoi}));
    REQUIRE(without_size.events.size() == 2);
    CHECK(without_size.events[1].damage == Damage::size_missing);
}

TEST_CASE("a frame larger than the region is skipped and measured, and the next one is found",
          "[jpeg]") {
    const Bytes large = make_jpeg(
        {.width = 200, .height = 150, .quality = 95, .segments = {{JPEG_APP0 + 2, Bytes(5000)}}});
    const Bytes small = make_jpeg({.width = 16, .height = 16});
    const std::size_t frame_bytes_max = small.size() + 100;
    REQUIRE(large.size() > 10 * frame_bytes_max);
    const Bytes truncated(large.begin(), large.end() - 1000);
    const Bytes stream = joined({small, large, small, truncated, small, large});
    for (const std::size_t chunk : {1U, 50U, 333U, 4096U}) {
        const std::array chunks = {chunk};
        const ScanLog log = scan_in_chunks(stream, frame_bytes_max, chunks, false);
        REQUIRE(log.events.size() == 6);
        CHECK(log.events[0].frame == small);
        CHECK(log.events[1].outcome == ScanOutcome::oversized);
        CHECK(log.events[1].bytes == large.size());
        CHECK(log.events[1].width == 200);
        CHECK(log.events[2].frame == small);
        CHECK(log.events[3].damage == Damage::next_frame_began);
        CHECK(log.events[4].frame == small);
        CHECK(log.events[5].outcome == ScanOutcome::oversized);
        CHECK(log.bytes_skipped == 0);
    }
}

TEST_CASE("a frame of exactly frame_bytes_max is accepted, one byte more is oversized", "[jpeg]") {
    const Bytes frame = make_jpeg({});
    const std::array chunks = {std::size_t{100}};
    CHECK(scan_in_chunks(frame, frame.size(), chunks, false).count(ScanOutcome::frame) == 1);
    CHECK(scan_in_chunks(frame, frame.size() - 1, chunks, false).count(ScanOutcome::oversized) ==
          1);
}

TEST_CASE("a picture with more pixels than allowed is damaged, and the next frame good", "[jpeg]") {
    const jpeg::PictureLimit limit{16384, 12000};
    const Bytes next = make_jpeg({});
    const auto scanned = [&](int width, int height) {
        // A thumbnail behind the frame header is not taken for a frame either.
        Bytes stream = joined({soi, frame_header(height, width),
                               bytes_of({0xFF, 0xE1, 0, 6, 0xFF, 0xD8, 0xFF, 0xDB}), scan_header(),
                               bytes_of({1, 2, 3}), eoi});
        const std::size_t bytes = stream.size();
        test::append(stream, next);
        jpeg::FrameScanner scanner(plenty, limit);
        const jpeg::ScanResult found = scanner.scan(stream);
        CHECK(found.bytes == bytes);
        if (found.outcome == ScanOutcome::damaged) {
            CHECK(found.fault() == jpeg::Fault(Damage::picture_too_large,
                                               static_cast<std::uint16_t>(width),
                                               static_cast<std::uint16_t>(height)));
            const jpeg::ScanResult second = scanner.scan(stream);
            CHECK(second.outcome == ScanOutcome::frame);
            CHECK(second.offset == bytes);
            CHECK(scanner.bytes_skipped() == 0);
        }
        return found.outcome;
    };
    CHECK(scanned(16384, 6103) == ScanOutcome::frame); // 99,991,552 pixels
    CHECK(scanned(16384, 6104) == ScanOutcome::damaged);
    CHECK(scanned(16385, 1) == ScanOutcome::damaged);
    CHECK(scanned(1, 12000) == ScanOutcome::frame);
    CHECK(scanned(1, 12001) == ScanOutcome::damaged);
    CHECK(scanned(65500, 65500) == ScanOutcome::damaged);
    CHECK(scanned(65535, 65535) == ScanOutcome::damaged);
}

TEST_CASE("a scanner reports the pending bytes of a frame and forgets them on reset", "[jpeg]") {
    const Bytes frame = make_jpeg({});
    jpeg::FrameScanner scanner(plenty);
    CHECK(!scanner.in_frame());
    REQUIRE(scanner.scan(ConstByteSpan(frame).first(200)).outcome == ScanOutcome::need_more);
    CHECK(scanner.in_frame());
    CHECK(scanner.pending_bytes() == 200);
    CHECK(scanner.discardable() == 0);
    scanner.reset();
    CHECK(!scanner.in_frame());
    CHECK(scanner.pending_bytes() == 0);
    CHECK(scanner.scan(frame).outcome == ScanOutcome::frame);
}

TEST_CASE("benchmark: scanning frames", "[.bench]") {
    const Bytes frame = make_jpeg({.width = 1280, .height = 720, .quality = 60});
    std::printf("a frame of %zu bytes\n", frame.size());
    BENCHMARK("scan one frame") {
        jpeg::FrameScanner scanner(frame.size());
        return scanner.scan(frame).bytes;
    };
}
