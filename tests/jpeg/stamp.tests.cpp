#include "jpeg/stamp.hpp"

#include <chrono>

#include <catch2/catch_test_macros.hpp>

#include "jpeg/inspect.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;
using jpeg::Stamp;

namespace {

const Stamp example{42, WallTime(Duration(1'700'000'000'123'456'789)), 0xDEADBEEF};

/// `jpeg` with room for a stamp after its SOI.
Bytes with_room(const Bytes& jpeg) {
    Bytes result = jpeg;
    result.insert(result.begin() + 2, jpeg::stamp_bytes, std::byte{0});
    return result;
}

} // namespace

TEST_CASE("a stamp is written in the documented format", "[jpeg]") {
    Bytes segment(jpeg::stamp_bytes + 1, std::byte{0x5A});
    jpeg::write_stamp(segment, example);
    CHECK(Bytes(segment.begin(), segment.begin() + 4) == bytes_of({0xFF, 0xFE, 0, 63}));
    CHECK(as_text(ConstByteSpan(segment).subspan(4, 61)) ==
          "ringcast seq=0000000042 time=1700000000123456789 crc=deadbeef");
    CHECK(segment.back() == std::byte{0x5A});
}

TEST_CASE("a stamp can be read back, and the picture is still valid", "[jpeg]") {
    Bytes picture = with_room(make_jpeg({}));
    Stamp stamp = example;
    stamp.crc = jpeg::stamp_checksum(picture);
    jpeg::write_stamp(ByteSpan(picture).subspan(2), stamp);
    CHECK(jpeg::read_stamp(picture) == stamp);
    CHECK(jpeg::inspect(picture).has_value());
    CHECK(decode_jpeg(picture).has_value());
}

TEST_CASE("a stamp with the smallest or largest values has the same length", "[jpeg]") {
    for (const Stamp stamp :
         {Stamp{0, WallTime{}, 0}, Stamp{9'999'999'999, WallTime(Duration::max()), ~0U}}) {
        Bytes picture = with_room(make_jpeg({}));
        jpeg::write_stamp(ByteSpan(picture).subspan(2), stamp);
        CHECK(jpeg::read_stamp(picture) == stamp);
    }
}

TEST_CASE("a time before the epoch is stamped as the epoch", "[jpeg]") {
    for (const WallTime captured : {WallTime(Duration(-1)), WallTime::min()}) {
        Bytes picture = with_room(make_jpeg({}));
        jpeg::write_stamp(ByteSpan(picture).subspan(2), {7, captured, 0});
        CHECK(jpeg::read_stamp(picture) == Stamp{7, WallTime{}, 0});
    }
}

TEST_CASE("a changed byte changes the checksum", "[jpeg]") {
    Bytes picture = with_room(make_jpeg({}));
    const std::uint32_t before = jpeg::stamp_checksum(picture);
    picture[picture.size() / 2] ^= std::byte{1};
    CHECK(jpeg::stamp_checksum(picture) != before);
}

TEST_CASE("a segment that is not a valid stamp is not read as one", "[jpeg]") {
    Bytes picture = with_room(make_jpeg({}));
    jpeg::write_stamp(ByteSpan(picture).subspan(2), example);
    CHECK(!jpeg::read_stamp({}));
    CHECK(!jpeg::read_stamp(make_jpeg({})));
    CHECK(!jpeg::read_stamp(ConstByteSpan(picture).first(2 + jpeg::stamp_bytes - 1)));
    // Every byte of the segment is checked: digits must be digits, all others are fixed.
    for (std::size_t at = 0; at < 2 + jpeg::stamp_bytes; ++at) {
        Bytes changed = picture;
        changed[at] = std::byte{'~'};
        INFO("byte " << at);
        CHECK(!jpeg::read_stamp(changed));
    }
    Bytes sign = picture;
    sign[2 + 4 + 13 + 10 + 6] = std::byte{'-'};
    CHECK(!jpeg::read_stamp(sign));
}
