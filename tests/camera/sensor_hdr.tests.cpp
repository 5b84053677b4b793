#include "camera/sensor_hdr.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::camera {

namespace {

using Streams = std::vector<config::LibcameraConfig>;

const HdrSensor left{"/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a", "imx708_wide", ""};
const HdrSensor right{"/base/axi/pcie@120000/rp1/i2c@80000/imx708@1a", "imx708", ""};

config::LibcameraConfig stream_of(std::string camera, bool hdr) {
    config::LibcameraConfig stream;
    stream.camera = std::move(camera);
    stream.hdr = hdr;
    return stream;
}

} // namespace

TEST_CASE("HDR of a sensor is on or off as the stream that uses it says") {
    CHECK(wanted_hdr(left, Streams{stream_of("", true)}) == true);
    CHECK(wanted_hdr(left, Streams{stream_of("", false)}) == false);
    CHECK(wanted_hdr(left, Streams{stream_of("IMX708", true)}) == true);
    CHECK(wanted_hdr(left, Streams{stream_of(left.id, true)}) == true);
    CHECK(wanted_hdr(left, Streams{stream_of("0", true)}) == true);
    CHECK(wanted_hdr(left, Streams{stream_of("/dev/video0", true)}) == true);
}

TEST_CASE("a sensor that no stream uses is left as it is") {
    CHECK_FALSE(wanted_hdr(left, Streams{stream_of("C920", true)}));
    CHECK_FALSE(wanted_hdr(left, Streams{}));
}

TEST_CASE("two sensors are set separately") {
    const Streams streams{stream_of("i2c@88000", true), stream_of("i2c@80000", false)};
    CHECK(wanted_hdr(left, streams) == true);
    CHECK(wanted_hdr(right, streams) == false);
}

TEST_CASE("HDR is refused for a camera that is not set before libcamera starts") {
    CHECK(hdr_refusal("imx708").empty());
    CHECK(hdr_refusal("imx708_wide_noir").empty());
    CHECK(
        hdr_refusal("imx477") ==
        "hdr = true is for the sensor of the Camera Module 3 (imx708), and this camera is imx477: "
        "leave it out; some cameras have HDR as a control, HdrMode");
}

} // namespace ringcast::camera
