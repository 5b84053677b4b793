#include "camera/camera_match.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast::camera;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::vector<CameraIdentity> three{
    {R"(\_SB_.PCI0.XHC_.RHUB.HS07-7:1.0-046d:082d)", "HD Pro Webcam C920", "external", {0x5100}},
    {R"(\_SB_.PCI0.XHC_.RHUB.HS08-8:1.0-046d:082d)", "HD Pro Webcam C920", "external", {0x5102}},
    {"/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a", "imx708", "back", {0x5104, 0x5105}},
    {"/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36", "ov5647", "back", {0x5106}},
};

std::size_t found(std::string_view wanted, std::optional<std::uint64_t> device = {}) {
    const auto match = match_camera(three, wanted, device);
    INFO((match ? std::string() : match.error().message));
    REQUIRE(match.has_value());
    return *match;
}

MatchFailure missed(std::string_view wanted, std::optional<std::uint64_t> device = {}) {
    const auto match = match_camera(three, wanted, device);
    REQUIRE_FALSE(match.has_value());
    return match.error();
}

} // namespace

TEST_CASE("a camera is found by its id, a part of it, its model, its index or its device") {
    CHECK(found(three[1].id) == 1);
    CHECK(found("HS07") == 0);
    CHECK(found("hs08-8") == 1);
    CHECK(found("imx708") == 2);
    CHECK(found("IMX") == 2);
    CHECK(found("0") == 0);
    CHECK(found("2") == 2);
    CHECK(found("/dev/video5", 0x5105) == 2);
    CHECK(found("/dev/v4l/by-id/usb-cam", 0x5102) == 1);
}

TEST_CASE("a full model name takes precedence over a longer one that begins with it") {
    const std::vector<CameraIdentity> two{{"a", "imx708_wide", "", {}}, {"b", "imx708", "", {}}};
    CHECK(match_camera(two, "imx708", {}).value() == 1);
    CHECK(match_camera(two, "wide", {}).value() == 0);
}

TEST_CASE("the only camera needs no name") {
    CHECK(match_camera(std::span(three).first(1), "", {}).value() == 0);
}

TEST_CASE("a missing camera may be plugged in later, and the message lists those available") {
    CHECK(missed("C930").absent);
    CHECK_THAT(missed("C930").message,
               ContainsSubstring("no camera \"C930\"; number 0 is HD Pro Webcam C920 (\\_SB_"));
    CHECK(missed("C930").reason == "the camera is not there");
    CHECK(missed("4").absent);
    CHECK(missed("/dev/video9", 0x5109).absent);
    CHECK(missed("/dev/video9").absent);
    const auto none = match_camera({}, "", {});
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().absent);
    CHECK_THAT(none.error().message, ContainsSubstring("`ringcast doctor`"));
    CHECK(none.error().reason == "there is no camera");
}

TEST_CASE("a name that several cameras match is an error") {
    CHECK_FALSE(missed("").absent);
    CHECK_THAT(missed("").message, ContainsSubstring("there are 4 cameras, so `camera` must say"));
    CHECK_FALSE(missed("C920").absent);
    CHECK_THAT(missed("HD Pro Webcam C920").message, ContainsSubstring("2 cameras match"));
    CHECK_THAT(missed("082d").message, ContainsSubstring("number 1 is HD Pro Webcam C920"));
    // The indices are those of the whole list.
    CHECK_THAT(missed("rp1/i2c@").message, ContainsSubstring("number 3 is ov5647"));
}

TEST_CASE("a model that a driver reports twice is shown once, and identifies the camera") {
    const auto shown = [](std::string_view model) {
        return std::string(display_name({"id", std::string(model), "", {}}));
    };
    CHECK(shown("HD Pro Webcam C920: HD Pro Webc") == "HD Pro Webcam C920");
    CHECK(shown("imx708") == "imx708");
    CHECK(shown("Integrated Camera: Infrared") == "Integrated Camera: Infrared");
    const std::vector<CameraIdentity> two{{"a", "C920: C920", "", {}}, {"b", "front", "", {}}};
    CHECK(shortest_name(two, 0) == "C920");
}

TEST_CASE("the suggested name is the shortest one that distinguishes the camera from the others") {
    CHECK(shortest_name(three, 2) == "imx708");
    CHECK(shortest_name(three, 0) == three[0].id);
    CHECK(shortest_name(std::span(three).first(1), 0).empty());
    const std::vector<CameraIdentity> twins{{"a", "b", "", {}}, {"a", "b", "", {}}};
    CHECK(shortest_name(twins, 0).empty());
}
