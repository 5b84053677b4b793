#include "capture/v4l2_controls.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "camera/v4l2_samples.hpp"

using namespace ringcast;
using namespace ringcast::capture;
using Catch::Matchers::ContainsSubstring;
using source::CameraControl;
using Value = CameraControl::Value;

namespace {

constexpr std::uint32_t frequency = 0x00980918;
constexpr std::uint32_t focus = 0x009a090a;
constexpr std::uint32_t auto_focus = 0x009a090c;

/// Focus depends on automatic focus. Focus has steps of 5.
class FakeControls final : public V4l2Controls {
public:
    bool refuses_inactive = true; ///< or it ignores the value, as some drivers do
    int error = 0;                ///< of each `set`
    std::vector<std::pair<std::uint32_t, std::int64_t>> sets;

    [[nodiscard]] std::vector<CameraControl> list() override { return controls_; }
    [[nodiscard]] int set(const CameraControl& control, std::int64_t value) override {
        if (error != 0) {
            return error;
        }
        CameraControl& own = find(control.v4l2_id);
        if (own.inactive) {
            return refuses_inactive ? EACCES : 0;
        }
        sets.emplace_back(control.v4l2_id, value);
        own.current = value / 5 * 5;
        if (control.v4l2_id == auto_focus) {
            own.current = value != 0;
            find(focus).inactive = value != 0;
        } else if (control.v4l2_id == frequency) {
            own.current = value;
        }
        return 0;
    }

private:
    CameraControl& find(std::uint32_t id) {
        return *std::ranges::find(controls_, id, &CameraControl::v4l2_id);
    }
    std::vector<CameraControl> controls_ = test::v4l2_controls();
};

const CameraControl& named(const std::vector<CameraControl>& controls, const char* name) {
    return *std::ranges::find(controls, name, &CameraControl::name);
}

} // namespace

TEST_CASE("controls are set in the given order, and listed with the device's values afterwards") {
    FakeControls device;
    std::vector<CameraControl> controls(1);
    controls.front().name = "Brightness"; // libcamera's
    std::ranges::move(device.list(), std::back_inserter(controls));
    const std::vector<camera::V4l2Setting> settings{{auto_focus, 0}, {frequency, 1}, {focus, 123}};
    REQUIRE(set_v4l2_controls(device, settings, controls).has_value());
    CHECK(device.sets == std::vector<std::pair<std::uint32_t, std::int64_t>>{
                             {auto_focus, 0}, {frequency, 1}, {focus, 123}});
    CHECK(named(controls, "focus_automatic_continuous").value == Value(false));
    CHECK(named(controls, "power_line_frequency").value == Value(std::int64_t{1}));
    CHECK(named(controls, "power_line_frequency").current == Value(std::int64_t{1}));
    const CameraControl& position = named(controls, "focus_absolute");
    CHECK_FALSE(position.inactive);
    CHECK(position.value == Value(std::int64_t{123}));
    CHECK(position.current == Value(std::int64_t{120})); // the device rounds
    CHECK_FALSE(named(controls, "brightness").value.has_value());
    CHECK(controls.front().name == "Brightness");
    CHECK(controls.size() == device.list().size() + 1);
}

TEST_CASE("a control that an automatic one disables is refused with the remedy") {
    FakeControls device;
    for (const bool refuses : {true, false}) {
        CAPTURE(refuses);
        device.refuses_inactive = refuses;
        auto controls = device.list();
        const std::vector<camera::V4l2Setting> settings{{focus, 120}};
        const auto set = set_v4l2_controls(device, settings, controls);
        REQUIRE_FALSE(set.has_value());
        CHECK(set.error().error == camera::OpenError::refused);
        CHECK_THAT(set.error().message,
                   ContainsSubstring("set focus_automatic_continuous = false"));
        CHECK(set.error().reason == "the camera can't do what its configuration asks");
    }
}

TEST_CASE("an error of the device names the control, and says whether trying again helps") {
    FakeControls device;
    auto controls = device.list();
    const std::vector<camera::V4l2Setting> settings{{frequency, 2}};
    const auto failure = [&](int error) {
        device.error = error;
        return set_v4l2_controls(device, settings, controls).error();
    };
    CHECK(failure(EIO).error == camera::OpenError::unusable);
    CHECK(failure(EIO).message ==
          "control power_line_frequency can't be set to 2: Input/output error");
    CHECK(failure(ERANGE).error == camera::OpenError::refused);
    CHECK(failure(ENODEV).error == camera::OpenError::absent);
}

TEST_CASE("a change that can't be made whole leaves a device in use as it was") {
    FakeControls device;
    auto controls = device.list();
    const std::vector<camera::V4l2Setting> manual{{auto_focus, 0}, {frequency, 1}, {focus, 120}};
    REQUIRE(change_v4l2_controls(device, manual, controls).has_value());
    CHECK(named(controls, "focus_absolute").value == Value(std::int64_t{120}));
    const auto before = controls;
    device.sets.clear();
    // Automatic focus makes the position inactive.
    const std::vector<camera::V4l2Setting> both{{auto_focus, 1}, {frequency, 2}, {focus, 50}};
    const auto changed = change_v4l2_controls(device, both, controls);
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().error == camera::OpenError::refused);
    CHECK_THAT(changed.error().message,
               ContainsSubstring("set focus_automatic_continuous = false"));
    CHECK(named(controls, "focus_absolute").value == Value(std::int64_t{120}));
    const auto after = device.list();
    for (const char* name :
         {"focus_automatic_continuous", "power_line_frequency", "focus_absolute"}) {
        CAPTURE(name);
        CHECK(named(after, name).current == named(before, name).current);
        CHECK(named(after, name).inactive == named(before, name).inactive);
    }
}

TEST_CASE("only a USB camera has a V4L2 device with controls") {
    CHECK(open_v4l2_controls({}) == nullptr);
    const std::vector<std::uint64_t> null_device{0x103};
    CHECK(open_v4l2_controls(null_device) == nullptr);
}
