#include "app/list_cameras.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "config/load.hpp"

using namespace ringcast;
using namespace ringcast::app;
using capture::CameraListing;
using Catch::Matchers::ContainsSubstring;

namespace {

const CameraListing webcam{{"\\_SB_.HS07-046d:082d", "HD Pro Webcam C920", "external", {}},
                           {{"MJPEG", {{640, 480}, {1280, 720}}, {}}, {"YUYV", {{640, 480}}, {}}}};
const CameraListing sensor{{"/base/rp1/i2c@88000/imx708@1a", "imx708", "", {}},
                           {{"YUV420", {}, camera::SizeRange{{32, 32}, {4608, 2592}, 2, 2}},
                            {"NV12", {}, camera::SizeRange{{32, 32}, {4608, 2592}, 2, 2}},
                            {"SRGGB10", {{4608, 2592}}, {}}}};

std::optional<double> rate(const camera::CameraIdentity&, std::string_view format,
                           config::PictureSize size) {
    return format == "MJPEG" && size.width == 1280 ? std::optional(30.0) : std::nullopt;
}

/// The whole output, as a user would save it.
config::Config saved(const std::vector<CameraListing>& cameras) {
    const std::string text = cameras_text(cameras, rate);
    const auto config = config::parse(text, "saved");
    INFO(text);
    REQUIRE(config.has_value());
    return *config;
}

} // namespace

TEST_CASE("the list describes each camera with its formats and sizes") {
    const std::string text = cameras_text(std::vector{webcam, sensor}, rate);
    CHECK_THAT(text, ContainsSubstring("# 0: HD Pro Webcam C920, external\n#    id: \\_SB_.HS07"));
    CHECK_THAT(text,
               ContainsSubstring("#    MJPEG: 640x480, 1280x720 (30/s)\n#    YUYV: 640x480\n"));
    CHECK_THAT(text, ContainsSubstring("# 1: imx708\n"));
    CHECK_THAT(text, ContainsSubstring("#    YUV420, NV12: 32x32 to 4608x2592\n"));
    CHECK_THAT(text, ContainsSubstring("SRGGB10: 4608x2592 (ringcast can't use it)"));
}

TEST_CASE("the list names the controls of each camera and the values that they accept") {
    CameraListing camera = webcam;
    camera.controls.resize(3);
    camera.controls[0].name = "Brightness";
    camera.controls[0].kind = source::ControlKind::number;
    camera.controls[0].min = -1.0;
    camera.controls[0].max = 1.0;
    camera.controls[1].name = "power_line_frequency";
    camera.controls[1].v4l2_id = 0x00980918;
    camera.controls[1].kind = source::ControlKind::enumeration;
    camera.controls[1].choices = {{1, "50 Hz"}, {2, "60 Hz"}};
    camera.controls[2].name = "privacy";
    camera.controls[2].read_only = true;
    CHECK_THAT(
        cameras_text(std::vector{camera}, rate),
        ContainsSubstring("#    controls:\n"
                          "#       Brightness: a number from -1 to 1\n"
                          "#       power_line_frequency: one of \"50 Hz\" (1), \"60 Hz\" (2)\n"
                          "#       privacy: can only be read\n"));
}

TEST_CASE("the output for each camera is a configuration that selects it") {
    const std::vector<CameraListing> cameras{webcam, sensor, webcam};
    const config::Config config = saved(cameras);
    REQUIRE(config.streams.size() == 3);
    CHECK(config.streams[0].name == "hd-pro-webcam-c920");
    CHECK(config.streams[1].name == "imx708");
    CHECK(config.streams[2].name == "hd-pro-webcam-c920-2");
    std::vector<camera::CameraIdentity> identities;
    for (const CameraListing& camera : cameras) {
        identities.push_back(camera.identity);
    }
    for (std::size_t i = 0; i < cameras.size(); ++i) {
        const auto& camera = std::get<config::LibcameraConfig>(config.streams[i].source);
        CHECK(camera::match_camera(identities, camera.camera, {}).value() == i);
        CHECK(camera.size == config::PictureSize{1280, 720});
    }
    const auto& named = std::get<config::LibcameraConfig>(config.streams[1].source);
    CHECK(named.camera == "imx708"); // also when others have come or gone
    CHECK(named.format == "YUV420");
}

TEST_CASE("the configuration of a camera that is slower than the default has its rate") {
    const auto slow = [](const auto&, auto, auto) { return std::optional(7.5); };
    const auto config = config::parse(cameras_text(std::vector{webcam}, slow), "saved");
    REQUIRE(config.has_value());
    CHECK(std::get<config::LibcameraConfig>(config->streams[0].source).fps == 7.5);
    CHECK(std::get<config::LibcameraConfig>(saved({webcam}).streams[0].source).fps == 30);
}

TEST_CASE("the only camera needs no name, and a model without letters is called camera") {
    CameraListing strange = webcam;
    strange.identity.model = "\xE6\x91\x84";
    const config::Config config = saved({strange});
    CHECK(config.streams[0].name == "camera");
    CHECK(std::get<config::LibcameraConfig>(config.streams[0].source).camera.empty());
    CHECK(cameras_text({}, rate).empty());
}
