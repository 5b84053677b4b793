#include "camera/sensor_mode.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

namespace ringcast::camera {

namespace {

using config::PictureSize;
using config::SensorSetting;
using source::SensorCrop;
using source::SensorMode;
using Modes = std::vector<SensorMode>;

// As `rpicam-hello --list-cameras` prints them for Raspberry Pi's cameras: the Camera Modules 1 and
// 2, the HQ Camera and the Camera Module 3, in this order.
// https://www.raspberrypi.com/documentation/computers/camera_software.html
const Modes ov5647{{{640, 480}, 10, {16, 0, 2560, 1920}, 58.92},
                   {{1296, 972}, 10, {0, 0, 2592, 1944}, 46.34},
                   {{1920, 1080}, 10, {348, 434, 1928, 1080}, 32.81},
                   {{2592, 1944}, 10, {0, 0, 2592, 1944}, 15.63}};
const Modes imx219{{{640, 480}, 10, {1000, 752, 1280, 960}, 206.65},
                   {{1640, 1232}, 10, {0, 0, 3280, 2464}, 41.85},
                   {{1920, 1080}, 10, {680, 692, 1920, 1080}, 47.57},
                   {{3280, 2464}, 10, {0, 0, 3280, 2464}, 21.19},
                   {{640, 480}, 8, {1000, 752, 1280, 960}, 206.65},
                   {{1640, 1232}, 8, {0, 0, 3280, 2464}, 83.70},
                   {{1920, 1080}, 8, {680, 692, 1920, 1080}, 47.57},
                   {{3280, 2464}, 8, {0, 0, 3280, 2464}, 21.19}};
const Modes imx477{{{1332, 990}, 10, {696, 528, 2664, 1980}, 120.05},
                   {{2028, 1080}, 12, {0, 440, 4056, 2160}, 50.03},
                   {{2028, 1520}, 12, {0, 0, 4056, 3040}, 40.01},
                   {{4056, 3040}, 12, {0, 0, 4056, 3040}, 10.00}};
const Modes imx708{{{1536, 864}, 10, {768, 432, 3072, 1728}, 120.13},
                   {{2304, 1296}, 10, {0, 0, 4608, 2592}, 56.03},
                   {{4608, 2592}, 10, {0, 0, 4608, 2592}, 14.35}};
// From Linux 6.6, drivers/media/i2c/ov9282.c: 160 million pixels/s, divided by the pixels of each
// mode with its smallest blanking. The driver takes the 1280x720 mode from the sensor's top.
const Modes ov9281{{{1280, 800}, 10, {0, 0, 1280, 800}, 120.8},
                   {{1280, 720}, 10, {0, 0, 1280, 720}, 144.4},
                   {{640, 400}, 10, {0, 0, 1280, 800}, 260.4}};

constexpr PictureSize hd{1280, 720};
constexpr PictureSize full_hd{1920, 1080};
constexpr PictureSize vga{640, 480};

SensorChoice full(const Modes& modes, PictureSize size, double fps) {
    return choose_sensor_mode(modes, {}, size, fps).value().value();
}

PictureSize full_size(const Modes& modes, PictureSize size, double fps) {
    return modes[full(modes, size, fps).mode].size;
}

SensorSetting named(PictureSize size) {
    return {SensorSetting::Kind::named, size};
}

} // namespace

TEST_CASE("the full field of view is chosen for the default size and rate, at no cost") {
    CHECK(full_size(ov5647, hd, 30) == PictureSize{1296, 972});
    CHECK(full_size(imx219, hd, 30) == PictureSize{1640, 1232});
    CHECK(full_size(imx477, hd, 30) == PictureSize{2028, 1520});
    CHECK(full_size(imx708, hd, 30) == PictureSize{2304, 1296});
    // The picture has the aspect ratio of the narrower mode, so both show the same of it.
    CHECK(full_size(ov9281, hd, 30) == PictureSize{1280, 720});
    for (const Modes& modes : {ov5647, imx219, imx477, imx708, ov9281}) {
        CHECK(full(modes, hd, 30).note.empty());
    }
}

TEST_CASE("the full field of view is chosen for a larger picture, even if a crop is sharper") {
    CHECK(full_size(ov5647, full_hd, 30) == PictureSize{1296, 972});
    CHECK(full_size(imx219, full_hd, 30) == PictureSize{1640, 1232});
    CHECK(full_size(imx219, full_hd, 15) == PictureSize{3280, 2464});
    CHECK(full_size(imx708, full_hd, 30) == PictureSize{2304, 1296});
    CHECK(full_size(imx708, PictureSize{4608, 2592}, 10) == PictureSize{4608, 2592});
}

TEST_CASE("among modes with the same field of view the smallest that covers the picture is taken") {
    CHECK(full_size(imx708, vga, 10) == PictureSize{2304, 1296});
    CHECK(full_size(ov9281, PictureSize{640, 400}, 30) == PictureSize{640, 400});
    CHECK(full_size(ov9281, PictureSize{1280, 800}, 30) == PictureSize{1280, 800});
}

TEST_CASE("among equal modes the higher bit depth is taken, unless only the lower has the rate") {
    CHECK(imx219[full(imx219, hd, 30).mode].bit_depth == 10);
    CHECK(imx219[full(imx219, hd, 60).mode].bit_depth == 8);
    CHECK(full_size(imx219, hd, 60) == PictureSize{1640, 1232});
    CHECK(full(imx219, hd, 60).note.empty());
}

TEST_CASE("for a rate that the full field of view does not have the widest is taken, with a note") {
    const SensorChoice fast = full(imx708, hd, 60);
    CHECK(imx708[fast.mode].size == PictureSize{1536, 864});
    CHECK(fast.note ==
          "60 frames/s narrow the field of view: the sensor's mode 1536x864 shows 44 % of the full "
          "one, which is available at up to 56.03 frames/s");
    const SensorChoice hq = full(imx477, hd, 50);
    CHECK(imx477[hq.mode].size == PictureSize{2028, 1080});
    CHECK(
        hq.note ==
        "50 frames/s narrow the field of view: the sensor's mode 2028x1080 shows 90 % of the full "
        "one, which is available at up to 40.01 frames/s");
    CHECK(full_size(imx477, hd, 100) == PictureSize{1332, 990});
    CHECK(full_size(imx219, hd, 120) == PictureSize{640, 480});
}

TEST_CASE("for a rate that no mode has the fastest full field of view is taken, with a note") {
    const SensorChoice choice = full(imx708, hd, 240);
    CHECK(imx708[choice.mode].size == PictureSize{2304, 1296});
    CHECK(choice.note ==
          "no mode of the sensor has 240 frames/s: its full field of view has up to 56.03, and "
          "sensor = \"1536x864\" has 120.1 with 44 % of it");
    const Modes single{imx708[1]};
    CHECK(full(single, hd, 240).note.empty()); // that the rate is lower is logged anyway
}

TEST_CASE("a rate that is a hundredth lower counts as the configured one") {
    const Modes modes{{{1920, 1080}, 10, {0, 0, 3840, 2160}, 29.97},
                      {{1280, 720}, 10, {960, 540, 1920, 1080}, 60}};
    CHECK(full_size(modes, hd, 30) == full_hd);
    CHECK(full_size(modes, hd, 31) == hd);
}

TEST_CASE("a named mode is taken in the highest bit depth with the rate") {
    const auto chosen = [](PictureSize size, double fps) {
        return imx219[choose_sensor_mode(imx219, named(size), hd, fps).value().value().mode];
    };
    CHECK(chosen({1920, 1080}, 30).size == full_hd);
    CHECK(chosen({1640, 1232}, 30).bit_depth == 10);
    CHECK(chosen({1640, 1232}, 60).bit_depth == 8);
    CHECK(chosen({1640, 1232}, 200).bit_depth == 10); // neither has it
}

TEST_CASE("the error for an unknown mode lists the sensor's modes") {
    const auto unknown = choose_sensor_mode(imx708, named({1920, 1080}), hd, 30);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().message ==
          "the camera's sensor has no mode 1920x1080; it has 1536x864 (10 bits, up to 120.1 "
          "frames/s, 44 % of the field of view), 2304x1296 (10 bits, up to 56.03 frames/s, 100 % "
          "of the field of view), 4608x2592 (10 bits, up to 14.35 frames/s, 100 % of the field of "
          "view)");
}

TEST_CASE("a camera without sensor modes needs none, but can't use a named one") {
    CHECK_FALSE(choose_sensor_mode({}, {}, hd, 30).value());
    const SensorSetting automatic{SensorSetting::Kind::automatic, {}};
    CHECK_FALSE(choose_sensor_mode({}, automatic, hd, 30).value());
    CHECK_FALSE(choose_sensor_mode(imx708, automatic, hd, 30).value());
    const auto refused = choose_sensor_mode({}, named({1920, 1080}), hd, 30);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "the camera has no sensor modes, so sensor = \"1920x1080\" can't be used");
}

TEST_CASE("the visible part of a mode has the picture's aspect ratio") {
    CHECK(visible_part({0, 0, 3280, 2464}, hd) == SensorCrop{0, 309, 3280, 1845});
    CHECK(visible_part({348, 434, 1928, 1080}, hd) == SensorCrop{352, 434, 1920, 1080});
    CHECK(visible_part({0, 0, 4608, 2592}, hd) == SensorCrop{0, 0, 4608, 2592});
}

TEST_CASE("the share of the field of view counts what pictures of that size show") {
    using Catch::Matchers::WithinAbs;
    CHECK_THAT(view_share(imx708, imx708[0].crop, hd), WithinAbs(0.44, 0.01));
    CHECK_THAT(view_share(imx219, imx219[2].crop, hd), WithinAbs(0.34, 0.01));
    CHECK_THAT(view_share(ov5647, ov5647[2].crop, hd), WithinAbs(0.55, 0.01));
    CHECK(view_share({}, imx708[0].crop, hd) == 0);
}

} // namespace ringcast::camera
