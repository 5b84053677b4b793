#include "camera/control_plan.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "camera/camera_controls.hpp"
#include "config/describe.hpp"

namespace ringcast::camera {

namespace {

using config::ControlSetting;
using source::CameraControl;
using source::ControlKind;

// Ids of V4L2 controls (linux/v4l2-controls.h), part of the kernel's interface to programs.
namespace id {
constexpr std::uint32_t brightness = 0x00980900;
constexpr std::uint32_t contrast = 0x00980901;
constexpr std::uint32_t saturation = 0x00980902;
constexpr std::uint32_t hue = 0x00980903;
constexpr std::uint32_t auto_white_balance = 0x0098090c;
constexpr std::uint32_t red_balance = 0x0098090e;
constexpr std::uint32_t blue_balance = 0x0098090f;
constexpr std::uint32_t gamma = 0x00980910;
constexpr std::uint32_t autogain = 0x00980912;
constexpr std::uint32_t gain = 0x00980913;
constexpr std::uint32_t hue_auto = 0x00980919;
constexpr std::uint32_t white_balance_temperature = 0x0098091a;
constexpr std::uint32_t autobrightness = 0x00980920;
constexpr std::uint32_t exposure_auto = 0x009a0901;
constexpr std::uint32_t exposure_absolute = 0x009a0902;
constexpr std::uint32_t focus_absolute = 0x009a090a;
constexpr std::uint32_t focus_relative = 0x009a090b;
constexpr std::uint32_t focus_auto = 0x009a090c;
constexpr std::uint32_t iris_absolute = 0x009a0911;
constexpr std::uint32_t iris_relative = 0x009a0912;
} // namespace id

struct SameControl {
    std::string_view libcamera;
    std::uint32_t v4l2_id;
};
/// The controls that libcamera's handler for USB cameras provides.
constexpr std::array<SameControl, 8> both_ways{{
    {"AeEnable", id::exposure_auto},
    {"AnalogueGain", id::gain},
    {"Brightness", id::brightness},
    {"Contrast", id::contrast},
    {"ExposureTime", id::exposure_absolute},
    {"ExposureTimeMode", id::exposure_auto},
    {"Gamma", id::gamma},
    {"Saturation", id::saturation},
}};

struct Dependency {
    std::uint32_t manual;
    std::uint32_t automatic;
    std::int64_t off; ///< the value of the automatic control with which the manual one is active
};
constexpr std::int64_t manual_exposure = 1; // V4L2_EXPOSURE_MANUAL
constexpr std::array<Dependency, 11> dependencies{{
    {id::exposure_absolute, id::exposure_auto, manual_exposure},
    {id::iris_absolute, id::exposure_auto, manual_exposure},
    {id::iris_relative, id::exposure_auto, manual_exposure},
    {id::focus_absolute, id::focus_auto, 0},
    {id::focus_relative, id::focus_auto, 0},
    {id::white_balance_temperature, id::auto_white_balance, 0},
    {id::red_balance, id::auto_white_balance, 0},
    {id::blue_balance, id::auto_white_balance, 0},
    {id::gain, id::autogain, 0},
    {id::hue, id::hue_auto, 0},
    {id::brightness, id::autobrightness, 0},
}};

const CameraControl* find_name(std::span<const CameraControl> controls, std::string_view name) {
    const auto found = std::ranges::find(controls, name, &CameraControl::name);
    return found == controls.end() ? nullptr : &*found;
}

const CameraControl* find_id(std::span<const CameraControl> controls, std::uint32_t v4l2_id) {
    const auto found = std::ranges::find(controls, v4l2_id, &CameraControl::v4l2_id);
    return found == controls.end() ? nullptr : &*found;
}

/// V4L2 has no mark for them, but each has "auto" in its name: auto_exposure, autogain,
/// white_balance_automatic.
bool is_automatic(const CameraControl& control) noexcept {
    return control.v4l2_id != 0 && control.name.find("auto") != std::string::npos;
}

int order_of(const CameraControl& control) noexcept {
    if (is_automatic(control)) {
        return 0;
    }
    return control.kind == ControlKind::enumeration ? 1 : 2;
}

std::int64_t integer_of(const ControlSetting::Value& value) {
    const auto* const boolean = std::get_if<bool>(&value);
    return boolean != nullptr ? static_cast<std::int64_t>(*boolean) : std::get<std::int64_t>(value);
}

/// The value as it is written in the configuration.
std::string value_text(const CameraControl& control, std::int64_t value) {
    if (control.kind == ControlKind::boolean) {
        return value == 0 ? "false" : "true";
    }
    const auto item = std::ranges::find(control.choices, value, &CameraControl::Choice::value);
    return item == control.choices.end() ? fmt::format("{}", value)
                                         : fmt::format("\"{}\"", item->name);
}

/// The error for two settings of the same control; none if there are none.
std::optional<std::string> conflict(std::span<const CameraControl> controls,
                                    std::span<const ControlSetting> settings) {
    const auto configured = [&](std::string_view name) {
        return std::ranges::find(settings, name, &ControlSetting::name) != settings.end();
    };
    for (const SameControl& same : both_ways) {
        const CameraControl* const v4l2 = find_id(controls, same.v4l2_id);
        if (v4l2 != nullptr && configured(same.libcamera) && configured(v4l2->name)) {
            return fmt::format("controls {} and {} are the same control of the camera: remove one "
                               "of them",
                               same.libcamera, v4l2->name);
        }
    }
    return std::nullopt;
}

} // namespace

std::string v4l2_name(std::string_view text) {
    std::string name;
    bool separated = false;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) {
            separated = !name.empty();
            continue;
        }
        if (std::exchange(separated, false)) {
            name += '_';
        }
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return name;
}

std::vector<std::string> control_problems(std::span<const CameraControl> controls,
                                          std::span<const ControlSetting> settings) {
    std::vector<std::string> problems;
    for (const ControlSetting& setting : settings) {
        const CameraControl* const control = find_name(controls, setting.name);
        if (control != nullptr && control->read_only) {
            problems.push_back(fmt::format("control {} can only be read", setting.name));
        } else if (auto match = match_control(controls, setting); !match) {
            problems.push_back(std::move(match).error().message);
        }
    }
    if (auto message = conflict(controls, settings)) {
        problems.push_back(std::move(*message));
    }
    return problems;
}

Result<ControlPlan> plan_controls(std::span<const CameraControl> controls,
                                  std::span<const ControlSetting> settings) {
    if (const auto problems = control_problems(controls, settings); !problems.empty()) {
        return fail(fmt::format("{}", fmt::join(problems, "; ")));
    }
    ControlPlan plan;
    for (const ControlSetting& setting : settings) {
        const auto match = match_control(controls, setting);
        RINGCAST_ASSERT(match.has_value());
        if (match->control->v4l2_id == 0) {
            plan.libcamera.push_back(setting);
        } else {
            plan.v4l2.push_back({match->control->v4l2_id, integer_of(match->value)});
        }
    }
    std::ranges::stable_sort(plan.v4l2, {}, [&](const V4l2Setting& setting) {
        const CameraControl* const control = find_id(controls, setting.id);
        RINGCAST_ASSERT(control != nullptr);
        return order_of(*control);
    });
    return plan;
}

std::string inactive_text(std::span<const CameraControl> controls, const CameraControl& control) {
    for (const Dependency& dependency : dependencies) {
        const CameraControl* const automatic = find_id(controls, dependency.automatic);
        if (dependency.manual == control.v4l2_id && automatic != nullptr) {
            const std::string now =
                automatic->current
                    ? " is " + value_text(*automatic, integer_of(*automatic->current))
                    : " is on";
            return fmt::format("control {} has no effect while {}{}: set {} = {}", control.name,
                               automatic->name, now, automatic->name,
                               value_text(*automatic, dependency.off));
        }
    }
    std::vector<std::string_view> suspects;
    for (const CameraControl& other : controls) {
        if (is_automatic(other) && other.v4l2_id != control.v4l2_id) {
            suspects.push_back(other.name);
        }
    }
    return fmt::format("control {} is inactive: another control has to be switched off first{}",
                       control.name,
                       suspects.empty() ? std::string()
                                        : fmt::format(", perhaps {}", fmt::join(suspects, " or ")));
}

} // namespace ringcast::camera
