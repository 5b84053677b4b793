#include "encode/jpeg_transformer.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/markers.hpp"
#include "relay_kernel/allocation_count.hpp"

namespace ringcast::encode {

namespace {

using How = TransformedPicture::How;
using test::area_average;
using test::decode_planes;
using test::GuardedBytes;
using test::make_scene_jpeg;
using test::psnr;
using test::Samples;
using test::SceneJpeg;
using test::turned;
using Planes = std::vector<Samples>;

constexpr std::size_t pixels_max = 4096UL * 4096;

struct Size {
    int width;
    int height;
};
constexpr std::array sizes = {Size{160, 120}, Size{161, 99}, Size{97, 131}, Size{33, 8},
                              Size{8, 33},    Size{1, 1},    Size{17, 2}};

/// All kinds whose subsampling a result keeps.
std::vector<SceneJpeg> kinds(Size size) {
    SceneJpeg made;
    made.width = size.width;
    made.height = size.height;
    std::vector<SceneJpeg> all;
    for (const Size covered : {Size{2, 2}, {2, 1}, {1, 1}, {1, 2}, {0, 0}}) {
        made.across = covered.width;
        made.down = covered.height;
        for (const bool progressive : {false, true}) {
            made.progressive = progressive;
            made.restart_interval = progressive ? 0 : 3;
            all.push_back(made);
        }
    }
    return all;
}

constexpr std::array rotations = {Rotation::none, Rotation::by_90, Rotation::by_180,
                                  Rotation::by_270};

/// One transformer for all pictures, to show that none affects the next.
class Transformed {
public:
    ConstByteSpan operator()(ConstByteSpan jpeg, const PictureTransform& transform) {
        // An access beyond its end crashes.
        const GuardedBytes copy(jpeg.size());
        std::ranges::copy(jpeg, copy.span().begin());
        result = transformer.transform(copy.span(), transform, memory);
        REQUIRE(result.has_value());
        return ConstByteSpan(memory).first(result->bytes);
    }
    TransformError error(ConstByteSpan jpeg, const PictureTransform& transform = half()) {
        const GuardedBytes copy(jpeg.size());
        std::ranges::copy(jpeg, copy.span().begin());
        result = transformer.transform(copy.span(), transform, memory);
        REQUIRE(!result.has_value());
        CHECK(!result.error().reason.empty());
        return result.error();
    }
    static PictureTransform half() { return {TargetSize::half(), 95, Rotation::none, false}; }

    JpegTransformer transformer{pixels_max};
    ringcast::test::Bytes memory = ringcast::test::Bytes(4UL * 1024 * 1024);
    TransformResult result;
};

/// The lowest signal-to-noise ratio of the planes of `jpeg` against what they should be.
double worst_psnr(ConstByteSpan jpeg, const Planes& wanted) {
    const auto found = decode_planes(jpeg);
    REQUIRE(found.has_value());
    REQUIRE(found->size() == wanted.size());
    double worst = 1000;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        REQUIRE((*found)[i].width == wanted[i].width);
        REQUIRE((*found)[i].height == wanted[i].height);
        worst = std::min(worst, psnr((*found)[i].values, wanted[i].values));
    }
    return worst;
}

/// What a full decode and an average of areas make of `jpeg`.
Planes scaled_planes(ConstByteSpan jpeg, const SceneJpeg& kind, PictureSize size, double across,
                     double down) {
    auto planes = decode_planes(jpeg);
    REQUIRE(planes.has_value());
    for (std::size_t i = 0; i < planes->size(); ++i) {
        const int shift_across = i > 0 && kind.across == 2 ? 1 : 0;
        const int shift_down = i > 0 && kind.down == 2 ? 1 : 0;
        (*planes)[i] = area_average((*planes)[i], sample_count(size.width, shift_across),
                                    sample_count(size.height, shift_down), across, down);
    }
    return *planes;
}

/// Checks all kinds of pictures at one fraction of their size.
void check_fraction(int eighths, double psnr_min) {
    Transformed transformed;
    for (const Size size : sizes) {
        for (const SceneJpeg& kind : kinds(size)) {
            CAPTURE(size.width, size.height, kind.across, kind.down, kind.progressive);
            const auto jpeg = make_scene_jpeg(kind);
            const PictureTransform transform{TargetSize::of_eighths(eighths), 95, Rotation::none,
                                             false};
            const ConstByteSpan made = transformed(jpeg, transform);
            const PictureSize wanted = transformed_size({size.width, size.height}, transform);
            CHECK(transformed.result->width == wanted.width);
            CHECK(transformed.result->height == wanted.height);
            CHECK(transformed.result->how == How::recompressed);
            const double step = 8.0 / eighths;
            const double found = worst_psnr(made, scaled_planes(jpeg, kind, wanted, step, step));
            CHECK(found >= psnr_min);
        }
    }
}

/// Of the first marker with this code; the size if there is none.
std::size_t position_of(ringcast::ConstByteSpan jpeg, unsigned char code) {
    const auto marker = ringcast::test::bytes_of({0xFF, code});
    const auto found = std::search(jpeg.begin(), jpeg.end(), marker.begin(), marker.end());
    return static_cast<std::size_t>(found - jpeg.begin());
}

} // namespace

TEST_CASE("a JPEG at half its size has at least 44 dB against the average of areas") {
    check_fraction(4, 44);
}

TEST_CASE("a JPEG at a quarter of its size has at least 41 dB against the average of areas") {
    check_fraction(2, 41);
}

TEST_CASE(
    "a JPEG at the other eighths of its size has at least 40 dB against the average of areas, "
    "and 31 dB at one eighth, where the scene is hardly resolved") {
    for (const int eighths : {3, 5, 6, 7}) {
        CAPTURE(eighths);
        check_fraction(eighths, 40);
    }
    check_fraction(1, 31);
}

TEST_CASE(
    "a JPEG that is fitted into a box has at least 32 dB against the average of areas, also at "
    "a tenth of its size") {
    Transformed transformed;
    for (const Size size : {Size{320, 240}, {161, 99}, {97, 131}}) {
        for (const SceneJpeg& kind : kinds(size)) {
            for (const PictureSize box : {PictureSize{100, 100}, {95, 97}, {64, 20}, {10, 300}}) {
                CAPTURE(size.width, size.height, kind.across, kind.down, box.width, box.height);
                const auto jpeg = make_scene_jpeg(kind);
                const PictureTransform transform{TargetSize::fitted(box), 95, Rotation::none,
                                                 false};
                const ConstByteSpan made = transformed(jpeg, transform);
                const PictureSize wanted = transformed_size({size.width, size.height}, transform);
                CHECK(transformed.result->width == wanted.width);
                CHECK(transformed.result->height == wanted.height);
                const double found = worst_psnr(
                    made, scaled_planes(jpeg, kind, wanted, 1.0 * size.width / wanted.width,
                                        1.0 * size.height / wanted.height));
                CHECK(found >= 32);
            }
        }
    }
}

TEST_CASE("subsampling that is neither 4:2:0, 4:2:2, 4:4:0 nor 4:4:4 becomes 4:2:0") {
    Transformed transformed;
    for (const Size covered : {Size{4, 1}, {4, 2}, {1, 4}}) {
        SceneJpeg kind{160, 128};
        kind.across = covered.width;
        kind.down = covered.height;
        for (const int eighths : {8, 4, 3, 2}) {
            CAPTURE(covered.width, covered.height, eighths);
            const ConstByteSpan made = transformed(
                make_scene_jpeg(kind), {TargetSize::of_eighths(eighths), 95, {}, false});
            const auto found = decode_planes(made);
            REQUIRE(found.has_value());
            CHECK((*found)[0].width == 160 * eighths / 8);
            CHECK((*found)[1].width == 80 * eighths / 8);
            CHECK((*found)[1].height == 64 * eighths / 8);
            // Against the scene itself, of whose colours the original has only every fourth column or
            // line.
            const double step = 8.0 / eighths;
            for (std::size_t i = 0; i < 3; ++i) {
                const Samples whole =
                    test::scene_samples(160, 128, i, layout_of(PixelFormat::yuv420).components[i],
                                        ColourRange::full, ColourMatrix::bt601);
                const Samples wanted =
                    area_average(whole, (*found)[i].width, (*found)[i].height, step, step);
                CHECK(psnr((*found)[i].values, wanted.values) > 25);
            }
        }
    }
}

TEST_CASE("a JPEG is scaled and turned at once, with at least 36 dB") {
    Transformed transformed;
    for (const Size size : sizes) {
        for (const SceneJpeg& kind : kinds(size)) {
            const auto jpeg = make_scene_jpeg(kind);
            for (const Rotation rotate : rotations) {
                for (const bool mirror : {false, true}) {
                    CAPTURE(size.width, size.height, kind.across, kind.down, mirror);
                    CAPTURE(static_cast<int>(rotate));
                    const PictureTransform transform{TargetSize::half(), 95, rotate, mirror};
                    const ConstByteSpan made = transformed(jpeg, transform);
                    Planes wanted = scaled_planes(
                        jpeg, kind, scaled_size({size.width, size.height}, transform), 2, 2);
                    for (Samples& plane : wanted) {
                        plane = turned(plane, rotate, mirror);
                    }
                    CHECK(worst_psnr(made, wanted) >= 36);
                }
            }
        }
    }
}

TEST_CASE("each job has its own quality, and without one the default") {
    Transformed transformed;
    const auto jpeg = make_scene_jpeg({});
    const auto bytes = [&](TargetSize target, int quality) {
        return transformed(jpeg, {target, quality, Rotation::none, false}).size();
    };
    CHECK(bytes(TargetSize::half(), 30) < bytes(TargetSize::half(), 80));
    CHECK(bytes(TargetSize::half(), 80) < bytes(TargetSize::half(), 95));
    CHECK(bytes(TargetSize::half(), 0) == bytes(TargetSize::half(), default_quality));
    CHECK(bytes(TargetSize::full(), 30) < jpeg.size());
    CHECK(transformed.result->how == How::recompressed);
    static_cast<void>(bytes(TargetSize::full(), 0));
    CHECK(transformed.result->how == How::lossless);
    // A box that is larger than the picture keeps its size.
    static_cast<void>(bytes(TargetSize::fitted({1000, 1000}), 0));
    CHECK(transformed.result->how == How::lossless);
}

TEST_CASE(
    "a JPEG that does not fit is reported, nothing is written behind the memory, and the next "
    "one has no trace of it") {
    Transformed transformed;
    for (const PictureTransform& transform :
         {PictureTransform{TargetSize::half(), 90, Rotation::none, false},
          PictureTransform{TargetSize::full(), 0, Rotation::by_90, false}}) {
        SceneJpeg kind;
        const auto jpeg = make_scene_jpeg(kind);
        const ConstByteSpan made = transformed(jpeg, transform);
        const ringcast::test::Bytes first(made.begin(), made.end());
        for (std::size_t room = 0; room <= first.size(); room += 1 + room / 20) {
            const ByteSpan behind = ByteSpan(transformed.memory).subspan(room, 64);
            std::ranges::fill(behind, std::byte{0xA5});
            const auto result = transformed.transformer.transform(
                jpeg, transform, ByteSpan(transformed.memory).first(room));
            REQUIRE(!result.has_value());
            CHECK(result.error().failure == TransformFailure::does_not_fit);
            CHECK(std::ranges::all_of(behind, [](std::byte b) { return b == std::byte{0xA5}; }));
        }
        CHECK(std::ranges::equal(transformed(jpeg, transform), first));
    }
}

TEST_CASE("a truncated JPEG is damaged wherever it ends") {
    Transformed transformed;
    for (const SceneJpeg& kind : kinds({64, 48})) {
        const auto jpeg = make_scene_jpeg(kind);
        for (std::size_t length = 0; length < jpeg.size() - 40; length += 1 + length / 9) {
            CAPTURE(kind.across, kind.progressive, length, jpeg.size());
            const ConstByteSpan begin = ConstByteSpan(jpeg).first(length);
            CHECK(transformed.error(begin).failure == TransformFailure::damaged);
            const PictureTransform rotated{TargetSize::full(), 0, Rotation::by_90, false};
            CHECK(transformed.error(begin, rotated).failure == TransformFailure::damaged);
        }
        // As a sender that pads its frames would end it.
        auto ended = jpeg;
        ended.resize(jpeg.size() / 2);
        ringcast::test::append(ended, ringcast::test::bytes_of({0xFF, 0xD9}));
        if (!kind.progressive) { // of which half is a coarse picture
            CHECK(transformed.error(ended).failure == TransformFailure::damaged);
        }
        static_cast<void>(transformed(jpeg, Transformed::half()));
    }
}

TEST_CASE("changed bytes are survived, whatever they do to the picture") {
    Transformed transformed;
    std::mt19937 random(5);
    int failed = 0;
    for (const SceneJpeg& kind : kinds({40, 24})) {
        const auto jpeg = make_scene_jpeg(kind);
        for (int round = 0; round < 60; ++round) {
            const GuardedBytes changed(jpeg.size());
            std::ranges::copy(jpeg, changed.span().begin());
            for (int i = 0; i < 3; ++i) {
                changed.span()[random() % jpeg.size()] = static_cast<std::byte>(random() & 0xFFU);
            }
            const PictureTransform transform{
                round % 2 == 0 ? TargetSize::half() : TargetSize::full(), 0,
                rotations[static_cast<std::size_t>(round) % 4], false};
            const auto result =
                transformed.transformer.transform(changed.span(), transform, transformed.memory);
            failed += result.has_value() ? 0 : 1;
        }
    }
    CHECK(failed > 50);
}

TEST_CASE(
    "colours, precisions and compressions that are not supported are refused with the reason") {
    Transformed transformed;
    SceneJpeg kind;
    for (const J_COLOR_SPACE colours : {JCS_CMYK, JCS_YCCK}) {
        kind.colours = colours;
        const TransformError error = transformed.error(make_scene_jpeg(kind));
        CHECK(error.failure == TransformFailure::unsupported);
        CHECK(error.reason == "its colours are CMYK");
    }
    kind.colours = JCS_RGB;
    CHECK(transformed.error(make_scene_jpeg(kind)).reason == "its components are RGB");

    auto changed = make_scene_jpeg({});
    const std::size_t at = position_of(changed, 0xC0);
    REQUIRE(at < changed.size());
    changed[at + 4] = std::byte{12};
    CHECK(transformed.error(changed).reason == "its samples do not have 8 bits");
    changed[at + 4] = std::byte{8};
    changed[at + 1] = std::byte{0xC3};
    CHECK(transformed.error(changed).reason == "its kind of compression is not supported");
    CHECK(transformed.result.error().failure == TransformFailure::unsupported);
}

TEST_CASE("a picture with more pixels than allowed is refused before memory is taken for it") {
    auto jpeg = make_scene_jpeg({});
    const std::size_t at = position_of(jpeg, 0xC0);
    for (std::size_t i = 5; i < 9; ++i) {
        jpeg[at + i] = std::byte{0xF0};
    }
    Transformed transformed;
    CHECK(transformed.error(jpeg).reason == "it has too many pixels");
    JpegTransformer exact(64 * 48);
    const auto small = make_scene_jpeg({});
    CHECK(exact.transform(small, Transformed::half(), transformed.memory).has_value());
    JpegTransformer smaller(64 * 48 - 1);
    CHECK(!smaller.transform(small, Transformed::half(), transformed.memory).has_value());
}

TEST_CASE("a progressive JPEG with more scans than any encoder writes is refused") {
    SceneJpeg kind;
    kind.across = 0;
    kind.each_frequency_alone = true;
    Transformed transformed;
    const auto jpeg = make_scene_jpeg(kind);
    CHECK(transformed.error(jpeg).reason == "it has more than 50 scans");
    CHECK(transformed.error(jpeg, {TargetSize::full(), 0, Rotation::by_90, false}).reason ==
          "it has more than 50 scans");
}

TEST_CASE("arithmetic coding is read, and a result is always baseline without restart markers") {
    Transformed transformed;
    SceneJpeg kind;
    kind.arithmetic = true;
    for (const PictureTransform& transform :
         {Transformed::half(), PictureTransform{TargetSize::full(), 0, Rotation::by_180, true}}) {
        for (const bool progressive : {false, true}) {
            kind.progressive = progressive;
            kind.arithmetic = !progressive;
            kind.restart_interval = progressive ? 0 : 2;
            const ConstByteSpan made = transformed(make_scene_jpeg(kind), transform);
            const auto info = jpeg::inspect(made);
            REQUIRE(info.has_value());
            CHECK(!info->progressive);
            CHECK(info->has_huffman_tables);
            CHECK(position_of(made, 0xDD) == made.size());
        }
    }
}

TEST_CASE("a JPEG without Huffman tables, as many cameras send it, is decoded with the standard "
          "ones, not with those of the picture before") {
    Transformed transformed;
    const auto jpeg = make_scene_jpeg({});
    const ConstByteSpan made = transformed(jpeg, Transformed::half());
    const ringcast::test::Bytes wanted(made.begin(), made.end());
    SceneJpeg other;
    other.progressive = true; // has tables of its own
    static_cast<void>(transformed(make_scene_jpeg(other), Transformed::half()));
    const auto bare = ringcast::test::without_huffman_tables(jpeg);
    CHECK(std::ranges::equal(transformed(bare, Transformed::half()), wanted));
}

TEST_CASE("a JPEG without quantization tables is damaged, even after one that had them") {
    Transformed transformed;
    const auto jpeg = make_scene_jpeg({});
    static_cast<void>(transformed(jpeg, Transformed::half()));
    ringcast::test::Bytes bare;
    for (std::size_t i = 0; i < jpeg.size();) {
        if (i > 0 && jpeg[i] == std::byte{0xFF} && jpeg[i + 1] == std::byte{0xDB}) {
            i += 2 + std::to_integer<std::size_t>(jpeg[i + 2]) * 256 +
                 std::to_integer<std::size_t>(jpeg[i + 3]);
        } else {
            bare.push_back(jpeg[i++]);
        }
    }
    REQUIRE(bare.size() < jpeg.size());
    CHECK(transformed.error(bare).failure == TransformFailure::damaged);
}

TEST_CASE("transforming allocates nothing for a kind and size that were transformed before") {
    if (!relay_test::allocations_are_counted()) {
        SKIP("allocations can't be counted under a sanitizer");
    }
    JpegTransformer transformer(pixels_max);
    ringcast::test::Bytes memory(1024UL * 1024);
    std::vector<ringcast::test::Bytes> pictures;
    for (const SceneJpeg& kind : kinds({160, 128})) {
        pictures.push_back(make_scene_jpeg(kind));
    }
    std::uint64_t first = 0;
    std::uint64_t later = 0;
    std::thread([&] {
        relay_test::count_allocations_of_this_thread();
        for (int round = 0; round < 5; ++round) {
            for (const auto& jpeg : pictures) {
                for (const TargetSize target :
                     {TargetSize::full(), TargetSize::half(), TargetSize::fitted({100, 100})}) {
                    static_cast<void>(
                        transformer.transform(jpeg, {target, 0, Rotation::by_90, false}, memory));
                }
            }
            (round == 0 ? first : later) = relay_test::allocations_of_this_thread();
        }
    }).join();
    CHECK(first > 0);
    CHECK(later == first);
}

} // namespace ringcast::encode
