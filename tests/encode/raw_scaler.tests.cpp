#include "encode/raw_scaler.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"
#include "encode/raw_encoder.hpp"
#include "relay_kernel/allocation_count.hpp"

namespace ringcast::encode {

namespace {

using test::area_average;
using test::make_picture;
using test::OwnedPicture;
using test::PictureKind;
using test::Samples;

constexpr std::array yuv_formats = {PixelFormat::yuv420, PixelFormat::yvu420, PixelFormat::nv12,
                                    PixelFormat::nv21,   PixelFormat::yuyv,   PixelFormat::uyvy,
                                    PixelFormat::yuv444, PixelFormat::yuv422, PixelFormat::yuv440};
constexpr std::array other_formats = {PixelFormat::rgb, PixelFormat::bgr, PixelFormat::rgbx,
                                      PixelFormat::bgrx, PixelFormat::grey};
constexpr std::array<PictureSize, 6> sizes{
    {{64, 48}, {63, 47}, {161, 99}, {7, 5}, {1, 1}, {2, 33}}};

const std::vector<PictureTransform>& transforms() {
    static const std::vector<PictureTransform> all = {
        {TargetSize::half(), 0, Rotation::none, false},
        {TargetSize::quarter(), 0, Rotation::none, true},
        {TargetSize::of_eighths(3), 0, Rotation::by_90, false},
        {TargetSize::fitted({50, 40}), 0, Rotation::none, false},
        {TargetSize::fitted({30, 50}), 0, Rotation::by_270, true},
        {TargetSize::half(), 0, Rotation::by_180, false},
        {TargetSize::full(), 0, Rotation::by_90, false},
        {TargetSize::full(), 0, Rotation::none, true},
    };
    return all;
}

/// Every `step`th byte of a plane from `offset` on.
Samples samples_of(const RawPicture& picture, const ComponentLayout& component) {
    Samples made{sample_count(picture.width, component.column_shift),
                 sample_count(picture.height, component.line_shift),
                 {}};
    const Plane& plane = picture.planes[component.plane];
    for (int y = 0; y < made.height; ++y) {
        for (int x = 0; x < made.width; ++x) {
            const std::size_t at = static_cast<std::size_t>(y) * plane.stride + component.offset +
                                   static_cast<std::size_t>(x) * component.step;
            made.values.push_back(std::to_integer<std::uint8_t>(plane.bytes[at]));
        }
    }
    return made;
}

/// What a component of the transformed picture should be. `made` is that of 4:2:0, grey or RGB.
Samples wanted_samples(const OwnedPicture& original, const ComponentLayout& old,
                       const ComponentLayout& made, const PictureTransform& transform) {
    const PictureSize size{original.picture.width, original.picture.height};
    const PictureSize scaled = scaled_size(size, transform);
    const TargetSize& target = transform.target;
    const bool fraction = target.kind == TargetSize::Kind::fraction;
    const double across = fraction ? 8.0 / target.eighths : 1.0 * size.width / scaled.width;
    const double down = fraction ? 8.0 / target.eighths : 1.0 * size.height / scaled.height;
    const Samples average = area_average(
        samples_of(original.picture, old), sample_count(scaled.width, made.column_shift),
        sample_count(scaled.height, made.line_shift),
        across * (1 << made.column_shift) / (1 << old.column_shift),
        down * (1 << made.line_shift) / (1 << old.line_shift));
    return test::turned(average, transform.rotate, transform.mirror);
}

bool alike(const Samples& one, const Samples& other) {
    return one.width == other.width && one.height == other.height &&
           std::ranges::equal(one.values, other.values, [](std::uint8_t left, std::uint8_t right) {
               return std::abs(left - right) <= 1; // rounded differently
           });
}

} // namespace

TEST_CASE("a raw YUV picture of any format and size becomes 4:2:0, each sample the average of its "
          "area") {
    RawScaler scaler; // one for all pictures, to show that none affects the next
    for (const PixelFormat format : yuv_formats) {
        for (const PictureSize size : sizes) {
            const OwnedPicture original = make_picture({format, size.width, size.height, 7});
            for (const PictureTransform& transform : transforms()) {
                CAPTURE(static_cast<int>(format), size.width, size.height);
                CAPTURE(static_cast<int>(transform.target.kind), transform.target.eighths);
                CAPTURE(static_cast<int>(transform.rotate), transform.mirror);
                const RawPicture* const made = scaler.scale(original.picture, transform);
                REQUIRE(made != nullptr);
                const PictureSize wanted = transformed_size(size, transform);
                if (wanted == size && turn_of(transform) == Turn{}) {
                    continue; // as it is
                }
                REQUIRE(problem_of(*made).empty());
                CHECK(made->format == PixelFormat::yuv420);
                CHECK(PictureSize{made->width, made->height} == wanted);
                for (std::size_t i = 0; i < 3; ++i) {
                    const ComponentLayout& layout = layout_of(made->format).components[i];
                    CHECK(alike(samples_of(*made, layout),
                                wanted_samples(original, layout_of(format).components[i], layout,
                                               transform)));
                }
            }
        }
    }
}

TEST_CASE("RGB and grey stay in their own format") {
    RawScaler scaler;
    for (const PixelFormat format : other_formats) {
        for (const PictureSize size : sizes) {
            const OwnedPicture original = make_picture({format, size.width, size.height, 7});
            for (const PictureTransform& transform : transforms()) {
                CAPTURE(static_cast<int>(format), size.width, size.height);
                CAPTURE(static_cast<int>(transform.target.kind), transform.target.eighths);
                const RawPicture* const made = scaler.scale(original.picture, transform);
                REQUIRE(made != nullptr);
                REQUIRE(problem_of(*made).empty());
                CHECK(made->format == format);
                const std::uint8_t bytes = layout_of(format).planes[0].group_bytes;
                for (std::uint8_t i = 0; i < std::min<std::uint8_t>(bytes, 3); ++i) {
                    const ComponentLayout colour{0, i, bytes, 0, 0};
                    CHECK(alike(samples_of(*made, colour),
                                wanted_samples(original, colour, colour, transform)));
                }
            }
        }
    }
}

TEST_CASE("a picture that is neither scaled nor turned is not copied") {
    RawScaler scaler;
    const OwnedPicture original = make_picture({PixelFormat::yuyv, 64, 48});
    for (const TargetSize target : {TargetSize::full(), TargetSize::fitted({64, 100})}) {
        const RawPicture* const made =
            scaler.scale(original.picture, {target, 0, Rotation::none, false});
        REQUIRE(made != nullptr);
        CHECK(made->format == PixelFormat::yuyv);
        CHECK(made->planes[0].bytes.data() == original.picture.planes[0].bytes.data());
    }
}

TEST_CASE(
    "a scaled picture keeps its range and matrix, so that it is encoded in the right colours") {
    RawScaler scaler;
    RawEncoder encoder;
    ringcast::test::Bytes memory(1024UL * 1024);
    const PictureKind kind{PixelFormat::nv12,  160, 120, 0, ColourRange::limited,
                           ColourMatrix::bt709};
    const OwnedPicture original = make_picture(kind);
    for (const Rotation rotate : {Rotation::none, Rotation::by_180}) {
        const RawPicture* const made =
            scaler.scale(original.picture, {TargetSize::half(), 0, rotate, false});
        REQUIRE(made != nullptr);
        const auto bytes = encoder.encode(*made, {95, 0, 0}, memory);
        REQUIRE(bytes.has_value());
        const auto planes = test::decode_planes(ConstByteSpan(memory).first(*bytes));
        REQUIRE(planes.has_value());
        for (std::size_t i = 0; i < planes->size(); ++i) {
            const Samples whole =
                test::scene_samples(160, 120, i, layout_of(PixelFormat::nv12).components[i],
                                    ColourRange::full, ColourMatrix::bt601);
            const Samples wanted = test::turned(
                area_average(whole, (*planes)[i].width, (*planes)[i].height, 2, 2), rotate, false);
            CHECK(test::psnr((*planes)[i].values, wanted.values) > 38);
        }
    }
}

TEST_CASE("scaling allocates nothing for a format and size that were scaled before") {
    if (!relay_test::allocations_are_counted()) {
        SKIP("allocations can't be counted under a sanitizer");
    }
    RawScaler scaler;
    std::vector<OwnedPicture> pictures;
    for (const PixelFormat format : {PixelFormat::nv12, PixelFormat::yuyv, PixelFormat::bgrx}) {
        pictures.push_back(make_picture({format, 161, 99, 2}));
    }
    std::uint64_t first = 0;
    std::uint64_t later = 0;
    std::thread([&] {
        relay_test::count_allocations_of_this_thread();
        for (int round = 0; round < 3; ++round) {
            for (const OwnedPicture& made : pictures) {
                for (const PictureTransform& transform : transforms()) {
                    static_cast<void>(scaler.scale(made.picture, transform));
                }
            }
            (round == 0 ? first : later) = relay_test::allocations_of_this_thread();
        }
    }).join();
    CHECK(first > 0);
    CHECK(later == first);
}

} // namespace ringcast::encode
