#include "draw/no_signal_picture.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "jpeg/inspect.hpp"
#include "jpeg/samples.hpp"

using namespace ringcast;
using namespace ringcast::test;
using draw::draw_no_signal;

namespace {

constexpr std::uint8_t bright = 100;

/// The extent of the text: a bounding box of bright pixels.
struct Extent {
    unsigned left = ~0U;
    unsigned top = ~0U;
    unsigned right = 0; ///< the last column
    unsigned bottom = 0;
    unsigned pixels = 0;
};

Extent bright_extent(const DecodedPicture& picture) {
    Extent extent;
    for (unsigned y = 0; y < picture.height; ++y) {
        for (unsigned x = 0; x < picture.width; ++x) {
            if (picture.rgb[3 * (std::size_t{y} * picture.width + x) + 1] >= bright) {
                extent.left = std::min(extent.left, x);
                extent.right = std::max(extent.right, x);
                extent.top = std::min(extent.top, y);
                extent.bottom = std::max(extent.bottom, y);
                ++extent.pixels;
            }
        }
    }
    return extent;
}

DecodedPicture drawn(std::string_view reason, int width, int height) {
    const auto decoded = decode_jpeg(draw_no_signal("", reason, width, height));
    REQUIRE(decoded.has_value());
    REQUIRE(decoded->width == static_cast<unsigned>(width));
    REQUIRE(decoded->height == static_cast<unsigned>(height));
    return *decoded;
}

} // namespace

TEST_CASE("a no-signal picture is a valid JPEG of the requested size", "[encode]") {
    struct Size {
        int width;
        int height;
    };
    for (const Size size :
         {Size{1, 1}, {16, 16}, {65, 67}, {320, 240}, {1279, 719}, {1920, 50}, {50, 1080}}) {
        INFO(size.width << " x " << size.height);
        const auto jpeg =
            draw_no_signal("printer", "the camera is unplugged", size.width, size.height);
        const auto info = jpeg::inspect(jpeg);
        REQUIRE(info.has_value());
        CHECK(info->width == size.width);
        CHECK(info->height == size.height);
        CHECK(info->bytes == jpeg.size());
    }
}

TEST_CASE("a picture beyond full HD is drawn smaller, with the same aspect ratio", "[encode]") {
    struct Sizes {
        int width;
        int height;
        int drawn_width;
        int drawn_height;
    };
    // The size in a frame's header is untrusted: this one means four gigabytes of pixels.
    for (const Sizes size : {Sizes{3840, 2160, 1920, 1080},
                             {1080, 1920, 607, 1080},
                             {65535, 65535, 1080, 1080},
                             {65535, 1, 1920, 180},
                             {1, 65535, 320, 1080},
                             {4000, 50, 1920, 180}}) {
        INFO(size.width << " x " << size.height);
        const auto decoded =
            decode_jpeg(draw_no_signal("printer", "input ended", size.width, size.height));
        REQUIRE(decoded.has_value());
        CHECK(decoded->width == static_cast<unsigned>(size.drawn_width));
        CHECK(decoded->height == static_cast<unsigned>(size.drawn_height));
        CHECK(bright_extent(*decoded).pixels > 100); // there is text
    }
}

TEST_CASE("a no-signal picture of size 0 by 0 is one pixel", "[encode]") {
    const auto info = jpeg::inspect(draw_no_signal("printer", "input ended", 0, 0));
    REQUIRE(info.has_value());
    CHECK(info->width == 1);
    CHECK(info->height == 1);
}

TEST_CASE("the text stays within the picture for a reason of any length", "[encode]") {
    std::string reason;
    for (int word = 0; word < 200; ++word) {
        reason += "and so on ";
    }
    reason += std::string(500, 'x');
    const DecodedPicture picture = drawn(reason, 640, 360);
    const Extent extent = bright_extent(picture);
    REQUIRE(extent.pixels > 0);
    CHECK(extent.left > 10);
    CHECK(extent.top > 5);
    CHECK(extent.right < 629);
    CHECK(extent.bottom < 354);
}

TEST_CASE("the reason is drawn below the title", "[encode]") {
    const Extent without = bright_extent(drawn("", 640, 360));
    const Extent with = bright_extent(drawn("input ended", 640, 360));
    CHECK(with.pixels > without.pixels);
    CHECK(with.bottom - with.top > without.bottom - without.top);
    // Centred, apart from the gap behind the last letter.
    CHECK(std::abs(static_cast<int>(with.left + with.right) - 639) < 20);
    CHECK(std::abs(static_cast<int>(without.top + without.bottom) - 359) < 60);
}

TEST_CASE("pictures of streams with different names differ", "[encode]") {
    CHECK(draw_no_signal("printer", "", 320, 240) != draw_no_signal("garden", "", 320, 240));
}
