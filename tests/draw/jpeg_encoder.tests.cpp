#include "draw/jpeg_encoder.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <catch2/catch_test_macros.hpp>

#include "jpeg/inspect.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::draw;
using namespace ringcast::test;

namespace {

const jpeg::Stamp stamp{7, WallTime(Duration(1'700'000'000'000'000'123)), 0};

Picture gradient(int width, int height) {
    Picture picture(width, height);
    for (int y = 0; y < picture.padded_height(); y += 2) {
        for (int x = 0; x < picture.padded_width(); x += 2) {
            fill(picture, {x, y, 2, 2}, rgb(x % 256, y % 256, (x + y) / 2 % 256));
        }
    }
    return picture;
}

/// The worst case for the size of a JPEG.
Picture noise(int width, int height) {
    std::mt19937 random(5);
    Picture picture(width, height);
    for (int y = 0; y < picture.padded_height(); ++y) {
        std::ranges::generate(picture.row(Channel::luma, y),
                              [&random] { return static_cast<std::uint8_t>(random() & 0xFFU); });
    }
    return picture;
}

/// Peak signal-to-noise ratio of decoded pixels against the picture's luma, decibels.
double luma_psnr(const Picture& picture, const DecodedPicture& decoded) {
    double squares = 0;
    for (unsigned y = 0; y < decoded.height; ++y) {
        for (unsigned x = 0; x < decoded.width; ++x) {
            const std::uint8_t* pixel = &decoded.rgb[3 * (std::size_t{y} * decoded.width + x)];
            const double luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
            const double error = luma - picture.row(Channel::luma, static_cast<int>(y))[x];
            squares += error * error;
        }
    }
    const double mean = squares / (double{1} * decoded.width * decoded.height);
    return 10 * std::log10(255.0 * 255.0 / std::max(mean, 1e-9));
}

} // namespace

TEST_CASE("an encoded picture decodes to what was drawn, at odd sizes too", "[encode]") {
    struct Size {
        int width;
        int height;
    };
    JpegEncoder encoder;
    Bytes memory(1024UL * 1024UL);
    for (const Size size : {Size{64, 64}, {65, 67}, {1, 1}, {16, 15}, {17, 1}, {321, 241}}) {
        INFO(size.width << " x " << size.height);
        const Picture picture = gradient(size.width, size.height);
        const auto bytes = encoder.encode(picture, 90, stamp, memory);
        REQUIRE(bytes.has_value());
        const ConstByteSpan jpeg = ConstByteSpan(memory).first(*bytes);
        const auto info = jpeg::inspect(jpeg);
        REQUIRE(info.has_value());
        CHECK(info->width == size.width);
        CHECK(info->height == size.height);
        CHECK(info->bytes == *bytes);
        CHECK(info->has_huffman_tables);
        const auto decoded = decode_jpeg(jpeg);
        REQUIRE(decoded.has_value());
        CHECK(luma_psnr(picture, *decoded) > 30);
    }
}

TEST_CASE("a stamp is directly behind SOI, with the right checksum", "[encode]") {
    JpegEncoder encoder;
    Bytes memory(100'000);
    const auto bytes = encoder.encode(gradient(64, 64), 80, stamp, memory);
    REQUIRE(bytes.has_value());
    const ConstByteSpan jpeg = ConstByteSpan(memory).first(*bytes);
    const auto read = jpeg::read_stamp(jpeg);
    REQUIRE(read.has_value());
    CHECK(read->sequence == stamp.sequence);
    CHECK(read->captured == stamp.captured);
    CHECK(read->crc == jpeg::stamp_checksum(jpeg));
}

TEST_CASE("without a stamp the JPEG is shorter by the stamp's length", "[encode]") {
    JpegEncoder encoder;
    Bytes memory(100'000);
    const Picture picture = gradient(64, 64);
    const auto with = encoder.encode(picture, 80, stamp, memory);
    const auto without = encoder.encode(picture, 80, std::nullopt, memory);
    REQUIRE(with.has_value());
    REQUIRE(without.has_value());
    CHECK(*with == *without + jpeg::stamp_bytes);
    CHECK(!jpeg::read_stamp(ConstByteSpan(memory).first(*without)));
}

TEST_CASE("a higher quality takes more bytes and has less error", "[encode]") {
    JpegEncoder encoder;
    Bytes memory(1024UL * 1024UL);
    const Picture picture = noise(160, 120);
    std::size_t bytes_before = 0;
    double psnr_before = 0;
    for (const int quality : {1, 30, 80, 100}) {
        const auto bytes = encoder.encode(picture, quality, stamp, memory);
        REQUIRE(bytes.has_value());
        const auto decoded = decode_jpeg(ConstByteSpan(memory).first(*bytes));
        REQUIRE(decoded.has_value());
        const double psnr = luma_psnr(picture, *decoded);
        CHECK(*bytes > bytes_before);
        CHECK(psnr > psnr_before);
        bytes_before = *bytes;
        psnr_before = psnr;
    }
}

TEST_CASE("a JPEG that does not fit is reported, and nothing behind the span is written",
          "[encode]") {
    constexpr std::byte canary{0xA5};
    constexpr std::size_t canary_bytes = 8192;
    JpegEncoder encoder;
    const Picture picture = noise(48, 48);
    Bytes memory(1024UL * 1024UL);
    const auto whole = encoder.encode(picture, 100, stamp, memory);
    REQUIRE(whole.has_value());
    for (std::size_t room = 0; room <= *whole + 2; ++room) {
        std::ranges::fill(ByteSpan(memory).subspan(room, canary_bytes), canary);
        const auto bytes = encoder.encode(picture, 100, stamp, ByteSpan(memory).first(room));
        const ConstByteSpan behind = ConstByteSpan(memory).subspan(room, canary_bytes);
        const bool untouched = std::ranges::all_of(behind, [](std::byte b) { return b == canary; });
        if (!untouched || bytes.has_value() != (room > *whole)) {
            FAIL("with room for " << room << " bytes");
        }
    }
    // The encoder can be used again.
    CHECK(encoder.encode(picture, 100, stamp, memory) == whole);
}
