#include "encode/raw_encoder.hpp"

#include <algorithm>
#include <cstdlib>
#include <span>
#include <thread>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include "encode/raw_samples.hpp"
#include "jpeg/inspect.hpp"
#include "jpeg/markers.hpp"
#include "jpeg/samples.hpp"
#include "relay_kernel/allocation_count.hpp"

namespace ringcast::encode {

namespace {

using test::decode_planes;
using test::make_picture;
using test::OwnedPicture;
using test::PictureKind;
using test::psnr;
using test::Samples;
using test::scene_samples;

constexpr std::array yuv_formats = {PixelFormat::yuv420, PixelFormat::yvu420, PixelFormat::nv12,
                                    PixelFormat::nv21,   PixelFormat::yuyv,   PixelFormat::uyvy,
                                    PixelFormat::grey,   PixelFormat::yuv444, PixelFormat::yuv422,
                                    PixelFormat::yuv440};
constexpr std::array rgb_formats = {PixelFormat::rgb, PixelFormat::bgr, PixelFormat::rgbx,
                                    PixelFormat::bgrx};

struct Size {
    int width;
    int height;
};

/// Sizes around a block, an MCU and two MCUs, and typical sizes of cameras.
std::vector<Size> sizes() {
    std::vector<Size> all = {{32, 48},  {33, 31},   {48, 17},  {64, 1},   {1, 64},   {160, 120},
                             {161, 99}, {320, 240}, {322, 66}, {648, 40}, {1280, 24}};
    for (int width = 1; width <= 17; ++width) {
        for (int height = 1; height <= 17; ++height) {
            all.push_back({width, height});
        }
    }
    return all;
}

/// The lowest signal-to-noise ratio of a JPEG's planes, against the scene in JPEG's colour space.
double worst_psnr(const PictureKind& kind, ConstByteSpan jpeg) {
    const auto planes = decode_planes(jpeg);
    REQUIRE(planes.has_value());
    const PixelLayout& layout = layout_of(kind.format);
    REQUIRE(planes->size() == layout.component_count);
    double worst = 1000;
    for (std::size_t i = 0; i < planes->size(); ++i) {
        const Samples wanted = scene_samples(kind.width, kind.height, i, layout.components[i],
                                             ColourRange::full, ColourMatrix::bt601);
        REQUIRE((*planes)[i].width == wanted.width);
        REQUIRE((*planes)[i].height == wanted.height);
        worst = std::min(worst, psnr((*planes)[i].values, wanted.values));
    }
    return worst;
}

class Encoded {
public:
    Encoded() : memory_(4UL * 1024UL * 1024UL) {}

    ConstByteSpan operator()(const PictureKind& kind, const EncodeSettings& settings) {
        const OwnedPicture made = make_picture(kind);
        REQUIRE(problem_of(made.picture).empty());
        const auto bytes = encoder_.encode(made.picture, settings, memory_);
        REQUIRE(bytes.has_value());
        return ConstByteSpan(memory_).first(*bytes);
    }

private:
    RawEncoder encoder_; // one for all pictures, to show that none affects the next
    ringcast::test::Bytes memory_;
};

std::size_t restart_markers(ConstByteSpan jpeg) {
    std::size_t count = 0;
    for (std::size_t i = 0; i + 1 < jpeg.size(); ++i) {
        count += jpeg::byte_at(jpeg, i) == jpeg::marker_prefix &&
                         jpeg::is_restart(jpeg::byte_at(jpeg, i + 1))
                     ? 1U
                     : 0U;
    }
    return count;
}

} // namespace

TEST_CASE("luma and chroma are encoded with at least 40 dB at quality 95, in every YUV format, at "
          "any size and stride") {
    Encoded encoded;
    for (const PixelFormat format : yuv_formats) {
        for (const Size size : sizes()) {
            const std::size_t stride_extra = size.width % 3 == 0 ? 0U : 13U;
            const PictureKind kind{format, size.width, size.height, stride_extra};
            const ConstByteSpan jpeg = encoded(kind, {95, 0, 0});
            const double found = worst_psnr(kind, jpeg);
            if (found < 40) {
                FAIL("format " << static_cast<int>(format) << ", " << size.width << " x "
                               << size.height << ": " << found << " dB");
            }
        }
    }
}

TEST_CASE("pixels are encoded with at least 34 dB at quality 95, in every order of red, green and "
          "blue") {
    Encoded encoded;
    for (const PixelFormat format : rgb_formats) {
        for (const Size size : sizes()) {
            const std::size_t stride_extra = size.width % 3 == 0 ? 0U : 13U;
            const PictureKind kind{format, size.width, size.height, stride_extra};
            const auto decoded = ringcast::test::decode_jpeg(encoded(kind, {95, 0, 0}));
            REQUIRE(decoded.has_value());
            REQUIRE(decoded->width == static_cast<unsigned>(size.width));
            REQUIRE(decoded->height == static_cast<unsigned>(size.height));
            const OwnedPicture wanted = make_picture({PixelFormat::rgb, size.width, size.height});
            const ByteSpan pixels = wanted.memory[0].span();
            const double found =
                psnr(decoded->rgb,
                     {reinterpret_cast<const std::uint8_t*>(pixels.data()), pixels.size()});
            if (found < 34) {
                FAIL("format " << static_cast<int>(format) << ", " << size.width << " x "
                               << size.height << ": " << found << " dB");
            }
        }
    }
}

TEST_CASE("the samples of each format are read from where cameras write them") {
    constexpr int side = 16;
    constexpr std::uint8_t left = 60; // of two neighbouring pixels
    constexpr std::uint8_t right = 180;
    constexpr std::uint8_t blue = 90;
    constexpr std::uint8_t red = 200;
    struct Given {
        PixelFormat format;
        std::vector<std::vector<std::uint8_t>> pairs; ///< the bytes of two pixels, plane by plane
    };
    // Taken from Linux's definitions (V4L2_PIX_FMT_...), independently of the encoder's tables.
    const std::vector<Given> all = {
        {PixelFormat::yuv420, {{left, right}, {blue}, {red}}},
        {PixelFormat::yvu420, {{left, right}, {red}, {blue}}},
        {PixelFormat::nv12, {{left, right}, {blue, red}}},
        {PixelFormat::nv21, {{left, right}, {red, blue}}},
        {PixelFormat::yuyv, {{left, blue, right, red}}},
        {PixelFormat::uyvy, {{blue, left, red, right}}},
        {PixelFormat::grey, {{left, right}}},
        {PixelFormat::yuv444, {{left, right}, {blue, blue}, {red, red}}},
        {PixelFormat::yuv422, {{left, right}, {blue}, {red}}},
        {PixelFormat::yuv440, {{left, right}, {blue, blue}, {red, red}}},
    };
    RawEncoder encoder;
    ringcast::test::Bytes memory(100'000);
    for (const Given& given : all) {
        CAPTURE(static_cast<int>(given.format));
        std::vector<ringcast::test::Bytes> planes;
        RawPicture picture{given.format, side, side, ColourRange::full, ColourMatrix::bt601, {}};
        for (const std::vector<std::uint8_t>& pair : given.pairs) {
            ringcast::test::Bytes& plane = planes.emplace_back();
            for (int i = 0; i < side * side / 2; ++i) {
                ringcast::test::append(plane, std::as_bytes(std::span(pair)));
            }
            picture.planes[planes.size() - 1].stride = pair.size() * side / 2;
        }
        for (std::size_t i = 0; i < planes.size(); ++i) {
            picture.planes[i].bytes = planes[i];
        }
        const auto bytes = encoder.encode(picture, {100, 0, 0}, memory);
        REQUIRE(bytes.has_value());
        const auto decoded = decode_planes(ConstByteSpan(memory).first(*bytes));
        REQUIRE(decoded.has_value());
        const auto near = [](int one, int other) { return std::abs(one - other) <= 2; };
        for (int x = 0; x < side; ++x) {
            CHECK(near((*decoded)[0].at(x, 5), x % 2 == 0 ? left : right));
        }
        if (decoded->size() == 3) {
            CHECK(near((*decoded)[1].at(3, 3), blue));
            CHECK(near((*decoded)[2].at(3, 3), red));
        }
    }
}

TEST_CASE("red, green and blue are read in each format's order in memory") {
    constexpr int side = 16;
    RawEncoder encoder;
    ringcast::test::Bytes memory(100'000);
    const std::vector<std::pair<PixelFormat, std::vector<std::uint8_t>>> pixels = {
        {PixelFormat::rgb, {200, 100, 50}},
        {PixelFormat::bgr, {50, 100, 200}},
        {PixelFormat::rgbx, {200, 100, 50, 0}},
        {PixelFormat::bgrx, {50, 100, 200, 0}},
    };
    for (const auto& [format, pixel] : pixels) {
        CAPTURE(static_cast<int>(format));
        ringcast::test::Bytes plane;
        for (int i = 0; i < side * side; ++i) {
            ringcast::test::append(plane, std::as_bytes(std::span(pixel)));
        }
        RawPicture picture{format, side, side, ColourRange::full, ColourMatrix::bt601, {}};
        picture.planes[0] = {plane, pixel.size() * side};
        const auto bytes = encoder.encode(picture, {100, 0, 0}, memory);
        REQUIRE(bytes.has_value());
        const auto decoded = ringcast::test::decode_jpeg(ConstByteSpan(memory).first(*bytes));
        REQUIRE(decoded.has_value());
        CHECK(std::abs(decoded->rgb[0] - 200) <= 3);
        CHECK(std::abs(decoded->rgb[1] - 100) <= 3);
        CHECK(std::abs(decoded->rgb[2] - 50) <= 3);
    }
}

TEST_CASE("limited range and BT.709 are converted to JPEG's colours, with at least 38 dB at "
          "quality 95") {
    Encoded encoded;
    for (const PixelFormat format : yuv_formats) {
        for (const ColourRange range : {ColourRange::full, ColourRange::limited}) {
            for (const ColourMatrix matrix : {ColourMatrix::bt601, ColourMatrix::bt709}) {
                if (format == PixelFormat::grey && matrix == ColourMatrix::bt709) {
                    continue; // no conversion
                }
                for (const Size size : {Size{160, 120}, {161, 97}, {7, 5}, {1, 1}}) {
                    const PictureKind kind{format, size.width, size.height, 8, range, matrix};
                    const double found = worst_psnr(kind, encoded(kind, {95, 0, 0}));
                    INFO("format " << static_cast<int>(format) << ", " << size.width << " x "
                                   << size.height << ", range " << static_cast<int>(range)
                                   << ", matrix " << static_cast<int>(matrix));
                    CHECK(found > 38);
                }
            }
        }
    }
}

TEST_CASE("a JPEG has the picture's size, tables, and the chroma subsampling of its format") {
    Encoded encoded;
    const auto inspected = [&encoded](PixelFormat format) {
        const auto info = jpeg::inspect(encoded({format, 67, 45}, {80, 0, 0}));
        REQUIRE(info.has_value());
        CHECK(info->width == 67);
        CHECK(info->height == 45);
        CHECK(info->has_huffman_tables);
        CHECK(!info->progressive);
        return *info;
    };
    CHECK(inspected(PixelFormat::nv12).components == 3);
    CHECK(inspected(PixelFormat::yuyv).components == 3);
    CHECK(inspected(PixelFormat::bgrx).components == 3);
    CHECK(inspected(PixelFormat::grey).components == 1);
}

TEST_CASE("quality ranges from 1 to 100, and a higher one takes more bytes and has less error") {
    Encoded encoded;
    for (const PixelFormat format : {PixelFormat::nv12, PixelFormat::yuyv, PixelFormat::grey}) {
        const PictureKind kind{format, 161, 121, 3};
        std::size_t bytes_before = 0;
        double psnr_before = 0;
        for (const int quality : {1, 40, 80, 100}) {
            const ConstByteSpan jpeg = encoded(kind, {quality, 0, 0});
            const double found = worst_psnr(kind, jpeg);
            CHECK(jpeg.size() > bytes_before);
            CHECK(found > psnr_before);
            bytes_before = jpeg.size();
            psnr_before = found;
        }
        CHECK(psnr_before > 50);
    }
}

TEST_CASE("a JPEG that does not fit is reported, and the next one has no trace of it") {
    RawEncoder encoder;
    ringcast::test::Bytes memory(1024UL * 1024UL);
    for (const PixelFormat format : {PixelFormat::yuv420, PixelFormat::uyvy, PixelFormat::bgr}) {
        const OwnedPicture made = make_picture({format, 64, 48});
        const auto whole = encoder.encode(made.picture, {100, 0, 0}, memory);
        REQUIRE(whole.has_value());
        const ringcast::test::Bytes first(memory.begin(),
                                          memory.begin() + static_cast<std::ptrdiff_t>(*whole));
        for (std::size_t room = 0; room <= *whole; room += 1 + room / 20) {
            const ByteSpan behind = ByteSpan(memory).subspan(room, 64);
            std::ranges::fill(behind, std::byte{0xA5});
            CHECK(!encoder.encode(made.picture, {100, 0, 0}, ByteSpan(memory).first(room)));
            CHECK(std::ranges::all_of(behind, [](std::byte b) { return b == std::byte{0xA5}; }));
        }
        REQUIRE(encoder.encode(made.picture, {100, 0, 0}, memory) == whole);
        CHECK(std::equal(first.begin(), first.end(), memory.begin()));
    }
}

TEST_CASE("an invalid picture is rejected, and the next one is encoded") {
    RawEncoder encoder;
    ringcast::test::Bytes memory(100'000);
    const OwnedPicture made = make_picture({PixelFormat::nv12, 64, 48, 4});
    RawPicture broken = made.picture;
    broken.planes[1].bytes = broken.planes[1].bytes.first(broken.planes[1].bytes.size() - 1);
    CHECK(!encoder.encode(broken, {}, memory));
    CHECK(encoder.encode(made.picture, {}, memory));
}

TEST_CASE("restart markers follow each restart interval, and there are none without one") {
    Encoded encoded;
    const PictureKind kind{PixelFormat::yuyv, 64, 48}; // 4 by 6 MCUs
    CHECK(restart_markers(encoded(kind, {80, 0, 0})) == 0);
    CHECK(restart_markers(encoded(kind, {80, 4, 0})) == 5);
    CHECK(restart_markers(encoded(kind, {80, 12, 0})) == 1);
    CHECK(restart_markers(encoded(kind, {80, 24, 0})) == 0);
    CHECK(worst_psnr(kind, encoded(kind, {95, 4, 0})) > 40);
}

TEST_CASE("encoding allocates nothing for a format and size that were encoded before") {
    if (!relay_test::allocations_are_counted()) {
        SKIP("allocations can't be counted under a sanitizer");
    }
    RawEncoder encoder;
    ringcast::test::Bytes memory(1024UL * 1024UL);
    std::vector<OwnedPicture> pictures;
    for (const PixelFormat format : {PixelFormat::yuv420, PixelFormat::nv12, PixelFormat::yuyv,
                                     PixelFormat::bgrx, PixelFormat::grey}) {
        for (const ColourRange range : {ColourRange::full, ColourRange::limited}) {
            pictures.push_back(make_picture({format, 322, 242, 2, range}));
        }
    }
    std::uint64_t first = 0;
    std::uint64_t later = 0;
    std::thread([&] {
        relay_test::count_allocations_of_this_thread();
        for (int round = 0; round < 5; ++round) {
            for (const OwnedPicture& made : pictures) {
                static_cast<void>(encoder.encode(made.picture, {}, memory));
            }
            (round == 0 ? first : later) = relay_test::allocations_of_this_thread();
        }
    }).join();
    CHECK(first > 0);
    CHECK(later == first);
}

TEST_CASE("a comment of zeroes is directly behind SOI") {
    Encoded encoded;
    const PictureKind kind{PixelFormat::grey, 20, 20};
    const std::size_t without = encoded(kind, {80, 0, 0}).size();
    const ConstByteSpan jpeg = encoded(kind, {80, 0, 61});
    CHECK(jpeg.size() == without + 65);
    CHECK(jpeg::byte_at(jpeg, 3) == jpeg::marker::com);
    CHECK(jpeg::word_at(jpeg, 4) == 63);
    CHECK(std::ranges::all_of(jpeg.subspan(6, 61), [](std::byte b) { return b == std::byte{0}; }));
}

} // namespace ringcast::encode
