#include "libcamera/sensor_modes.hpp"

#include <array>

#include <catch2/catch_test_macros.hpp>
#include <libcamera/control_ids.h>
#include <libcamera/formats.h>

namespace ringcast::capture {

TEST_CASE("the bit depth of a sensor's raw format is in its name") {
    namespace formats = libcamera::formats;
    CHECK(raw_bit_depth(formats::SRGGB10_CSI2P.toString()) == 10);
    CHECK(raw_bit_depth(formats::SGBRG8.toString()) == 8);
    CHECK(raw_bit_depth(formats::SBGGR12.toString()) == 12);
    CHECK(raw_bit_depth(formats::SRGGB16.toString()) == 16);
    CHECK(raw_bit_depth(formats::R8.toString()) == 8);
    CHECK(raw_bit_depth(formats::R10_CSI2P.toString()) == 10);
}

TEST_CASE("formats that no sensor produces have no bit depth") {
    namespace formats = libcamera::formats;
    for (const libcamera::PixelFormat& format :
         {formats::MJPEG, formats::YUYV, formats::NV12, formats::RGB565, formats::RGB888,
          formats::YUV420}) {
        CHECK(raw_bit_depth(format.toString()) == 0);
    }
    CHECK(raw_bit_depth("") == 0);
    CHECK(raw_bit_depth("10") == 0);
    CHECK(raw_bit_depth("SRGGB") == 0);
    CHECK(raw_bit_depth("SRGGX10") == 0);
}

TEST_CASE("a mode is requested by its size and bit depth") {
    const auto configuration = sensor_configuration({{2304, 1296}, 10, {0, 0, 4608, 2592}, 56.03});
    CHECK(configuration.isValid());
    CHECK(configuration.bitDepth == 10);
    CHECK(configuration.outputSize == libcamera::Size(2304, 1296));
}

TEST_CASE("the shortest frame duration is that of the camera's control, if it has one") {
    namespace controls = libcamera::controls;
    const libcamera::ControlInfoMap limited{
        {{&controls::FrameDurationLimits,
          libcamera::ControlInfo(std::int64_t{17849}, std::int64_t{1000000})}},
        controls::controls};
    CHECK(shortest_frame(limited) == 17849);
    const libcamera::ControlInfoMap unknown{
        {{&controls::FrameDurationLimits,
          libcamera::ControlInfo(std::int64_t{0}, std::int64_t{0})}},
        controls::controls};
    CHECK_FALSE(shortest_frame(unknown));
    const libcamera::ControlInfoMap none{{}, controls::controls};
    CHECK_FALSE(shortest_frame(none));
}

} // namespace ringcast::capture
