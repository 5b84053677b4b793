#include "encode/text_overlay.hpp"

#include <cstdlib>
#include <ctime>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"
#include "encode/jpeg_transformer.hpp"
#include "encode/raw_samples.hpp"

namespace ringcast::encode {

namespace {

using config::Corner;
using config::OverlayConfig;
using test::make_picture;
using test::OwnedPicture;

constexpr WallTime captured{std::chrono::seconds(1'700'000'000)}; // 2023-11-14 22:13:20 UTC

/// The time zone of this process, until its end.
class TimeZone {
public:
    explicit TimeZone(const char* name) {
        const char* const before = std::getenv("TZ");
        before_ = before == nullptr ? "" : before;
        set(name);
    }
    TimeZone(const TimeZone&) = delete;
    TimeZone& operator=(const TimeZone&) = delete;
    TimeZone(TimeZone&&) = delete;
    TimeZone& operator=(TimeZone&&) = delete;
    ~TimeZone() { before_.empty() ? unset() : set(before_.c_str()); }

private:
    static void set(const char* name) {
        ::setenv("TZ", name, 1);
        ::tzset();
    }
    static void unset() {
        ::unsetenv("TZ");
        ::tzset();
    }

    std::string before_;
};

struct Area {
    int left = 0;
    int top = 0;
    int right = 0;
    int bottom = 0;
};

/// Luma of a picture whose first plane it is.
struct Luma {
    const RawPicture& picture;
    [[nodiscard]] int at(int x, int y) const {
        const Plane& plane = picture.planes[0];
        return static_cast<int>(
            plane.bytes[static_cast<std::size_t>(y) * plane.stride + static_cast<std::size_t>(x)]);
    }
};

/// What differs between two pictures with a plane of luma; empty (0, 0, 0, 0) if nothing does.
Area difference(const RawPicture& before, const RawPicture& after) {
    Area area{before.width, before.height, 0, 0};
    for (int y = 0; y < before.height; ++y) {
        for (int x = 0; x < before.width; ++x) {
            if (Luma{before}.at(x, y) != Luma{after}.at(x, y)) {
                area = {std::min(area.left, x), std::min(area.top, y), std::max(area.right, x + 1),
                        std::max(area.bottom, y + 1)};
            }
        }
    }
    return area.right == 0 ? Area{} : area;
}

} // namespace

TEST_CASE("the text has the time of capture in the local time zone") {
    {
        const TimeZone zone("UTC0");
        CHECK(overlay_text({"%Y-%m-%d %H:%M:%S  front door", {}}, captured) ==
              "2023-11-14 22:13:20  front door");
        CHECK(overlay_text({"100%% %a %b", {}}, captured) == "100% Tue Nov");
        std::string longest;
        for (int i = 0; i < 50; ++i) {
            longest += "%c";
        }
        CHECK(overlay_text({longest, {}}, captured).size() == 50 * 24);
    }
    const TimeZone zone("CET-1CEST");
    CHECK(overlay_text({"%H:%M %Z", {}}, captured) == "23:13 CET");
    CHECK(overlay_text({"%H:%M %Z", {}}, captured - std::chrono::hours(24 * 90)) == "00:13 CEST");
}

TEST_CASE("a text has a box in its corner, sized to the height of the picture") {
    struct Case {
        int width;
        int height;
        int scale;
    };
    for (const Case& size : {Case{320, 200, 1}, {640, 480, 2}, {1280, 720, 3}, {1281, 721, 3}}) {
        for (const Corner corner :
             {Corner::top_left, Corner::top_right, Corner::bottom_left, Corner::bottom_right}) {
            const OwnedPicture before =
                make_picture({PixelFormat::yuv420, size.width, size.height});
            const OwnedPicture after = make_picture({PixelFormat::yuv420, size.width, size.height});
            draw_overlay(after.picture, {"Hello", corner}, captured);
            const Area area = difference(before.picture, after.picture);
            CAPTURE(size.width, static_cast<int>(corner));
            // Five characters of 6 pixels without the last gap, and a padding of 2 on each side.
            CHECK(std::abs(area.right - area.left - (29 + 4) * size.scale) <= 2);
            CHECK(std::abs(area.bottom - area.top - (7 + 4) * size.scale) <= 2);
            const bool right = corner == Corner::top_right || corner == Corner::bottom_right;
            const bool bottom = corner == Corner::bottom_left || corner == Corner::bottom_right;
            CHECK(std::abs((right ? size.width - area.right : area.left) - 2 * size.scale) <= 2);
            CHECK(std::abs((bottom ? size.height - area.bottom : area.top) - 2 * size.scale) <= 2);
        }
    }
}

TEST_CASE("letters are white on a dark background, in every format and colour range") {
    for (const PixelFormat format :
         {PixelFormat::yuv420, PixelFormat::yvu420, PixelFormat::nv12, PixelFormat::nv21,
          PixelFormat::yuyv, PixelFormat::uyvy, PixelFormat::rgb, PixelFormat::bgr,
          PixelFormat::rgbx, PixelFormat::bgrx, PixelFormat::grey, PixelFormat::yuv444,
          PixelFormat::yuv422, PixelFormat::yuv440}) {
        for (const ColourRange range : {ColourRange::full, ColourRange::limited}) {
            CAPTURE(static_cast<int>(format), static_cast<int>(range));
            OwnedPicture made = make_picture({format, 320, 480});
            made.picture.range = range;
            draw_overlay(made.picture, {"I", Corner::top_left}, captured);
            RawEncoder encoder;
            ringcast::test::Bytes memory(1024UL * 1024UL);
            EncodeSettings settings;
            settings.quality = 100;
            const auto bytes = encoder.encode(made.picture, settings, memory);
            REQUIRE(bytes.has_value());
            const auto decoded = ringcast::test::decode_jpeg(ConstByteSpan(memory).first(*bytes));
            REQUIRE(decoded.has_value());
            const auto pixel = [&](int x, int y) {
                return decoded->rgb.data() +
                       3 * (static_cast<std::size_t>(y) * 320 + static_cast<std::size_t>(x));
            };
            // At a scale of 2 the box begins at 4, and the letter at 8; its stem is in column 2.
            for (int channel = 0; channel < 3; ++channel) {
                CHECK(pixel(8 + 2 * 2, 8 + 3 * 2)[channel] > 190);
                CHECK(pixel(5, 12)[channel] < 100);
            }
        }
    }
}

TEST_CASE("a long text is smaller, and cut off where it does not fit at the smallest size") {
    const std::string text(50, 'W');
    const OwnedPicture before = make_picture({PixelFormat::grey, 640, 720});
    OwnedPicture after = make_picture({PixelFormat::grey, 640, 720});
    draw_overlay(after.picture, {text, Corner::bottom_right}, captured);
    const Area area = difference(before.picture, after.picture);
    CHECK(area.bottom - area.top <= 2 * 11 + 2); // a scale of 2 instead of 3
    CHECK(area.left > 0);
    for (const int width : {64, 7, 1}) {
        OwnedPicture small = make_picture({PixelFormat::nv12, width, 9});
        draw_overlay(small.picture, {text, Corner::bottom_right}, captured); // writes within it
        CHECK(problem_of(small.picture).empty());
    }
}

TEST_CASE("a JPEG with a text in it is encoded again, whatever else is done to it") {
    const auto jpeg = test::make_scene_jpeg({160, 128});
    const OverlayConfig overlay{"HELLO", Corner::bottom_left};
    JpegTransformer transformer(1'000'000);
    ringcast::test::Bytes memory(1024UL * 1024UL);
    for (const Rotation rotate : {Rotation::none, Rotation::by_90}) {
        PictureTransform transform;
        transform.rotate = rotate;
        transform.overlay = &overlay;
        transform.captured = captured;
        const TransformResult result = transformer.transform(jpeg, transform, memory);
        REQUIRE(result.has_value());
        CHECK(result->how == TransformedPicture::How::recompressed);
        const auto decoded =
            ringcast::test::decode_jpeg(ConstByteSpan(memory).first(result->bytes));
        REQUIRE(decoded.has_value());
        // The left stroke of the H: the box is 11 lines high and 2 above the edge.
        const auto height = static_cast<std::size_t>(result->height);
        const auto width = static_cast<std::size_t>(result->width);
        CHECK(decoded->rgb[3 * ((height - 8) * width + 4) + 1] > 180);
        CHECK(decoded->rgb[3 * ((height - 12) * width + 20) + 1] < 120);
    }
}

} // namespace ringcast::encode
