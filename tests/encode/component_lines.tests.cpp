#include "encode/component_lines.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_samples.hpp"

namespace ringcast::encode {

namespace {

using test::make_picture;
using test::OwnedPicture;
using test::Samples;
using test::scene_samples;

/// The beginning of a plane's line.
const std::uint8_t* line_of(const RawPicture& picture, std::size_t plane, std::size_t line) {
    return reinterpret_cast<const std::uint8_t*>(picture.planes[plane].bytes.data()) +
           line * picture.planes[plane].stride;
}

} // namespace

TEST_CASE("lines of whole blocks are used in place") {
    const OwnedPicture made = make_picture({PixelFormat::yuv420, 48, 32, 5});
    ComponentLines lines;
    REQUIRE(lines.begin(made.picture));
    lines.gather(16, 16);
    for (std::size_t i = 0; i < 16; ++i) {
        CHECK(lines.lines(0)[i] == line_of(made.picture, 0, 16 + i));
    }
    for (std::size_t i = 0; i < 8; ++i) {
        CHECK(lines.lines(1)[i] == line_of(made.picture, 1, 8 + i));
        CHECK(lines.lines(2)[i] == line_of(made.picture, 2, 8 + i));
    }
}

TEST_CASE("lines that end within a block are padded with their last sample") {
    for (const PixelFormat format : {PixelFormat::nv21, PixelFormat::uyvy, PixelFormat::yvu420}) {
        const OwnedPicture made = make_picture({format, 21, 16, 3});
        ComponentLines lines;
        REQUIRE(lines.begin(made.picture));
        lines.gather(0, 8);
        for (std::size_t i = 0; i < 3; ++i) {
            const Samples wanted = scene_samples(21, 16, i, layout_of(format).components[i],
                                                 ColourRange::full, ColourMatrix::bt601);
            const int whole_blocks = (wanted.width + 7) / 8 * 8;
            for (int y = 0; y < 8 >> layout_of(format).components[i].line_shift; ++y) {
                for (int x = 0; x < whole_blocks; ++x) {
                    const std::uint8_t found =
                        lines.lines(i)[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
                    REQUIRE(found == wanted.at(std::min(x, wanted.width - 1), y));
                }
            }
        }
    }
}

TEST_CASE("below the picture the last line is repeated, in luma and in chroma") {
    const OwnedPicture made = make_picture({PixelFormat::yuv420, 16, 21});
    ComponentLines lines;
    REQUIRE(lines.begin(made.picture));
    lines.gather(16, 16);
    CHECK(lines.lines(0)[4] == line_of(made.picture, 0, 20));
    CHECK(lines.lines(0)[15] == line_of(made.picture, 0, 20));
    CHECK(lines.lines(1)[2] == line_of(made.picture, 1, 10));
    CHECK(lines.lines(1)[7] == line_of(made.picture, 1, 10));
}

TEST_CASE("converting a picture leaves the camera's memory unchanged") {
    const OwnedPicture made =
        make_picture({PixelFormat::yuv420, 16, 16, 0, ColourRange::limited, ColourMatrix::bt709});
    const std::vector<std::byte> before(made.picture.planes[0].bytes.begin(),
                                        made.picture.planes[0].bytes.end());
    ComponentLines lines;
    REQUIRE(lines.begin(made.picture));
    lines.gather(0, 16);
    CHECK(lines.lines(0)[0] != line_of(made.picture, 0, 0));
    CHECK(std::ranges::equal(before, made.picture.planes[0].bytes));
    // The next picture needs no conversion and is used in place.
    const OwnedPicture plain = make_picture({PixelFormat::yuv420, 16, 16});
    REQUIRE(lines.begin(plain.picture));
    lines.gather(0, 16);
    CHECK(lines.lines(0)[0] == line_of(plain.picture, 0, 0));
}

} // namespace ringcast::encode
