#include "jpeg/repair.hpp"

#include <algorithm>
#include <cstdio>

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>
#include <jpeglib.h>

#include "jpeg/exif.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;
using jpeg::Damage;

namespace {

constexpr std::size_t headroom = 4096;
constexpr std::size_t headroom_needed = 256;

/// Repairs a camera's frame in memory with headroom, and keeps the bytes from before.
struct Repair {
    Bytes given;
    Bytes memory;
    tl::expected<jpeg::RepairedFrame, jpeg::Fault> result;

    explicit Repair(const Bytes& camera_bytes, std::size_t room = headroom,
                    std::size_t needed = headroom_needed)
        : given(camera_bytes), memory(room, std::byte{0xA5}) {
        append(memory, given);
        before_ = memory;
        result = jpeg::repair_frame(memory, room, given.size(), needed);
    }

    [[nodiscard]] Bytes frame() const {
        REQUIRE(result.has_value());
        const ConstByteSpan bytes = ConstByteSpan(memory).subspan(result->offset, result->bytes);
        return {bytes.begin(), bytes.end()};
    }
    [[nodiscard]] bool nothing_written() const { return memory == before_; }

    /// Nothing was written in front of the frame, neither its old nor its new beginning, and
    /// nothing from its first scan on.
    void check_only_the_header_was_written() const {
        REQUIRE(result.has_value());
        const std::size_t front = std::min(result->offset, memory.size() - given.size());
        const std::size_t scan = result->offset + jpeg::inspect(frame())->scan_offset;
        const ConstByteSpan now(memory);
        const ConstByteSpan before(before_);
        CHECK(std::ranges::equal(now.first(front), before.first(front)));
        CHECK(std::ranges::equal(now.subspan(scan), before.subspan(scan)));
    }

private:
    Bytes before_;
};

/// The frame is `expected`, decodes to the same pixels as before, and needs no second repair.
void check_repaired(const Repair& repair, const Bytes& expected) {
    CHECK(repair.frame() == expected);
    CHECK(repair.result->changed);
    repair.check_only_the_header_was_written();
    const auto original = decode_jpeg(repair.given); // libjpeg-turbo supplies missing tables
    const auto repaired = decode_jpeg(repair.frame());
    REQUIRE(original.has_value());
    REQUIRE(repaired.has_value());
    CHECK(original->rgb == repaired->rgb);
    CHECK(repair.result->width == original->width);
    CHECK(repair.result->height == original->height);
    const Repair again(repair.frame());
    CHECK(again.frame() == repair.frame());
    CHECK(again.nothing_written());
}

void check_untouched(const Repair& repair, std::size_t frame_bytes) {
    REQUIRE(repair.result.has_value());
    CHECK(repair.nothing_written());
    CHECK(!repair.result->changed);
    CHECK(repair.result->offset == repair.memory.size() - repair.given.size());
    CHECK(repair.result->bytes == frame_bytes);
}

Bytes segment(int code, ConstByteSpan content) {
    const int length = static_cast<int>(content.size()) + 2;
    return joined({bytes_of({0xFF, code, length >> 8, length & 0xFF}), content});
}

/// `jpeg` with `segments` inserted right after its SOI.
Bytes with_first(const Bytes& jpeg, std::initializer_list<ConstByteSpan> segments) {
    return joined({ConstByteSpan(jpeg).first(2), joined(segments), ConstByteSpan(jpeg).subspan(2)});
}

/// The tables that libjpeg writes, merged into one segment.
Bytes standard_tables() {
    Bytes tables = bytes_of({0xFF, 0xC4, 0x01, 0xA2});
    const Bytes sample = make_jpeg({});
    std::size_t at = 2;
    while (sample[at + 1] != std::byte{0xDA}) {
        const std::size_t bytes = 2 + (std::to_integer<std::size_t>(sample[at + 2]) << 8U) +
                                  std::to_integer<std::size_t>(sample[at + 3]);
        if (sample[at + 1] == std::byte{0xC4}) {
            append(tables, ConstByteSpan(sample).subspan(at + 4, bytes - 4));
        }
        at += bytes;
    }
    return tables;
}

constexpr std::size_t jfif_bytes = 18; // libjpeg's APP0

/// `jpeg`, made by libjpeg, without its APP0, like a camera's.
Bytes without_jfif(const Bytes& jpeg) {
    return joined({ConstByteSpan(jpeg).first(2), ConstByteSpan(jpeg).subspan(2 + jfif_bytes)});
}

Bytes exif_with_thumbnail(unsigned seed = 7) {
    return segment(0xE1, joined({as_bytes("Exif"), bytes_of({0, 0}),
                                 make_jpeg({.width = 16, .height = 16, .seed = seed})}));
}

Damage damage_of(const Bytes& given) {
    const Repair repair(given);
    REQUIRE(!repair.result.has_value());
    CHECK(repair.nothing_written());
    return repair.result.error().damage;
}

} // namespace

TEST_CASE("a frame that needs no repair is not written to", "[jpeg]") {
    const std::vector<SampleOptions> kinds = {
        {},
        {.colour = Colour::grey},
        {.quality = 100, .colour = Colour::yuv444},
        {.progressive = true},
        {.restart_interval = 1},
        {.segments = {{JPEG_COM, joined({as_bytes("a comment")})}}},
        {.segments = {{JPEG_APP0 + 1, joined({as_bytes("Exif without a thumbnail")})}}},
        {.width = 1, .height = 1},
    };
    for (const SampleOptions& kind : kinds) {
        const Bytes frame = make_jpeg(kind);
        check_untouched(Repair(frame), frame.size());
    }
}

TEST_CASE("missing Huffman tables are inserted after JFIF, and the rest does not move", "[jpeg]") {
    for (const SampleOptions& kind :
         {SampleOptions{}, SampleOptions{.colour = Colour::grey},
          SampleOptions{.colour = Colour::yuv444}, SampleOptions{.restart_interval = 2}}) {
        const Bytes given = without_huffman_tables(make_jpeg(kind));
        const Repair repair(given);
        const ConstByteSpan bytes(given);
        check_repaired(repair, joined({bytes.first(2 + jfif_bytes), standard_tables(),
                                       bytes.subspan(2 + jfif_bytes)}));
        CHECK(repair.result->offset == headroom - jpeg::huffman_tables_bytes);
    }
}

TEST_CASE("missing Huffman tables are inserted right after SOI if there is no APP0", "[jpeg]") {
    const Bytes given = without_jfif(without_huffman_tables(make_jpeg({})));
    const ConstByteSpan bytes(given);
    check_repaired(Repair(given), joined({bytes.first(2), standard_tables(), bytes.subspan(2)}));
}

TEST_CASE("a USB camera's frame with AVI1 and padding gets tables and loses its padding",
          "[jpeg]") {
    const Bytes avi1 = segment(0xE0, joined({as_bytes("AVI1"), Bytes(10)}));
    const Bytes bare = without_jfif(without_huffman_tables(make_jpeg({})));
    const Bytes repaired = with_first(bare, {avi1, standard_tables()});
    for (const Bytes& padding :
         {Bytes{}, Bytes(1000), Bytes(1000, std::byte{0xFF}), make_jpeg({.seed = 9})}) {
        check_repaired(Repair(joined({with_first(bare, {avi1}), padding})), repaired);
    }
}

TEST_CASE("progressive and arithmetic-coded pictures get no tables", "[jpeg]") {
    const Bytes progressive = without_huffman_tables(make_jpeg({.progressive = true}));
    check_untouched(Repair(progressive), progressive.size());
    Bytes arithmetic = without_huffman_tables(make_jpeg({}));
    const std::size_t frame_header = 2 + jfif_bytes + 2 * 69;
    REQUIRE(arithmetic[frame_header + 1] == std::byte{0xC0});
    arithmetic[frame_header + 1] = std::byte{0xC9};
    check_untouched(Repair(arithmetic), arithmetic.size());
}

TEST_CASE("padding after a good frame is cut off without writing", "[jpeg]") {
    const Bytes frame = make_jpeg({});
    const Bytes old_frame = make_jpeg({.width = 40, .height = 40, .seed = 3});
    const ConstByteSpan old_rest = ConstByteSpan(old_frame).subspan(old_frame.size() / 2);
    for (const Bytes& padding : {bytes_of({0}), Bytes(5000), Bytes(5000, std::byte{0xFF}),
                                 joined({old_rest}), bytes_of({0xFF, 0xD9, 0xFF, 0xD8})}) {
        check_untouched(Repair(joined({frame, padding})), frame.size());
    }
}

TEST_CASE("a thumbnail is removed wherever it is in the header", "[jpeg]") {
    const Bytes plain = make_jpeg({});
    const ConstByteSpan bytes(plain);
    const Bytes exif = exif_with_thumbnail();
    const Bytes fill = bytes_of({0xFF, 0xFF});
    // JFIF then EXIF, EXIF first, with fill bytes, and right before the first scan.
    check_repaired(Repair(joined({bytes.first(2 + jfif_bytes), exif, bytes.subspan(20)})), plain);
    check_repaired(Repair(with_first(plain, {exif})), plain);
    check_repaired(Repair(with_first(plain, {fill, exif})), plain);
    const std::size_t scan = jpeg::inspect(plain)->scan_offset;
    check_repaired(Repair(joined({bytes.first(scan), exif, bytes.subspan(scan)})), plain);
}

TEST_CASE("all thumbnails are removed, and the segments between them are kept", "[jpeg]") {
    const Bytes plain = make_jpeg({.restart_interval = 1});
    const Bytes comment = segment(0xFE, as_bytes("stays"));
    const Bytes short_exif = segment(0xE1, as_bytes("Exif without a thumbnail"));
    const Bytes trap = segment(0xFE, bytes_of({1, 0xFF, 0xD8}));
    const Bytes trap_at_the_end = segment(0xE2, bytes_of({0xFF, 0xFF, 0xD9}));
    const Bytes given =
        with_first(plain, {exif_with_thumbnail(1), comment, exif_with_thumbnail(2),
                           exif_with_thumbnail(3), trap, short_exif, trap_at_the_end});
    check_repaired(Repair(given), with_first(plain, {comment, short_exif}));
}

TEST_CASE("a frame without tables and with thumbnails is repaired in one pass", "[jpeg]") {
    const Bytes bare = without_huffman_tables(make_jpeg({}));
    const ConstByteSpan bytes(bare);
    const Bytes jfif = joined({bytes.subspan(2, jfif_bytes)});
    const Bytes rest = joined({bytes.subspan(2 + jfif_bytes)});
    const Bytes comment = segment(0xFE, as_bytes("stays"));
    const Bytes exif = exif_with_thumbnail();
    const Bytes tables = standard_tables();
    const ConstByteSpan soi = bytes.first(2);
    check_repaired(Repair(joined({soi, jfif, exif, rest})), joined({soi, jfif, tables, rest}));
    check_repaired(Repair(joined({soi, exif, jfif, rest})), joined({soi, jfif, tables, rest}));
    check_repaired(Repair(joined({soi, jfif, exif, comment, exif, rest})),
                   joined({soi, jfif, tables, comment, rest}));
    check_repaired(Repair(joined({soi, comment, exif, jfif, rest})),
                   joined({soi, tables, comment, jfif, rest}));
    // Removing a thumbnail larger than the tables makes room for them, so no headroom is needed.
    CHECK(Repair(joined({soi, jfif, exif, rest}), 0, 0).result->offset ==
          exif.size() - tables.size());
}

TEST_CASE("a rotated picture keeps its orientation when its thumbnail is removed", "[jpeg]") {
    const Bytes bare = without_jfif(without_huffman_tables(make_jpeg({})));
    const Bytes plain = make_jpeg({});
    constexpr std::uint8_t turned = 6;
    Bytes orientation(jpeg::orientation_segment_bytes);
    jpeg::write_orientation_segment(orientation, turned);
    const ConstByteSpan content = ConstByteSpan(orientation).subspan(4);
    const Bytes thumbnail = make_jpeg({.width = 16, .height = 16});
    const Bytes exif = segment(0xE1, joined({content, thumbnail}));
    const Bytes fill = bytes_of({0xFF, 0xFF});
    check_repaired(Repair(with_first(plain, {exif})), with_first(plain, {orientation}));
    check_repaired(Repair(with_first(plain, {fill, exif, exif_with_thumbnail(), exif})),
                   with_first(plain, {orientation, orientation}));
    check_repaired(Repair(with_first(bare, {exif})),
                   with_first(bare, {standard_tables(), orientation}));
    // A segment that is only two bytes longer than the one that replaces it.
    check_repaired(
        Repair(with_first(plain, {segment(0xE1, joined({content, bytes_of({0xFF, 0xD9})}))})),
        with_first(plain, {orientation}));
    // Without a thumbnail the segment is left alone.
    const Bytes untouched = with_first(plain, {segment(0xE1, joined({content, Bytes(100)}))});
    check_untouched(Repair(untouched), untouched.size());
}

TEST_CASE("a segment is removed when its length field looks like an SOI", "[jpeg]") {
    const Bytes plain = make_jpeg({});
    const Bytes large = segment(0xE1, Bytes(0xFFD8 - 2));
    check_repaired(Repair(with_first(plain, {large})), plain);
}

TEST_CASE("segments that tell decoders the colour space are never removed", "[jpeg]") {
    const Bytes plain = make_jpeg({});
    const Bytes adobe =
        segment(0xEE, joined({as_bytes("Adobe"), bytes_of({0, 0x64, 0xFF, 0xD8, 0, 0, 1})}));
    const Bytes jfxx = segment(0xE0, bytes_of({0xFF, 0xD8, 0xFF, 0xD9}));
    for (const Bytes& kept : {adobe, jfxx}) {
        const Bytes frame = with_first(plain, {kept});
        check_untouched(Repair(frame), frame.size());
    }
}

TEST_CASE("a frame truncated at any byte is rejected", "[jpeg]") {
    const Bytes whole = make_jpeg({.width = 16, .height = 16, .restart_interval = 1});
    for (const Bytes& frame :
         {whole, without_huffman_tables(whole), with_first(whole, {exif_with_thumbnail()}),
          make_jpeg({.width = 16, .height = 16, .progressive = true})}) {
        for (std::size_t length = 0; length < frame.size(); ++length) {
            INFO("cut to " << length << " bytes");
            const Repair repair(
                Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length)));
            REQUIRE(!repair.result.has_value());
            REQUIRE(repair.nothing_written());
            REQUIRE(repair.result.error() ==
                    (length < 3 ? Damage::beginning_missing : Damage::end_missing));
        }
    }
}

TEST_CASE("a frame with damage in the middle is rejected with the reason", "[jpeg]") {
    const Bytes frame = without_huffman_tables(make_jpeg({}));
    const std::size_t data = jpeg::inspect(frame)->scan_offset + 14;
    const auto damaged = [&](std::initializer_list<int> bytes) {
        Bytes copy = frame;
        std::ranges::copy(bytes_of(bytes), copy.begin() + static_cast<std::ptrdiff_t>(data + 20));
        return copy;
    };
    CHECK(damage_of(damaged({0xFF, 0xD8})) == Damage::next_frame_began);
    CHECK(damage_of(damaged({0xFF, 0x01})) == Damage::marker_wrong);
    CHECK(damage_of(damaged({0xFF, 0xFE, 0, 1})) == Damage::segment_malformed);
    CHECK(damage_of(Bytes(100)) == Damage::beginning_missing);
    CHECK(damage_of(joined({bytes_of({0, 0, 0, 0}), frame})) == Damage::beginning_missing);
    CHECK(damage_of(bytes_of({0xFF, 0xD8, 0xFF, 0xD9})) == Damage::scan_missing);
    // A camera lost the end of one frame, so the next begins within it.
    CHECK(damage_of(joined({ConstByteSpan(frame).first(data + 30), frame})) ==
          Damage::next_frame_began);
    CHECK(jpeg::describe(Damage::beginning_missing) == "it does not begin with SOI (FF D8 FF)");
    CHECK(jpeg::describe(Damage::end_missing) == "its end (EOI) is missing");
}

TEST_CASE("a frame is left unchanged when the tables do not fit into the headroom", "[jpeg]") {
    const Bytes frame = without_huffman_tables(make_jpeg({}));
    constexpr std::size_t enough = headroom_needed + jpeg::huffman_tables_bytes;
    CHECK(Repair(frame, enough).result->offset == headroom_needed);
    const Repair refused(frame, enough - 1);
    REQUIRE(!refused.result.has_value());
    CHECK(refused.result.error() == Damage::no_room);
    CHECK(refused.nothing_written());
    CHECK(jpeg::describe(Damage::no_room) ==
          "not enough room in front of it for the missing Huffman tables");
    // A good frame that begins too close to the front is rejected for the same reason.
    CHECK(Repair(make_jpeg({}), headroom_needed - 1).result.error() == Damage::no_room);
    CHECK(Repair(make_jpeg({}), headroom_needed).result.has_value());
}

TEST_CASE("repair_header gives a frame found in a stream the same header as repair_frame",
          "[jpeg]") {
    const Bytes given = with_first(without_huffman_tables(make_jpeg({})), {exif_with_thumbnail()});
    const Bytes junk = joined({as_bytes("junk")});
    Bytes memory = joined({Bytes(headroom), junk, given, junk});
    const ConstByteSpan payload = ConstByteSpan(memory).subspan(headroom);
    jpeg::FrameScanner scanner(payload.size());
    const jpeg::ScanResult found = scanner.scan(payload);
    REQUIRE(found.outcome == jpeg::ScanOutcome::frame);
    const auto repaired =
        jpeg::repair_header(memory, headroom + found.offset, found, headroom_needed);
    REQUIRE(repaired.has_value());
    const ConstByteSpan bytes = ConstByteSpan(memory).subspan(repaired->offset, repaired->bytes);
    CHECK(Bytes(bytes.begin(), bytes.end()) == Repair(given).frame());
}

TEST_CASE("benchmark: repairing frames", "[.bench]") {
    Bytes memory(headroom);
    const Bytes frame = make_jpeg({.width = 1280, .height = 720, .quality = 60});
    append(memory, frame);
    std::printf("a frame of %zu bytes\n", frame.size());
    BENCHMARK("examine one good frame") {
        return jpeg::repair_frame(memory, headroom, frame.size(), headroom_needed)->bytes;
    };
}
