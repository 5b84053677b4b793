#include "encode/picture_turner.hpp"

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"

namespace ringcast::encode {

namespace {

using test::make_picture;
using test::OwnedPicture;
using test::Samples;

/// Byte `offset` of each group of a plane.
Samples samples_of(const RawPicture& picture, std::size_t plane, std::size_t offset) {
    const PlaneLayout& layout = layout_of(picture.format).planes[plane];
    Samples made{sample_count(picture.width, layout.column_shift),
                 sample_count(picture.height, layout.line_shift),
                 {}};
    for (int y = 0; y < made.height; ++y) {
        for (int x = 0; x < made.width; ++x) {
            const std::size_t at = static_cast<std::size_t>(y) * picture.planes[plane].stride +
                                   static_cast<std::size_t>(x) * layout.group_bytes + offset;
            made.values.push_back(std::to_integer<std::uint8_t>(picture.planes[plane].bytes[at]));
        }
    }
    return made;
}

} // namespace

TEST_CASE("each sample of a turned picture is where it should be, at any size and in every planar "
          "format") {
    PictureMemory memory;
    for (const PixelFormat format :
         {PixelFormat::yuv420, PixelFormat::yuv422, PixelFormat::yuv440, PixelFormat::yuv444,
          PixelFormat::grey, PixelFormat::rgb, PixelFormat::bgrx}) {
        for (const PictureSize size :
             {PictureSize{1, 1}, {7, 3}, {8, 8}, {16, 24}, {33, 21}, {90, 70}}) {
            const OwnedPicture made = make_picture({format, size.width, size.height, 5});
            for (const Rotation rotate :
                 {Rotation::none, Rotation::by_90, Rotation::by_180, Rotation::by_270}) {
                for (const bool mirror : {false, true}) {
                    CAPTURE(static_cast<int>(format), size.width, size.height, mirror);
                    CAPTURE(static_cast<int>(rotate));
                    const Turn turn = turn_of({TargetSize::full(), 0, rotate, mirror});
                    REQUIRE(turn_picture(made.picture, turn, memory));
                    REQUIRE(problem_of(memory.picture()).empty());
                    const PixelLayout& layout = layout_of(format);
                    for (std::size_t i = 0; i < layout.plane_count; ++i) {
                        for (std::size_t byte = 0; byte < layout.planes[i].group_bytes; ++byte) {
                            const Samples wanted =
                                test::turned(samples_of(made.picture, i, byte), rotate, mirror);
                            const Samples found = samples_of(memory.picture(), i, byte);
                            CHECK(found.width == wanted.width);
                            CHECK(found.values == wanted.values);
                        }
                    }
                }
            }
        }
    }
}

TEST_CASE("a turned picture keeps its range and matrix") {
    PictureMemory memory;
    const OwnedPicture made =
        make_picture({PixelFormat::yuv420, 32, 16, 0, ColourRange::limited, ColourMatrix::bt709});
    REQUIRE(turn_picture(made.picture, {true, false, false}, memory));
    CHECK(memory.picture().range == ColourRange::limited);
    CHECK(memory.picture().matrix == ColourMatrix::bt709);
}

} // namespace ringcast::encode
