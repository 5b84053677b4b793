#include "camera/focus.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::camera {

namespace {

using config::ControlSetting;
using source::CameraControl;
using Value = ControlSetting::Value;

/// A Raspberry Pi Camera Module 3 has these, and a lens position in dioptres.
const std::vector<CameraControl::Choice> modes{
    {0, "AfModeManual"}, {1, "AfModeAuto"}, {2, "AfModeContinuous"}};

CameraControl mode_control(const std::vector<CameraControl::Choice>& choices) {
    CameraControl mode;
    mode.name = "AfMode";
    mode.kind = source::ControlKind::enumeration;
    mode.choices = choices;
    return mode;
}

/// The controls after the camera was started with this AfMode.
std::vector<CameraControl> started_with(Value value) {
    std::vector<CameraControl> controls{mode_control(modes)};
    controls.front().value = std::move(value);
    return controls;
}

} // namespace

TEST_CASE("a camera with autofocus is set to continuous focus if the configuration sets none") {
    const std::vector<CameraControl> controls{mode_control(modes)};
    const std::vector<ControlSetting> brightness{{"Brightness", 0.1}};
    CHECK(default_focus(controls, {}) == ControlSetting{"AfMode", std::int64_t{2}});
    CHECK(default_focus(controls, brightness) == ControlSetting{"AfMode", std::int64_t{2}});
}

TEST_CASE("a configured focus mode is left as it is") {
    const std::vector<CameraControl> controls{mode_control(modes)};
    const std::vector<ControlSetting> manual{{"AfMode", std::string("manual")},
                                             {"LensPosition", 2.0}};
    CHECK_FALSE(default_focus(controls, manual));
}

TEST_CASE("a configured lens position implies manual focus") {
    const std::vector<CameraControl> controls{mode_control(modes)};
    const std::vector<ControlSetting> position{{"LensPosition", 2.0}};
    CHECK(default_focus(controls, position) == ControlSetting{"AfMode", std::int64_t{0}});
}

TEST_CASE("focus is not set on a camera that does not support the mode") {
    const std::vector<CameraControl> no_autofocus{CameraControl{}};
    CHECK_FALSE(default_focus(no_autofocus, {}));
    const std::vector<CameraControl> single_shot{
        mode_control({{0, "AfModeManual"}, {1, "AfModeAuto"}})};
    CHECK_FALSE(default_focus(single_shot, {}));
}

TEST_CASE("status has the focus mode, and whether it is the default") {
    const std::vector<ControlSetting> automatic{{"AfMode", std::string("auto")}};
    const std::vector<ControlSetting> position{{"LensPosition", 2.0}};
    CHECK(focus_text(started_with(std::int64_t{2}), {}) == "continuous (default)");
    CHECK(focus_text(started_with(std::int64_t{1}), automatic) == "auto");
    CHECK(focus_text(started_with(std::int64_t{0}), position) == "manual (default)");
}

TEST_CASE("status has no focus mode for a camera without autofocus, or if none was set") {
    CHECK(focus_text({}, {}).empty());
    const std::vector<CameraControl> unset{mode_control(modes)};
    CHECK(focus_text(unset, {}).empty());
}

} // namespace ringcast::camera
