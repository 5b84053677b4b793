#include "camera/camera_controls.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using Catch::Matchers::ContainsSubstring;
using source::CameraControl;
using source::ControlKind;
using Value = config::ControlSetting::Value;
using Numbers = std::vector<double>;

namespace {

CameraControl control(std::string name, ControlKind kind, std::uint16_t count = 1) {
    CameraControl made;
    made.name = std::move(name);
    made.kind = kind;
    made.count = count;
    return made;
}

std::vector<CameraControl> camera() {
    CameraControl brightness = control("Brightness", ControlKind::number);
    brightness.min = -1.0;
    brightness.max = 1.0;
    CameraControl exposure = control("ExposureTime", ControlKind::integer);
    exposure.min = std::int64_t{100};
    exposure.max = std::int64_t{66'000};
    CameraControl focus = control("AfMode", ControlKind::enumeration);
    focus.choices = {{0, "AfModeManual"}, {1, "AfModeAuto"}, {2, "AfModeContinuous"}};
    CameraControl modes = focus;
    modes.name = "Modes";
    modes.count = 2;
    CameraControl gains = control("ColourGains", ControlKind::number, 2);
    gains.min = 0.0;
    gains.max = 32.0;
    return {brightness,
            exposure,
            focus,
            gains,
            control("AeEnable", ControlKind::boolean),
            control("ScalerCrop", ControlKind::rectangle),
            control("AfWindows", ControlKind::rectangle, 0),
            modes,
            control("Flags", ControlKind::boolean, 2),
            control("Note", ControlKind::text)};
}

Value taken(const char* name, Value value) {
    const auto controls = camera();
    const auto match = match_control(controls, {name, std::move(value)});
    INFO((match ? std::string() : match.error().message));
    REQUIRE(match.has_value());
    CHECK(match->control->name == name);
    return match->value;
}

std::string refused(const char* name, Value value) {
    const auto controls = camera();
    const auto match = match_control(controls, {name, std::move(value)});
    REQUIRE_FALSE(match.has_value());
    return match.error().message;
}

} // namespace

TEST_CASE("controls accept values of their kind") {
    CHECK(taken("AeEnable", false) == Value(false));
    CHECK(taken("Brightness", 0.5) == Value(0.5));
    CHECK(taken("Brightness", std::int64_t{1}) == Value(1.0));
    CHECK(taken("ExposureTime", std::int64_t{20'000}) == Value(std::int64_t{20'000}));
    CHECK(taken("ExposureTime", 20'000.0) == Value(std::int64_t{20'000}));
    CHECK(taken("Note", std::string("x")) == Value(std::string("x")));
    CHECK(taken("ColourGains", Numbers{1.5, 2}) == Value(Numbers{1.5, 2}));
    CHECK(taken("Modes", Numbers{2, 0}) == Value(Numbers{2, 0}));
    CHECK(taken("ScalerCrop", Numbers{0, 0, 640, 480}) == Value(Numbers{0, 0, 640, 480}));
    CHECK(taken("AfWindows", Numbers{0, 0, 6, 4, 1, 1, 2, 2}) ==
          Value(Numbers{0, 0, 6, 4, 1, 1, 2, 2}));
}

TEST_CASE("enumerators are accepted with or without their common prefix, in upper and lower case") {
    for (const char* name : {"AfModeContinuous", "continuous", "Continuous", "afmode-continuous"}) {
        CAPTURE(name);
        CHECK(taken("AfMode", std::string(name)) == Value(std::int64_t{2}));
    }
    CHECK(taken("AfMode", std::int64_t{1}) == Value(std::int64_t{1}));
    CHECK(refused("AfMode", std::string("macro")) ==
          "control AfMode: found \"macro\", the camera takes one of \"manual\", \"auto\", "
          "\"continuous\"");
    CHECK_THAT(refused("AfMode", std::int64_t{3}), ContainsSubstring("found 3"));
}

TEST_CASE("the error for a value out of range or of another kind says what the camera accepts") {
    CHECK(refused("Brightness", 1.5) ==
          "control Brightness: found 1.5, the camera takes a number from -1 to 1");
    CHECK(refused("ExposureTime", std::int64_t{99}) ==
          "control ExposureTime: found 99, the camera takes a whole number from 100 to 66000");
    CHECK_THAT(refused("ExposureTime", 150.5), ContainsSubstring("found 150.5"));
    CHECK_THAT(refused("ExposureTime", 1e300), ContainsSubstring("a whole number"));
    CHECK_THAT(refused("ExposureTime", true), ContainsSubstring("found true"));
    CHECK_THAT(refused("AeEnable", std::int64_t{1}), ContainsSubstring("takes true or false"));
    CHECK_THAT(refused("Note", 1.0), ContainsSubstring("takes a text"));
    CHECK(refused("ColourGains", Numbers{1.5}) ==
          "control ColourGains: found [1.5], the camera takes a list of 2 numbers, each a number "
          "from 0 to 32");
    CHECK_THAT(refused("ColourGains", Numbers{1, 33}), ContainsSubstring("found [1, 33]"));
    CHECK_THAT(refused("ColourGains", 1.5), ContainsSubstring("takes a list"));
    CHECK_THAT(refused("Modes", Numbers{2, 3}), ContainsSubstring("found [2, 3]"));
    CHECK_THAT(refused("Modes", Numbers{0.5, 0}), ContainsSubstring("\"continuous\""));
    CHECK_THAT(refused("Flags", Numbers{1, 0}), ContainsSubstring("true or false"));
    CHECK_THAT(refused("Brightness", Numbers{1}), ContainsSubstring("takes a number"));
    CHECK_THAT(refused("ScalerCrop", Numbers{0, 0, 640}),
               ContainsSubstring("takes a list of 4 numbers: x, y, width, height"));
    CHECK_THAT(refused("AfWindows", Numbers{0, 0, 0.5, 4}),
               ContainsSubstring("takes a list of numbers, 4 by 4: x, y, width, height"));
}

TEST_CASE("rectangles may begin left of the picture, but not have a negative width") {
    const Numbers left{-10, -5, 640, 480};
    CHECK(taken("ScalerCrop", left) == Value(left));
    CHECK_THAT(refused("ScalerCrop", Numbers{0, 0, -640, 480}), ContainsSubstring("-640"));
    CHECK_THAT(refused("AfWindows", Numbers{0, 0, 6, 4, 1, 1, 2, -2}), ContainsSubstring("-2"));
    CHECK_THAT(refused("ScalerCrop", Numbers{4e9, 0, 640, 480}), ContainsSubstring("width"));
}

TEST_CASE("the error for an unknown control lists those that the camera has") {
    CHECK(refused("Brightnes", 0.5) ==
          "the camera has no control Brightnes (did you mean Brightness?); it has Brightness, "
          "ExposureTime, AfMode, ColourGains, AeEnable, ScalerCrop, AfWindows, Modes, Flags, Note");
    CHECK(match_control({}, {"Gamma", 1.0}).error().message ==
          "the camera has no control Gamma; it has none");
}

TEST_CASE("the items of a V4L2 menu are accepted by their text or index") {
    CameraControl frequency = control("power_line_frequency", ControlKind::enumeration);
    frequency.v4l2_id = 0x00980918;
    frequency.choices = {{0, "Disabled"}, {1, "50 Hz"}, {2, "60 Hz"}};
    const std::vector<CameraControl> controls{frequency};
    const auto value = [&](Value from) {
        return match_control(controls, {"power_line_frequency", std::move(from)});
    };
    for (const char* text : {"50 Hz", "50hz", "50-Hz"}) {
        CAPTURE(text);
        CHECK(value(std::string(text)).value().value == Value(std::int64_t{1}));
    }
    CHECK(value(std::int64_t{2}).value().value == Value(std::int64_t{2}));
    CHECK(value(std::int64_t{3}).error().message ==
          "control power_line_frequency: found 3, the camera takes one of \"Disabled\" (0), "
          "\"50 Hz\" (1), \"60 Hz\" (2)");
    CHECK_FALSE(value(std::string("Hz")).has_value());
    CHECK_FALSE(value(true).has_value());
}

TEST_CASE("V4L2's booleans may be written as 0 and 1") {
    CameraControl focus = control("focus_automatic_continuous", ControlKind::boolean);
    focus.v4l2_id = 0x009a090c;
    const std::vector<CameraControl> controls{focus};
    CHECK(match_control(controls, {focus.name, std::int64_t{0}}).value().value == Value(false));
    CHECK(match_control(controls, {focus.name, true}).value().value == Value(true));
    CHECK_FALSE(match_control(controls, {focus.name, std::int64_t{2}}).has_value());
}

TEST_CASE("the error for an unknown control tells libcamera's names from V4L2's") {
    std::vector<CameraControl> controls{
        control("Brightness", ControlKind::number), control("brightness", ControlKind::integer),
        control("focus_automatic_continuous", ControlKind::boolean)};
    const auto message = [&](const char* name) {
        return match_control(controls, {name, false}).error().message;
    };
    CHECK_THAT(message("focus_absolute"),
               ContainsSubstring("V4L2's names, in lower case, are for USB cameras only"));
    controls[1].v4l2_id = 0x00980900;
    controls[2].v4l2_id = 0x009a090c;
    CHECK(message("brightnes") == "the camera has no control brightnes (did you mean brightness?); "
                                  "it has Brightness, and on its V4L2 device brightness, "
                                  "focus_automatic_continuous");
    // The driver's name until Linux 5.15.
    CHECK_THAT(message("focus_auto"),
               ContainsSubstring("did you mean focus_automatic_continuous?"));
    CHECK_THAT(message("exposure_auto"), !ContainsSubstring("did you mean"));
}

TEST_CASE("enumerators are shortened at whole words") {
    using Names = std::vector<std::string>;
    CHECK(short_names(Names{"MeteringCentreWeighted", "MeteringSpot", "MeteringMatrix"}) ==
          Names{"centre-weighted", "spot", "matrix"});
    CHECK(short_names(Names{"AwbAuto", "AwbIncandescent"}) == Names{"auto", "incandescent"});
    CHECK(short_names(Names{"HdrModeMultiExposure", "HdrModeMultiExposureUnmerged"}) ==
          Names{"exposure", "exposure-unmerged"});
    CHECK(short_names(Names{"Normal", "Night"}) == Names{"normal", "night"});
    CHECK(short_names(Names{"OnlyOne"}) == Names{"only-one"});
    CHECK(short_names(Names{}).empty());
}
