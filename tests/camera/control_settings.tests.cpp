#include "camera/control_settings.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using Catch::Matchers::ContainsSubstring;
using source::CameraControl;
using source::ControlChange;
using source::ControlKind;
using Settings = std::vector<config::ControlSetting>;

namespace {

CameraControl control(std::string name, ControlKind kind) {
    CameraControl made;
    made.name = std::move(name);
    made.kind = kind;
    return made;
}

std::vector<CameraControl> camera_with_autofocus() {
    CameraControl brightness = control("Brightness", ControlKind::number);
    brightness.min = -1.0;
    brightness.max = 1.0;
    brightness.initial = 0.0;
    CameraControl focus = control("AfMode", ControlKind::enumeration);
    focus.choices = {{0, "AfModeManual"}, {2, "AfModeContinuous"}};
    focus.initial = std::int64_t{0};
    CameraControl position = control("LensPosition", ControlKind::number);
    position.min = 0.0;
    position.max = 12.0;
    position.initial = 1.0;
    CameraControl gains = control("ColourGains", ControlKind::number);
    gains.count = 2;
    gains.min = 0.0;
    gains.max = 32.0;
    return {brightness, focus, position, gains};
}

/// Makes the change; returns what the camera is given.
Settings change(ControlSettings& settings, const std::vector<ControlChange>& changes) {
    auto update = settings.prepare(camera_with_autofocus(), changes);
    REQUIRE(update.has_value());
    settings.commit(std::move(update->changed));
    return update->apply;
}

std::string refused(const ControlSettings& settings, const std::vector<ControlChange>& changes) {
    const auto update = settings.prepare(camera_with_autofocus(), changes);
    REQUIRE_FALSE(update.has_value());
    return update.error().message;
}

const Settings continuous{{"AfMode", std::int64_t{2}}};

} // namespace

TEST_CASE("a change adds to the settings and replaces those of the configuration") {
    ControlSettings settings(Settings{{"Brightness", 0.1}, {"AfMode", std::string("manual")}});
    CHECK(settings.changed().empty());
    const Settings expected{
        {"Brightness", 0.5}, {"AfMode", std::string("manual")}, {"LensPosition", 3.0}};
    CHECK(change(settings, {{"LensPosition", 3.0}, {"Brightness", 0.5}}) == expected);
    CHECK(settings.all() == expected);
    CHECK(settings.changed() == Settings{{"LensPosition", 3.0}, {"Brightness", 0.5}});
    (void)change(settings, {{"LensPosition", 4.0}});
    CHECK(settings.changed() == Settings{{"Brightness", 0.5}, {"LensPosition", 4.0}});
    settings.drop_changed();
    CHECK(settings.all() == Settings{{"Brightness", 0.1}, {"AfMode", std::string("manual")}});
}

TEST_CASE("a control without a new value gets that of the configuration back, or its default") {
    ControlSettings settings(Settings{{"Brightness", 0.1}, {"AfMode", std::string("manual")}});
    (void)change(settings, {{"LensPosition", 3.0}, {"Brightness", 0.5}});
    CHECK(change(settings, {{"LensPosition", std::nullopt}, {"Brightness", std::nullopt}}) ==
          Settings{{"Brightness", 0.1}, {"AfMode", std::string("manual")}, {"LensPosition", 1.0}});
    CHECK(settings.changed().empty());
    CHECK(refused(settings, {{"ColourGains", std::nullopt}}) ==
          "control ColourGains: the camera does not say what its default is: expected a list of 2 "
          "numbers, each a number from 0 to 32");
}

TEST_CASE("the focus that is not set follows the lens position, as when the camera is opened") {
    ControlSettings settings(Settings{});
    CHECK(change(settings, {{"Brightness", 0.5}}) ==
          Settings{{"Brightness", 0.5}, {"AfMode", std::int64_t{2}}});
    CHECK(change(settings, {{"LensPosition", 3.0}, {"Brightness", std::nullopt}}) ==
          Settings{{"LensPosition", 3.0}, {"AfMode", std::int64_t{0}}, {"Brightness", 0.0}});
    (void)change(settings, {{"LensPosition", std::nullopt}, {"AfMode", std::string("manual")}});
    CHECK(change(settings, {{"AfMode", std::nullopt}}) == continuous);
}

TEST_CASE("a change is refused as a whole, with everything that the camera does not accept") {
    const ControlSettings settings(Settings{});
    const std::string message = refused(settings, {{"Brightness", 7.0},
                                                   {"LensPosition", 3.0},
                                                   {"AfMode", std::string("auto")},
                                                   {"Brightnes", 0.5},
                                                   {"Gain", std::nullopt}});
    CHECK_THAT(message,
               ContainsSubstring("Brightness: found 7, the camera takes a number from -1 to 1"));
    CHECK_THAT(message, ContainsSubstring("one of \"manual\", \"continuous\""));
    CHECK_THAT(message, ContainsSubstring("no control Brightnes (did you mean Brightness?)"));
    CHECK_THAT(message, ContainsSubstring("no control Gain"));
    CHECK_THAT(message, !ContainsSubstring("LensPosition: "));
    CHECK(settings.changed().empty());
}

TEST_CASE("no more controls can be set than the configuration can have") {
    std::vector<CameraControl> controls;
    std::vector<ControlChange> changes;
    for (std::size_t i = 0; i <= config::camera_controls_max; ++i) {
        controls.push_back(control("c" + std::to_string(i), ControlKind::boolean));
        changes.push_back({controls.back().name, true});
    }
    const ControlSettings settings(Settings{});
    const auto too_many = settings.prepare(controls, changes);
    REQUIRE_FALSE(too_many.has_value());
    CHECK(too_many.error().message == "65 controls would be set, at most 64 can be");
    changes.pop_back();
    CHECK(settings.prepare(controls, changes).has_value());
}
