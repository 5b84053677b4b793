#include "camera/focus.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "camera/camera_controls.hpp"

namespace ringcast::camera {

namespace {

using config::ControlSetting;
using source::CameraControl;

constexpr std::string_view mode_name = "AfMode";
constexpr std::string_view position_name = "LensPosition";

const CameraControl* find_mode(std::span<const CameraControl> controls) noexcept {
    const auto found = std::ranges::find(controls, mode_name, &CameraControl::name);
    return found == controls.end() ? nullptr : &*found;
}

bool sets(std::span<const ControlSetting> configured, std::string_view name) noexcept {
    return std::ranges::find(configured, name, &ControlSetting::name) != configured.end();
}

} // namespace

std::optional<ControlSetting> default_focus(std::span<const CameraControl> controls,
                                            std::span<const ControlSetting> configured) {
    const CameraControl* const mode = find_mode(controls);
    if (mode == nullptr || sets(configured, mode_name)) {
        return std::nullopt;
    }
    // The lens obeys LensPosition in manual focus only.
    const std::string_view wanted =
        sets(configured, position_name) ? "AfModeManual" : "AfModeContinuous";
    const auto choice = std::ranges::find(mode->choices, wanted, &CameraControl::Choice::name);
    if (choice == mode->choices.end()) {
        return std::nullopt;
    }
    return ControlSetting{std::string(mode_name), choice->value};
}

std::string focus_text(std::span<const CameraControl> controls,
                       std::span<const ControlSetting> configured) {
    const CameraControl* const mode = find_mode(controls);
    const auto* const value =
        mode != nullptr && mode->value ? std::get_if<std::int64_t>(&*mode->value) : nullptr;
    if (value == nullptr) {
        return {};
    }
    std::vector<std::string> names;
    names.reserve(mode->choices.size());
    for (const CameraControl::Choice& choice : mode->choices) {
        names.push_back(choice.name);
    }
    const auto chosen = std::ranges::find(mode->choices, *value, &CameraControl::Choice::value);
    const auto index = static_cast<std::size_t>(chosen - mode->choices.begin());
    return short_names(names).at(index) + (sets(configured, mode_name) ? "" : " (default)");
}

} // namespace ringcast::camera
