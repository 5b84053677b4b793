#include "camera/control_plan.hpp"

#include <algorithm>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "camera/v4l2_samples.hpp"

using namespace ringcast;
using namespace ringcast::camera;
using Catch::Matchers::ContainsSubstring;
using source::CameraControl;
using source::ControlKind;
using Settings = std::vector<config::ControlSetting>;

namespace {

/// libcamera's and the V4L2 device's.
std::vector<CameraControl> usb_camera() {
    std::vector<CameraControl> controls;
    for (const auto& [name, kind] :
         {std::pair{"AeEnable", ControlKind::boolean}, std::pair{"Brightness", ControlKind::number},
          std::pair{"ExposureTime", ControlKind::integer}}) {
        CameraControl& control = controls.emplace_back();
        control.name = name;
        control.kind = kind;
    }
    std::ranges::move(test::v4l2_controls(), std::back_inserter(controls));
    return controls;
}

std::string refused(const Settings& settings) {
    const auto plan = plan_controls(usb_camera(), settings);
    REQUIRE_FALSE(plan.has_value());
    return plan.error().message;
}

/// The inactive control's text.
std::string inactive(const std::vector<CameraControl>& controls, const char* name) {
    return inactive_text(controls, *std::ranges::find(controls, name, &CameraControl::name));
}

} // namespace

TEST_CASE("V4L2 names are those that v4l2-ctl prints") {
    CHECK(v4l2_name("Focus, Automatic Continuous") == "focus_automatic_continuous");
    CHECK(v4l2_name("Power Line Frequency") == "power_line_frequency");
    CHECK(v4l2_name("White Balance, Auto & Preset") == "white_balance_auto_preset");
    CHECK(v4l2_name("LED1 Mode (Logitech)") == "led1_mode_logitech");
    CHECK(v4l2_name("") == "");
}

TEST_CASE("libcamera's names are set by libcamera, V4L2's on the device") {
    const auto plan =
        plan_controls(usb_camera(), Settings{{"Brightness", 0.5},
                                             {"power_line_frequency", std::string("50 Hz")},
                                             {"ExposureTime", std::int64_t{20'000}}});
    REQUIRE(plan.has_value());
    CHECK(plan->libcamera == Settings{{"Brightness", 0.5}, {"ExposureTime", std::int64_t{20'000}}});
    REQUIRE(plan->v4l2.size() == 1);
    CHECK(plan->v4l2[0].id == 0x00980918);
    CHECK(plan->v4l2[0].value == 1);
}

TEST_CASE("automatic controls are set first, then menus, then the rest in the configured order") {
    const auto plan =
        plan_controls(usb_camera(), Settings{{"focus_absolute", std::int64_t{120}},
                                             {"power_line_frequency", std::int64_t{2}},
                                             {"exposure_time_absolute", std::int64_t{100}},
                                             {"focus_automatic_continuous", false},
                                             {"brightness", std::int64_t{-3}},
                                             {"auto_exposure", std::string("manual mode")}});
    REQUIRE(plan.has_value());
    std::vector<std::pair<std::uint32_t, std::int64_t>> order;
    for (const V4l2Setting& setting : plan->v4l2) {
        order.emplace_back(setting.id, setting.value);
    }
    CHECK(order == std::vector<std::pair<std::uint32_t, std::int64_t>>{{0x009a090c, 0},
                                                                       {0x009a0901, 1},
                                                                       {0x00980918, 2},
                                                                       {0x009a090a, 120},
                                                                       {0x009a0902, 100},
                                                                       {0x00980900, -3}});
}

TEST_CASE("a control can't be set both by libcamera's and by V4L2's name") {
    CHECK(refused({{"Brightness", 0.5}, {"brightness", std::int64_t{3}}}) ==
          "controls Brightness and brightness are the same control of the camera: remove one of "
          "them");
    CHECK_THAT(refused({{"auto_exposure", std::int64_t{1}}, {"AeEnable", false}}),
               ContainsSubstring("AeEnable and auto_exposure"));
    CHECK(
        plan_controls(usb_camera(), Settings{{"AeEnable", false}, {"brightness", std::int64_t{3}}})
            .has_value());
}

TEST_CASE("values that a V4L2 control doesn't take are refused with its range") {
    CHECK(refused({{"focus_absolute", std::int64_t{251}}}) ==
          "control focus_absolute: found 251, the camera takes a whole number from 0 to 250");
    CHECK_THAT(refused({{"brightness", -64.5}}), ContainsSubstring("from -64 to 64"));
    CHECK_THAT(refused({{"focus_automatic_continuous", std::string("off")}}),
               ContainsSubstring("true or false"));
    CHECK(refused({{"privacy", false}}) == "control privacy can only be read");
    CHECK_THAT(refused({{"focus_absolut", std::int64_t{1}}}),
               ContainsSubstring("did you mean focus_absolute?"));
}

TEST_CASE("all settings that the camera refuses are named, in their order") {
    const Settings settings{{"AeEnable", std::int64_t{1}},
                            {"Brightness", 0.5},
                            {"focus_absolute", std::int64_t{251}},
                            {"privacy", false},
                            {"brightness", std::int64_t{3}}};
    const std::vector<std::string> expected{
        "control AeEnable: found 1, the camera takes true or false",
        "control focus_absolute: found 251, the camera takes a whole number from 0 to 250",
        "control privacy can only be read",
        "controls Brightness and brightness are the same control of the camera: remove one of them"};
    CHECK(control_problems(usb_camera(), settings) == expected);
    CHECK(refused(settings) ==
          expected[0] + "; " + expected[1] + "; " + expected[2] + "; " + expected[3]);
    CHECK(control_problems(usb_camera(), Settings{{"Brightness", 0.5}}).empty());
}

TEST_CASE("the text about an inactive control names the automatic one and its value for off") {
    auto controls = usb_camera();
    CHECK(inactive(controls, "focus_absolute") ==
          "control focus_absolute has no effect while focus_automatic_continuous is true: set "
          "focus_automatic_continuous = false");
    CHECK(inactive(controls, "exposure_time_absolute") ==
          "control exposure_time_absolute has no effect while auto_exposure is \"Aperture Priority "
          "Mode\": set auto_exposure = \"Manual Mode\"");
    // One whose dependency V4L2 doesn't define.
    CHECK(inactive(controls, "power_line_frequency") ==
          "control power_line_frequency is inactive: another control has to be switched off first, "
          "perhaps white_balance_automatic or auto_exposure or focus_automatic_continuous");
    std::erase_if(controls, [](const CameraControl& control) {
        return control.name.find("auto") != std::string::npos;
    });
    CHECK(inactive(controls, "focus_absolute") ==
          "control focus_absolute is inactive: another control has to be switched off first");
}
