#include "encode/band_encoder.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_samples.hpp"
#include "jpeg/samples.hpp"

namespace ringcast::encode {

namespace {

using ringcast::test::Bytes;
using test::decode_planes;
using test::make_picture;
using test::OwnedPicture;
using test::Samples;

constexpr std::array all_formats = {PixelFormat::yuv420, PixelFormat::yvu420, PixelFormat::nv12,
                                    PixelFormat::nv21,   PixelFormat::yuyv,   PixelFormat::uyvy,
                                    PixelFormat::rgb,    PixelFormat::bgr,    PixelFormat::rgbx,
                                    PixelFormat::bgrx,   PixelFormat::grey};

struct Size {
    int width;
    int height;
};

bool same_samples(ConstByteSpan one, ConstByteSpan other) {
    const auto first = decode_planes(one);
    const auto second = decode_planes(other);
    return first.has_value() && second.has_value() &&
           std::ranges::equal(*first, *second, [](const Samples& left, const Samples& right) {
               return left.values == right.values;
           });
}

bool same_pixels(ConstByteSpan one, ConstByteSpan other) {
    const auto first = ringcast::test::decode_jpeg(one);
    const auto second = ringcast::test::decode_jpeg(other);
    return first.has_value() && second.has_value() && first->rgb == second->rgb;
}

} // namespace

TEST_CASE("a JPEG made by several workers decodes to the same pixels as one made by a single "
          "worker") {
    RawEncoder alone;
    Bytes wanted(1024UL * 1024UL);
    Bytes memory(1024UL * 1024UL);
    for (const int workers : {1, 2, 3, 4, 11}) {
        BandEncoder together(workers);
        for (const PixelFormat format : all_formats) {
            for (const Size size : {Size{1, 1}, {17, 33}, {64, 64}, {161, 121}, {320, 240}}) {
                const OwnedPicture made = make_picture({format, size.width, size.height, 6});
                const int quality = 60 + 3 * workers;
                const auto bytes = alone.encode(made.picture, {quality, 0, 0}, wanted);
                const BandEncoder::Encoded encoded = together.encode(made.picture, quality, memory);
                REQUIRE(bytes.has_value());
                REQUIRE(encoded.bytes.has_value());
                const ConstByteSpan one = ConstByteSpan(wanted).first(*bytes);
                const ConstByteSpan joined = ConstByteSpan(memory).first(*encoded.bytes);
                if (!same_pixels(one, joined) ||
                    (layout_of(format).component_count > 0 && !same_samples(one, joined))) {
                    FAIL("format " << static_cast<int>(format) << ", " << size.width << " x "
                                   << size.height << ", " << workers << " workers");
                }
                CHECK((encoded.bytes_moved > 0) == (workers > 1 && size.height > 16));
            }
        }
    }
}

TEST_CASE("a single worker produces the same bytes as RawEncoder") {
    RawEncoder alone;
    BandEncoder one(1);
    Bytes wanted(100'000);
    Bytes memory(100'000);
    const OwnedPicture made = make_picture({PixelFormat::uyvy, 99, 77});
    const auto bytes = alone.encode(made.picture, {70, 0, 0}, wanted);
    const BandEncoder::Encoded encoded = one.encode(made.picture, 70, memory);
    REQUIRE(encoded.bytes == bytes);
    CHECK(encoded.bytes_moved == 0);
    CHECK(std::equal(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(*bytes),
                     wanted.begin()));
}

TEST_CASE("a JPEG that does not fit, in any band, is reported, and the next picture is encoded") {
    BandEncoder encoder(3);
    Bytes memory(1024UL * 1024UL);
    const OwnedPicture made = make_picture({PixelFormat::yuv420, 96, 96});
    const auto whole = encoder.encode(made.picture, 100, memory).bytes;
    REQUIRE(whole.has_value());
    const Bytes wanted(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(*whole));
    for (std::size_t room = 0; room < *whole; room += 1 + *whole / 200) {
        const ByteSpan behind = ByteSpan(memory).subspan(room, 64);
        std::ranges::fill(behind, std::byte{0xA5});
        const auto encoded = encoder.encode(made.picture, 100, ByteSpan(memory).first(room));
        REQUIRE(!encoded.bytes.has_value());
        REQUIRE(encoded.bytes_moved == 0);
        REQUIRE(std::ranges::all_of(behind, [](std::byte b) { return b == std::byte{0xA5}; }));
    }
    REQUIRE(encoder.encode(made.picture, 100, memory).bytes == whole);
    CHECK(std::equal(wanted.begin(), wanted.end(), memory.begin()));
}

TEST_CASE("an invalid picture is rejected before it is read") {
    BandEncoder encoder(2);
    Bytes memory(100'000);
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 64});
    RawPicture broken = made.picture;
    broken.planes[1].bytes = {};
    CHECK(!encoder.encode(broken, 80, memory).bytes.has_value());
    CHECK(encoder.encode(made.picture, 80, memory).bytes.has_value());
}

TEST_CASE("one processor of several is left for the loop, and the number of workers is limited") {
    CHECK(encode_workers_for(0) == 1); // the number of processors is unknown
    CHECK(encode_workers_for(1) == 1);
    CHECK(encode_workers_for(2) == 1);
    CHECK(encode_workers_for(4) == 3);
    CHECK(encode_workers_for(64) == 4);
}

} // namespace ringcast::encode
