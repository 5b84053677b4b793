#include "camera/control_settings.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "camera/camera_controls.hpp"
#include "camera/control_plan.hpp"
#include "camera/focus.hpp"

namespace ringcast::camera {

namespace {

using config::ControlSetting;
using source::CameraControl;
using source::ControlChange;

bool contains(std::span<const ControlSetting> settings, std::string_view name) noexcept {
    return std::ranges::find(settings, name, &ControlSetting::name) != settings.end();
}

std::vector<ControlSetting> merged(std::span<const ControlSetting> configured,
                                   std::span<const ControlSetting> changed) {
    std::vector<ControlSetting> all(configured.begin(), configured.end());
    for (const ControlSetting& setting : changed) {
        const auto known = std::ranges::find(all, setting.name, &ControlSetting::name);
        if (known == all.end()) {
            all.push_back(setting);
        } else {
            known->value = setting.value;
        }
    }
    return all;
}

/// The camera's default for the control, as a setting.
Result<ControlSetting> default_of(std::span<const CameraControl> controls,
                                  const std::string& name) {
    const auto control = std::ranges::find(controls, name, &CameraControl::name);
    const bool known = control != controls.end();
    ControlSetting setting{name, known && control->initial ? *control->initial
                                                           : ControlSetting::Value(false)};
    auto match = match_control(controls, setting);
    if (known && (!control->initial || !match)) {
        return fail(
            fmt::format("control {}: the camera does not say what its default is: expected {}",
                        name, accepted_text(*control)));
    }
    if (!match) {
        return tl::unexpected(std::move(match).error());
    }
    return setting;
}

} // namespace

std::vector<ControlSetting> ControlSettings::all() const {
    return merged(configured_, changed_);
}

Result<ControlSettings::Update>
ControlSettings::prepare(std::span<const CameraControl> controls,
                         std::span<const ControlChange> changes) const {
    Update update{changed_, {}};
    std::vector<ControlSetting> defaults;
    std::vector<std::string> problems;
    for (const ControlChange& change : changes) {
        std::erase_if(update.changed,
                      [&](const ControlSetting& known) { return known.name == change.name; });
        if (change.value) {
            update.changed.push_back({change.name, *change.value});
        } else if (!contains(configured_, change.name)) {
            auto initial = default_of(controls, change.name);
            initial ? defaults.push_back(*std::move(initial))
                    : problems.push_back(std::move(initial).error().message);
        }
    }
    update.apply = merged(configured_, update.changed);
    if (update.apply.size() > config::camera_controls_max) {
        problems.push_back(fmt::format("{} controls would be set, at most {} can be",
                                       update.apply.size(), config::camera_controls_max));
    }
    std::ranges::move(control_problems(controls, update.apply), std::back_inserter(problems));
    if (!problems.empty()) {
        return fail(fmt::format("{}", fmt::join(problems, "; ")));
    }
    // As when the camera is opened: the default focus is ringcast's, not the camera's.
    if (auto focus = default_focus(controls, update.apply)) {
        update.apply.push_back(*std::move(focus));
    }
    std::ranges::copy_if(
        defaults, std::back_inserter(update.apply),
        [&](const ControlSetting& setting) { return !contains(update.apply, setting.name); });
    return update;
}

} // namespace ringcast::camera
