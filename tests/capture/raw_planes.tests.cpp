#include "capture/raw_planes.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "config/keys.hpp"

namespace ringcast::capture {

namespace {

using encode::PixelFormat;

std::vector<std::byte> memory(std::size_t bytes) {
    return std::vector<std::byte>(bytes);
}

} // namespace

TEST_CASE("the encoder supports every raw format of the configuration") {
    for (const std::string_view name : config::camera_format_names()) {
        CAPTURE(name);
        CHECK(pixel_format(name).has_value() == (name != "auto" && name != "MJPEG"));
    }
}

TEST_CASE("libcamera's formats are mapped to the encoder's formats with the same memory layout") {
    CHECK(pixel_format("YUV420") == PixelFormat::yuv420);
    CHECK(pixel_format("NV12") == PixelFormat::nv12);
    CHECK(pixel_format("NV21") == PixelFormat::nv21);
    CHECK(pixel_format("YUYV") == PixelFormat::yuyv);
    CHECK(pixel_format("UYVY") == PixelFormat::uyvy);
    CHECK(pixel_format("R8") == PixelFormat::grey);
    // libcamera names the components of a little-endian word.
    CHECK(pixel_format("BGR888") == PixelFormat::rgb);
    CHECK(pixel_format("RGB888") == PixelFormat::bgr);
    CHECK(pixel_format("XRGB8888") == PixelFormat::bgrx);
    CHECK(pixel_format("XBGR8888") == PixelFormat::rgbx);
}

TEST_CASE("planes that follow each other are located by the first one's stride") {
    auto bytes = memory(128 * 48 * 3 / 2);
    const ByteSpan plane(bytes);
    const auto planar = raw_picture(PixelFormat::yuv420, {100, 48}, 128, {&plane, 1});
    REQUIRE(planar.has_value());
    CHECK(planar->width == 100);
    CHECK(planar->planes[0].stride == 128);
    CHECK(planar->planes[1].stride == 64);
    CHECK(planar->planes[1].bytes.data() == bytes.data() + 128 * 48);
    CHECK(planar->planes[2].bytes.data() == bytes.data() + 128 * 48 + 64 * 24);
    const auto half_planar = raw_picture(PixelFormat::nv12, {100, 48}, 128, {&plane, 1});
    REQUIRE(half_planar.has_value());
    CHECK(half_planar->planes[1].stride == 128);
    CHECK(half_planar->planes[1].bytes.data() == bytes.data() + 128 * 48);
}

TEST_CASE("separate planes are used as they are") {
    auto luma = memory(128 * 48);
    auto blue = memory(64 * 24);
    auto red = memory(64 * 24);
    const std::vector<ByteSpan> planes{luma, blue, red};
    const auto picture = raw_picture(PixelFormat::yuv420, {128, 48}, 128, planes);
    REQUIRE(picture.has_value());
    CHECK(picture->planes[2].bytes.data() == red.data());
    CHECK(picture->planes[2].stride == 64);
}

TEST_CASE("formats of one plane have one stride") {
    auto bytes = memory(256 * 48);
    const ByteSpan plane(bytes);
    CHECK(raw_picture(PixelFormat::yuyv, {128, 48}, 256, {&plane, 1})->planes[0].stride == 256);
    CHECK(raw_picture(PixelFormat::grey, {256, 48}, 256, {&plane, 1}).has_value());
}

TEST_CASE("planes that are too small for the picture are refused") {
    auto bytes = memory(128 * 48);
    const ByteSpan plane(bytes);
    CHECK_FALSE(raw_picture(PixelFormat::yuv420, {128, 48}, 128, {&plane, 1}).has_value());
    CHECK_FALSE(raw_picture(PixelFormat::yuyv, {128, 48}, 256, {&plane, 1}).has_value());
    CHECK_FALSE(raw_picture(PixelFormat::grey, {128, 48}, 64, {&plane, 1}).has_value());
    CHECK_FALSE(raw_picture(PixelFormat::grey, {128, 48}, 128, {}).has_value());
}

} // namespace ringcast::capture
