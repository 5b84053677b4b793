#include "encode/colour_transform.hpp"

#include <array>
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_samples.hpp"

namespace ringcast::encode {

namespace {

using test::Pixel;
using test::yuv_of;

std::uint8_t rounded(double value) {
    return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

} // namespace

TEST_CASE("every colour is converted to within two steps of its exact JPEG value") {
    for (const ColourRange range : {ColourRange::full, ColourRange::limited}) {
        for (const ColourMatrix matrix : {ColourMatrix::bt601, ColourMatrix::bt709}) {
            const ColourTransform transform(range, matrix);
            for (int colour = 0; colour < 16 * 16 * 16; ++colour) {
                const Pixel pixel{17.0 * (colour & 15), 17.0 * (colour >> 4 & 15),
                                  17.0 * (colour >> 8)};
                const auto from = yuv_of(pixel, range, matrix);
                const auto wanted = yuv_of(pixel, ColourRange::full, ColourMatrix::bt601);
                std::array<std::uint8_t, 2> luma = {rounded(from[0]), rounded(from[0])};
                std::array<std::uint8_t, 1> blue = {rounded(from[1])};
                std::array<std::uint8_t, 1> red = {rounded(from[2])};
                transform.transform_luma(luma, blue, red);
                transform.transform_colour(blue, red);
                const bool near = std::abs(luma[0] - wanted[0]) <= 2 && luma[0] == luma[1] &&
                                  std::abs(blue[0] - wanted[1]) <= 2 &&
                                  std::abs(red[0] - wanted[2]) <= 2;
                if (!near) {
                    FAIL("colour " << colour << ", range " << static_cast<int>(range) << ", matrix "
                                   << static_cast<int>(matrix));
                }
            }
        }
    }
}

TEST_CASE("grey stays grey, black becomes 0, white becomes 255, and values beyond them are "
          "clamped") {
    for (const ColourMatrix matrix : {ColourMatrix::bt601, ColourMatrix::bt709}) {
        const ColourTransform transform(ColourRange::limited, matrix);
        std::array<std::uint8_t, 6> luma = {0, 15, 16, 235, 240, 255};
        const std::array<std::uint8_t, 3> neutral = {128, 128, 128};
        auto alone = luma;
        transform.transform_luma(luma, neutral, neutral);
        CHECK(luma == std::array<std::uint8_t, 6>{0, 0, 0, 255, 255, 255});
        transform.transform_luma(alone);
        CHECK(alone == luma);
        auto blue = neutral;
        auto red = neutral;
        transform.transform_colour(blue, red);
        CHECK(blue == neutral);
        CHECK(red == neutral);
    }
}

TEST_CASE("full range BT.601 is the identity") {
    CHECK(ColourTransform::is_identity(ColourRange::full, ColourMatrix::bt601));
    CHECK(!ColourTransform::is_identity(ColourRange::limited, ColourMatrix::bt601));
    CHECK(!ColourTransform::is_identity(ColourRange::full, ColourMatrix::bt709));
    const ColourTransform transform(ColourRange::full, ColourMatrix::bt601);
    for (int value = 0; value < 256; ++value) {
        const auto sample = static_cast<std::uint8_t>(value);
        const auto opposite = static_cast<std::uint8_t>(255 - value);
        std::array<std::uint8_t, 2> luma = {sample, opposite};
        std::array<std::uint8_t, 1> blue = {opposite};
        std::array<std::uint8_t, 1> red = {sample};
        transform.transform_luma(luma, blue, red);
        transform.transform_colour(blue, red);
        CHECK(luma == std::array<std::uint8_t, 2>{sample, opposite});
        CHECK(blue[0] == opposite);
        CHECK(red[0] == sample);
    }
}

} // namespace ringcast::encode
