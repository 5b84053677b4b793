#include "libcamera/libcamera_convert.hpp"

#include <array>

#include <catch2/catch_test_macros.hpp>
#include <libcamera/control_ids.h>
#include <libcamera/version.h>

#include "camera/focus.hpp"

using namespace ringcast;
using namespace ringcast::capture;
using source::CameraControl;
using source::ControlKind;

namespace controls = libcamera::controls;

namespace {

/// Typical controls of a camera.
libcamera::ControlInfoMap some_controls() {
    return {{{&controls::AfMode, libcamera::ControlInfo(controls::AfModeValues)},
             {&controls::Brightness, libcamera::ControlInfo(-1.0F, 1.0F, 0.1F)},
             {&controls::ColourGains, libcamera::ControlInfo(0.0F, 32.0F)},
             {&controls::ExposureTime, libcamera::ControlInfo(100, 66666)}},
            controls::controls};
}

} // namespace

TEST_CASE("controls are described alike whichever libcamera there is") {
    const libcamera::ControlInfoMap infos = some_controls();
    const std::vector<CameraControl> described = controls_of(infos);
    REQUIRE(described.size() == 4);
    CHECK(described[0].name == "AfMode");
    CHECK(described[0].kind == ControlKind::enumeration);
    REQUIRE(described[0].choices.size() == 3);
    CHECK(described[0].choices[2].name == "AfModeContinuous");
    CHECK(described[0].choices[2].value == controls::AfModeContinuous);
    CHECK(described[1].name == "Brightness");
    CHECK(described[1].kind == ControlKind::number);
    CHECK(described[1].min == config::ControlSetting::Value(-1.0));
    CHECK(described[1].max == config::ControlSetting::Value(1.0));
    CHECK(described[1].initial == config::ControlSetting::Value(0.1));
    CHECK_FALSE(described[1].value); // not set
    CHECK(described[2].name == "ColourGains");
    CHECK(described[2].count == 2);
    CHECK(described[3].name == "ExposureTime");
    CHECK(described[3].kind == ControlKind::integer);
    CHECK(described[3].max == config::ControlSetting::Value(std::int64_t{66666}));
}

TEST_CASE("an enumeration has only the enumerators that the camera supports") {
    const std::array<libcamera::ControlValue, 2> has{
        libcamera::ControlValue(std::int32_t{controls::AfModeManual}),
        libcamera::ControlValue(std::int32_t{controls::AfModeAuto})};
    const libcamera::ControlInfoMap infos(
        {{&controls::AfMode, libcamera::ControlInfo(libcamera::Span<const libcamera::ControlValue>(
                                 has.data(), has.size()))}},
        controls::controls);
    const std::vector<CameraControl> described = controls_of(infos);
    REQUIRE(described.size() == 1);
    REQUIRE(described[0].choices.size() == 2);
    CHECK(described[0].choices[0].name == "AfModeManual");
    CHECK(described[0].choices[1].name == "AfModeAuto");
}

TEST_CASE("settings are converted to libcamera's values") {
    const libcamera::ControlInfoMap infos = some_controls();
    std::vector<CameraControl> described = controls_of(infos);
    const auto setting = [](const char* name, config::ControlSetting::Value value) {
        config::ControlSetting control;
        control.name = name;
        control.value = std::move(value);
        return control;
    };
    const auto list = control_list(infos,
                                   {setting("AfMode", std::string("continuous")),
                                    setting("ColourGains", std::vector<double>{1.5, 2.0}),
                                    setting("ExposureTime", std::int64_t{20000})},
                                   described);
    REQUIRE(list);
    using Value = config::ControlSetting::Value;
    CHECK(described[0].value == Value(std::int64_t{controls::AfModeContinuous}));
    CHECK(described[3].value == Value(std::int64_t{20000}));
    CHECK(list->get(controls::AfMode) == controls::AfModeContinuous);
    CHECK(list->get(controls::ExposureTime) == 20000);
    const auto gains = list->get(controls::ColourGains);
    REQUIRE(gains);
    CHECK((*gains)[0] == 1.5F);
    CHECK((*gains)[1] == 2.0F);
    CHECK_FALSE(control_list(infos, {setting("Sharpness", 1.0)}, described));
}

TEST_CASE("the default focus is converted to libcamera's value") {
    const libcamera::ControlInfoMap infos = some_controls();
    std::vector<CameraControl> described = controls_of(infos);
    const auto focus = camera::default_focus(described, {});
    REQUIRE(focus);
    const auto list = control_list(infos, {*focus}, described);
    REQUIRE(list);
    CHECK(list->get(controls::AfMode) == controls::AfModeContinuous);
    CHECK(camera::focus_text(described, {}) == "continuous (default)");
}

TEST_CASE(
    "without a limit of the camera a whole number is limited by the range of libcamera's type") {
    const libcamera::ControlInfoMap infos{
        {{&controls::ExposureTime, libcamera::ControlInfo(libcamera::ControlValue(100))}},
        controls::controls};
    std::vector<CameraControl> described = controls_of(infos);
    REQUIRE(described.size() == 1);
    CHECK(described[0].min == config::ControlSetting::Value(std::int64_t{100}));
    CHECK(described[0].max == config::ControlSetting::Value(std::int64_t{INT32_MAX}));
    const config::ControlSetting too_long{"ExposureTime", std::int64_t{5'000'000'000}};
    CHECK_FALSE(control_list(infos, {too_long}, described));
}

TEST_CASE("exposure has settled unless the camera reports that it is still searching") {
    const ExposureIds ids = exposure_ids();
    REQUIRE((ids.locked != 0 || ids.state != 0));
    libcamera::ControlList metadata(controls::controls);
    CHECK_FALSE(exposure_settled(metadata, ids));
    if (ids.state != 0) {
        constexpr std::int32_t idle = 0;
        constexpr std::int32_t searching = 1;
        constexpr std::int32_t converged = 2;
        metadata.set(ids.state, libcamera::ControlValue(searching));
        CHECK(exposure_settled(metadata, ids) == false);
        metadata.set(ids.state, libcamera::ControlValue(converged));
        CHECK(exposure_settled(metadata, ids) == true);
        metadata.set(ids.state, libcamera::ControlValue(idle));
        CHECK(exposure_settled(metadata, ids) == true);
    }
    if (ids.locked != 0) {
        metadata.set(ids.locked, libcamera::ControlValue(false));
        CHECK(exposure_settled(metadata, ids) == false);
        metadata.set(ids.locked, libcamera::ControlValue(true));
        CHECK(exposure_settled(metadata, ids) == true);
    }
}

TEST_CASE("a frame from before the camera's algorithms have settled is recognised") {
    libcamera::FrameMetadata metadata{};
    metadata.status = libcamera::FrameMetadata::FrameSuccess;
    CHECK_FALSE(is_startup(metadata));
    metadata.status = libcamera::FrameMetadata::FrameError;
    CHECK_FALSE(is_startup(metadata));
#if LIBCAMERA_VERSION_MAJOR > 0 || LIBCAMERA_VERSION_MINOR >= 7
    metadata.status = libcamera::FrameMetadata::FrameStartup;
    CHECK(is_startup(metadata));
#endif
}
