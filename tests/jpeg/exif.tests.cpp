#include "jpeg/exif.hpp"

#include <catch2/catch_test_macros.hpp>

#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;

namespace {

const Bytes exif = joined({as_bytes("Exif"), bytes_of({0, 0})});
const Bytes little = joined({exif, bytes_of({'I', 'I', 42, 0, 8, 0, 0, 0})});
const Bytes big = joined({exif, bytes_of({'M', 'M', 0, 42, 0, 0, 0, 8})});

int orientation_of(ConstByteSpan content) {
    return jpeg::read_orientation(content);
}

} // namespace

TEST_CASE("the orientation is read in both byte orders", "[jpeg]") {
    CHECK(orientation_of(
              joined({little, bytes_of({1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0})})) == 6);
    CHECK(orientation_of(joined({big, bytes_of({0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 8, 0, 0})})) ==
          8);
}

TEST_CASE("the orientation is found after other fields, wherever the directory is", "[jpeg]") {
    const Bytes other = bytes_of({1, 0x0F, 0, 2, 0, 0, 0, 4, 'a', 'b', 'c', 0});
    const Bytes field = bytes_of({1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0});
    CHECK(orientation_of(joined({big, bytes_of({0, 2}), other, field})) == 3);
    const Bytes far_off = joined({exif, bytes_of({'M', 'M', 0, 42, 0, 0, 0, 13}), Bytes(5)});
    CHECK(orientation_of(joined({far_off, bytes_of({0, 1}), field})) == 3);
}

TEST_CASE("a segment without a valid orientation means upright", "[jpeg]") {
    const auto with_field = [](std::initializer_list<int> field) {
        return orientation_of(joined({big, bytes_of({0, 1}), bytes_of(field)}));
    };
    CHECK(orientation_of({}) == jpeg::upright);
    CHECK(orientation_of(as_bytes("http://ns.adobe.com/xap/1.0/")) == jpeg::upright);
    CHECK(orientation_of(exif) == jpeg::upright);
    CHECK(orientation_of(big) == jpeg::upright);
    CHECK(with_field({1, 0x0F, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0}) == jpeg::upright); // another tag
    CHECK(with_field({1, 0x12, 0, 4, 0, 0, 0, 1, 0, 6, 0, 0}) == jpeg::upright); // another type
    CHECK(with_field({1, 0x12, 0, 3, 0, 0, 0, 2, 0, 6, 0, 0}) == jpeg::upright); // two values
    CHECK(with_field({1, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0}) == jpeg::upright);
    CHECK(with_field({1, 0x12, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0}) == jpeg::upright);
    CHECK(with_field({1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0}) == jpeg::upright); // cut
    const Bytes out_of_bounds = bytes_of({'M', 'M', 0, 42, 0xFF, 0xFF, 0xFF, 0xFF});
    CHECK(orientation_of(joined({exif, out_of_bounds})) == jpeg::upright);
}

TEST_CASE("a written segment contains its orientation and has the announced length", "[jpeg]") {
    for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
        Bytes segment(jpeg::orientation_segment_bytes + 1, std::byte{0xA5});
        jpeg::write_orientation_segment(segment, orientation);
        CHECK(Bytes(segment.begin(), segment.begin() + 4) == bytes_of({0xFF, 0xE1, 0, 34}));
        CHECK(segment.back() == std::byte{0xA5});
        segment.pop_back();
        CHECK(orientation_of(ConstByteSpan(segment).subspan(4)) == orientation);
    }
}
