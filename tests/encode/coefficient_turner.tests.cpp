#include "encode/coefficient_turner.hpp"

#include <algorithm>

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"
#include "encode/jpeg_transformer.hpp"

namespace ringcast::encode {

namespace {

using How = TransformedPicture::How;
using test::decode_planes;
using test::make_scene_jpeg;
using test::Samples;
using test::SceneJpeg;
using test::turned;

struct Covered {
    int across;
    int down;
};
/// Columns and lines that one sample of Cb and Cr covers: 4:2:0, 4:2:2, 4:4:4, 4:4:0, grey.
constexpr std::array<Covered, 5> subsamplings{{{2, 2}, {2, 1}, {1, 1}, {1, 2}, {0, 0}}};
constexpr std::array rotations = {Rotation::none, Rotation::by_90, Rotation::by_180,
                                  Rotation::by_270};

class Turned {
public:
    /// Empty when the picture was not turned losslessly.
    ConstByteSpan operator()(ConstByteSpan jpeg, Rotation rotate, bool mirror) {
        const auto result =
            transformer_.transform(jpeg, {TargetSize::full(), 0, rotate, mirror}, memory_);
        REQUIRE(result.has_value());
        if (result->how != How::lossless) {
            return {};
        }
        return ConstByteSpan(memory_).first(result->bytes);
    }

private:
    JpegTransformer transformer_{4096UL * 4096};
    ringcast::test::Bytes memory_ = ringcast::test::Bytes(1024UL * 1024);
};

/// libjpeg-turbo's own transform, with its steps: the rotation, then the mirroring. Empty where the
/// picture can't be turned as a whole.
ringcast::test::Bytes turned_by_turbojpeg(ConstByteSpan jpeg, Rotation rotate, bool mirror) {
    constexpr std::array operations = {TJXOP_NONE, TJXOP_ROT90, TJXOP_ROT180, TJXOP_ROT270};
    constexpr std::array mirrored = {TJXOP_HFLIP, TJXOP_TRANSPOSE, TJXOP_VFLIP, TJXOP_TRANSVERSE};
    tjtransform transform{};
    transform.op = (mirror ? mirrored : operations)[static_cast<std::size_t>(rotate)];
    transform.options = TJXOPT_PERFECT;
    const tjhandle handle = tjInitTransform();
    unsigned char* memory = nullptr;
    unsigned long size = 0;
    ringcast::test::Bytes made;
    if (tjTransform(handle, reinterpret_cast<const unsigned char*>(jpeg.data()), jpeg.size(), 1,
                    &memory, &size, &transform, 0) == 0) {
        const auto* begin = reinterpret_cast<const std::byte*>(memory);
        made.assign(begin, begin + size);
    }
    tjFree(memory);
    tjDestroy(handle);
    return made;
}

bool same_pixels(ConstByteSpan one, ConstByteSpan other) {
    const auto planes = decode_planes(one);
    const auto wanted = decode_planes(other);
    REQUIRE(planes.has_value());
    REQUIRE(wanted.has_value());
    return std::ranges::equal(*planes, *wanted, [](const Samples& left, const Samples& right) {
        return left.width == right.width && left.height == right.height &&
               left.values == right.values;
    });
}

} // namespace

TEST_CASE("a JPEG is turned losslessly exactly when turbojpeg can, with the same coefficients") {
    Turned turn;
    int lossless = 0;
    int impossible = 0;
    for (const Covered& covered : subsamplings) {
        for (const PictureSize size :
             {PictureSize{64, 48}, {61, 48}, {64, 41}, {61, 41}, {72, 40}}) {
            for (const bool progressive : {false, true}) {
                SceneJpeg kind{size.width, size.height, covered.across, covered.down, progressive};
                kind.restart_interval = progressive ? 0 : 2;
                const auto jpeg = make_scene_jpeg(kind);
                for (const Rotation rotate : rotations) {
                    for (const bool mirror : {false, true}) {
                        CAPTURE(covered.across, covered.down, size.width, size.height, progressive);
                        CAPTURE(static_cast<int>(rotate), mirror);
                        const ConstByteSpan made = turn(jpeg, rotate, mirror);
                        const auto wanted = turned_by_turbojpeg(jpeg, rotate, mirror);
                        CHECK(made.empty() == wanted.empty());
                        if (!made.empty() && !wanted.empty()) {
                            CHECK(same_pixels(made, wanted));
                            ++lossless;
                        } else {
                            ++impossible;
                        }
                    }
                }
            }
        }
    }
    CHECK(lossless > 150);
    CHECK(impossible > 100);
}

TEST_CASE("a picture that was rotated four times, or mirrored twice, is the original") {
    Turned turn;
    for (const Covered& covered : subsamplings) {
        const auto jpeg = make_scene_jpeg({64, 48, covered.across, covered.down});
        auto rotated = jpeg;
        for (int i = 0; i < 4; ++i) {
            const ConstByteSpan made = turn(rotated, Rotation::by_90, false);
            rotated.assign(made.begin(), made.end());
            CHECK((i == 3 || !same_pixels(rotated, jpeg)));
        }
        CHECK(same_pixels(rotated, jpeg));
        for (int i = 0; i < 2; ++i) {
            const ConstByteSpan made = turn(rotated, Rotation::none, true);
            rotated.assign(made.begin(), made.end());
        }
        CHECK(same_pixels(rotated, jpeg));
    }
}

TEST_CASE("the pixels of a turned picture are where they should be") {
    Turned turn;
    for (const Covered& covered : subsamplings) {
        const auto jpeg = make_scene_jpeg({64, 48, covered.across, covered.down});
        for (const Rotation rotate : rotations) {
            for (const bool mirror : {false, true}) {
                CAPTURE(covered.across, covered.down, static_cast<int>(rotate), mirror);
                const ConstByteSpan made = turn(jpeg, rotate, mirror);
                REQUIRE(!made.empty());
                const auto found = decode_planes(made);
                const auto original = decode_planes(jpeg);
                REQUIRE(found.has_value());
                for (std::size_t i = 0; i < found->size(); ++i) {
                    // The decoder rounds in rows first and then in columns, so not to the last bit.
                    const Samples wanted = turned((*original)[i], rotate, mirror);
                    CHECK((*found)[i].width == wanted.width);
                    CHECK(test::psnr((*found)[i].values, wanted.values) > 50);
                }
            }
        }
    }
}

TEST_CASE("a picture that can't be turned losslessly is decoded, with at least 38 dB") {
    JpegTransformer transformer(4096UL * 4096);
    ringcast::test::Bytes memory(1024UL * 1024);
    for (const Covered& covered : subsamplings) {
        const auto jpeg = make_scene_jpeg({61, 43, covered.across, covered.down});
        for (const Rotation rotate : {Rotation::by_90, Rotation::by_180, Rotation::by_270}) {
            CAPTURE(covered.across, covered.down, static_cast<int>(rotate));
            const auto result =
                transformer.transform(jpeg, {TargetSize::full(), 95, rotate, false}, memory);
            REQUIRE(result.has_value());
            CHECK(result->how == How::recompressed);
            const auto found = decode_planes(ConstByteSpan(memory).first(result->bytes));
            const auto original = decode_planes(jpeg);
            REQUIRE(found.has_value());
            for (std::size_t i = 0; i < found->size(); ++i) {
                const Samples wanted = turned((*original)[i], rotate, false);
                REQUIRE((*found)[i].values.size() == wanted.values.size());
                CHECK(test::psnr((*found)[i].values, wanted.values) > 38);
            }
        }
    }
}

} // namespace ringcast::encode
