#include "encode/raw_picture.hpp"

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_samples.hpp"

namespace ringcast::encode {

namespace {

constexpr std::array all_formats = {PixelFormat::yuv420, PixelFormat::yvu420, PixelFormat::nv12,
                                    PixelFormat::nv21,   PixelFormat::yuyv,   PixelFormat::uyvy,
                                    PixelFormat::rgb,    PixelFormat::bgr,    PixelFormat::rgbx,
                                    PixelFormat::bgrx,   PixelFormat::grey,   PixelFormat::yuv444,
                                    PixelFormat::yuv422, PixelFormat::yuv440};

} // namespace

TEST_CASE("planes may end with their last line, and one byte less is a problem") {
    for (const PixelFormat format : all_formats) {
        for (const int size : {1, 2, 3, 16, 33}) {
            INFO("format " << static_cast<int>(format) << ", size " << size);
            const test::OwnedPicture made = test::make_picture({format, size, size + 1, 5});
            CHECK(problem_of(made.picture).empty());
            for (std::size_t plane = 0; plane < layout_of(format).plane_count; ++plane) {
                RawPicture broken = made.picture;
                broken.planes[plane].bytes =
                    broken.planes[plane].bytes.first(broken.planes[plane].bytes.size() - 1);
                CHECK(problem_of(broken) == "a plane ends before the end of its last line");
                broken.planes[plane].bytes = {};
                CHECK(problem_of(broken) == "a plane ends before the end of its last line");
            }
        }
    }
}

TEST_CASE("a stride smaller than a line is a problem") {
    for (const PixelFormat format : all_formats) {
        const test::OwnedPicture made = test::make_picture({format, 16, 16});
        for (std::size_t plane = 0; plane < layout_of(format).plane_count; ++plane) {
            RawPicture broken = made.picture;
            --broken.planes[plane].stride;
            CHECK(problem_of(broken) == "a plane's stride is smaller than its lines");
            broken.planes[plane].stride = 0;
            CHECK(!problem_of(broken).empty());
        }
    }
}

TEST_CASE("a size that a JPEG can't have is a problem") {
    test::OwnedPicture made = test::make_picture({PixelFormat::grey, 16, 16});
    for (const int wrong : {-1, 0, 65'501}) {
        RawPicture broken = made.picture;
        broken.width = wrong;
        CHECK(!problem_of(broken).empty());
        broken = made.picture;
        broken.height = wrong;
        CHECK(!problem_of(broken).empty());
    }
}

TEST_CASE("a range of a picture's lines is a picture") {
    const test::OwnedPicture made = test::make_picture({PixelFormat::yuv420, 20, 37, 4});
    const RawPicture part = lines_of(made.picture, 16, 21);
    CHECK(problem_of(part).empty());
    CHECK(part.height == 21);
    CHECK(part.planes[0].bytes.data() == made.picture.planes[0].bytes.data() + 16 * 24);
    CHECK(part.planes[1].bytes.data() == made.picture.planes[1].bytes.data() + 8 * 14);
    CHECK(part.planes[2].bytes.data() == made.picture.planes[2].bytes.data() + 8 * 14);
    CHECK(part.planes[0].stride == 24);
}

} // namespace ringcast::encode
