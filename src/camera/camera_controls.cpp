#include "camera/camera_controls.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "config/describe.hpp"
#include "config/did_you_mean.hpp"
#include "config/units.hpp"

namespace ringcast::camera {

namespace {

using config::control_value_text;
using source::CameraControl;
using source::ControlKind;
using Value = config::ControlSetting::Value;

bool is_upper(char c) noexcept {
    return std::isupper(static_cast<unsigned char>(c)) != 0;
}

char lower(char c) noexcept {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

/// Letters and digits only, in lower case, so that "centre-weighted" equals "CentreWeighted".
std::string folded(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            result += lower(c);
        }
    }
    return result;
}

std::string with_hyphens(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i > 0 && is_upper(text[i]) && !is_upper(text[i - 1])) {
            result += '-';
        }
        result += lower(text[i]);
    }
    return result;
}

std::vector<std::string> choice_names(const CameraControl& control) {
    std::vector<std::string> names;
    names.reserve(control.choices.size());
    for (const CameraControl::Choice& choice : control.choices) {
        names.push_back(choice.name);
    }
    return names;
}

/// libcamera's enumerators without their common prefix; the items of a V4L2 menu are texts already.
std::vector<std::string> accepted_names(const CameraControl& control) {
    std::vector<std::string> names = choice_names(control);
    return control.v4l2_id == 0 ? short_names(names) : names;
}

/// "one of "Disabled" (0), "50 Hz" (1)"
std::string menu_text(const CameraControl& control) {
    std::string items;
    for (const CameraControl::Choice& item : control.choices) {
        items += fmt::format("{}\"{}\" ({})", items.empty() ? "" : ", ", item.name, item.value);
    }
    return "one of " + items;
}

std::string limits_of(const CameraControl& control) {
    if (!control.min || !control.max) {
        return {};
    }
    return fmt::format(" from {} to {}", control_value_text(*control.min),
                       control_value_text(*control.max));
}

std::string kind_text(const CameraControl& control) {
    switch (control.kind) {
    case ControlKind::boolean:
        return "true or false";
    case ControlKind::integer:
        return "a whole number" + limits_of(control);
    case ControlKind::number:
        return "a number" + limits_of(control);
    case ControlKind::text:
        return "a text";
    case ControlKind::enumeration:
        return control.v4l2_id != 0
                   ? menu_text(control)
                   : fmt::format("one of \"{}\"", fmt::join(accepted_names(control), "\", \""));
    case ControlKind::size:
        return "width, height";
    case ControlKind::rectangle:
        return "x, y, width, height";
    }
    return {};
}

std::optional<double> number_of(const Value& value) noexcept {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return static_cast<double>(*integer);
    }
    const auto* number = std::get_if<double>(&value);
    return number == nullptr ? std::nullopt : std::optional(*number);
}

bool within(const CameraControl& control, double number) noexcept {
    const auto min = control.min ? number_of(*control.min) : std::nullopt;
    const auto max = control.max ? number_of(*control.max) : std::nullopt;
    return (!min || number >= *min) && (!max || number <= *max);
}

/// Above this a double can't represent all whole numbers.
constexpr double whole_max = 9007199254740992.0; // 2^53

std::optional<Value> whole_value(const Value& value) {
    if (std::holds_alternative<std::int64_t>(value)) {
        return value;
    }
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && std::trunc(*number) == *number && std::abs(*number) <= whole_max) {
        return static_cast<std::int64_t>(*number);
    }
    return std::nullopt;
}

std::optional<Value> enumerator_value(const CameraControl& control, const Value& value) {
    const auto* name = std::get_if<std::string>(&value);
    const auto number = whole_value(value);
    const std::vector<std::string> shortened = accepted_names(control);
    for (std::size_t i = 0; i < control.choices.size(); ++i) {
        const CameraControl::Choice& choice = control.choices[i];
        const bool named = name != nullptr && (folded(*name) == folded(choice.name) ||
                                               folded(*name) == folded(shortened[i]));
        if (named || number == Value(choice.value)) {
            return choice.value;
        }
    }
    return std::nullopt;
}

/// V4L2's booleans may also be written as v4l2-ctl prints them: 0 and 1.
std::optional<Value> boolean_value(const CameraControl& control, const Value& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    if (control.v4l2_id != 0 && number != nullptr && (*number == 0 || *number == 1)) {
        return *number == 1;
    }
    return std::holds_alternative<bool>(value) ? std::optional(value) : std::nullopt;
}

std::optional<Value> single_value(const CameraControl& control, const Value& value) {
    switch (control.kind) {
    case ControlKind::boolean:
        return boolean_value(control, value);
    case ControlKind::text:
        return std::holds_alternative<std::string>(value) ? std::optional(value) : std::nullopt;
    case ControlKind::enumeration:
        return enumerator_value(control, value);
    case ControlKind::integer: {
        const auto whole = whole_value(value);
        return whole && within(control, *number_of(*whole)) ? whole : std::nullopt;
    }
    case ControlKind::number: {
        const auto number = number_of(value);
        return number && within(control, *number) ? std::optional<Value>(*number) : std::nullopt;
    }
    case ControlKind::size:
    case ControlKind::rectangle:
        break;
    }
    return std::nullopt;
}

/// Whether it is a coordinate or a side in libcamera's range of 32 bits. `index`: of x, y, width,
/// height.
bool fits_picture(const CameraControl& control, std::size_t index, double number) noexcept {
    const bool side = control.kind == ControlKind::size || index >= 2;
    return std::trunc(number) == number && number <= std::numeric_limits<std::int32_t>::max() &&
           number >= (side ? 0 : std::numeric_limits<std::int32_t>::min());
}

std::optional<Value> list_value(const CameraControl& control, const Value& value) {
    const auto* list = std::get_if<std::vector<double>>(&value);
    const std::size_t numbers = numbers_in(control.kind);
    if (list == nullptr || list->size() % numbers != 0 ||
        (control.count > 0 && list->size() != control.count * numbers)) {
        return std::nullopt;
    }
    bool sound = true;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const double number = (*list)[i];
        sound = sound && (numbers > 1 ? fits_picture(control, i % numbers, number)
                                      : single_value(control, number).has_value());
    }
    return sound ? std::optional(value) : std::nullopt;
}

/// Names that the kernel's driver of USB cameras used before Linux 5.16, as many guides still do.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> former_names{{
    {"exposure_absolute", "exposure_time_absolute"},
    {"exposure_auto", "auto_exposure"},
    {"exposure_auto_priority", "exposure_dynamic_framerate"},
    {"focus_auto", "focus_automatic_continuous"},
    {"white_balance_component_auto", "white_balance_automatic"},
    {"white_balance_temperature_auto", "white_balance_automatic"},
}};

/// The name that was probably meant.
std::optional<std::string_view> likely_name(std::span<const std::string_view> names,
                                            std::string_view name) {
    const auto* const former = std::ranges::find(
        former_names, name, &std::pair<std::string_view, std::string_view>::first);
    if (former != former_names.end() && std::ranges::find(names, former->second) != names.end()) {
        return former->second;
    }
    return config::closest(name, names);
}

tl::unexpected<Error> unknown_control(std::span<const CameraControl> controls,
                                      std::string_view name) {
    std::vector<std::string_view> names;
    std::vector<std::string_view> libcamera_names;
    std::vector<std::string_view> v4l2_names;
    for (const CameraControl& control : controls) {
        names.push_back(control.name);
        (control.v4l2_id == 0 ? libcamera_names : v4l2_names).push_back(control.name);
    }
    std::string message = fmt::format("the camera has no control {}", name);
    if (const auto likely = likely_name(names, name)) {
        message += fmt::format(" (did you mean {}?)", *likely);
    }
    message += "; it has ";
    message += controls.empty() ? "none" : fmt::format("{}", fmt::join(libcamera_names, ", "));
    if (!v4l2_names.empty()) {
        message += fmt::format("{}on its V4L2 device {}", libcamera_names.empty() ? "" : ", and ",
                               fmt::join(v4l2_names, ", "));
    } else if (std::ranges::none_of(name, is_upper)) {
        message += "; V4L2's names, in lower case, are for USB cameras only";
    }
    return fail(std::move(message));
}

} // namespace

std::size_t numbers_in(ControlKind kind) noexcept {
    constexpr std::size_t size_numbers = 2;
    constexpr std::size_t rectangle_numbers = 4;
    switch (kind) {
    case ControlKind::size:
        return size_numbers;
    case ControlKind::rectangle:
        return rectangle_numbers;
    case ControlKind::boolean:
    case ControlKind::integer:
    case ControlKind::number:
    case ControlKind::text:
    case ControlKind::enumeration:
        break;
    }
    return 1;
}

std::string accepted_text(const CameraControl& control) {
    const std::size_t numbers = numbers_in(control.kind);
    if (control.count == 1) {
        return numbers == 1 ? kind_text(control)
                            : fmt::format("a list of {} numbers: {}", numbers, kind_text(control));
    }
    if (control.count == 0) {
        return numbers == 1 ? fmt::format("a list, each {}", kind_text(control))
                            : fmt::format("a list of numbers, {} by {}: {}", numbers, numbers,
                                          kind_text(control));
    }
    return fmt::format("a list of {} numbers, each {}", control.count * numbers,
                       kind_text(control));
}

Result<ControlMatch> match_control(std::span<const CameraControl> controls,
                                   const config::ControlSetting& setting) {
    const auto found = std::ranges::find(controls, setting.name, &CameraControl::name);
    if (found == controls.end()) {
        return unknown_control(controls, setting.name);
    }
    const CameraControl& control = *found;
    const bool single = control.count == 1 && numbers_in(control.kind) == 1;
    auto value = single ? single_value(control, setting.value) : list_value(control, setting.value);
    if (!value) {
        return fail(fmt::format("control {}: found {}, the camera takes {}", setting.name,
                                control_value_text(setting.value), accepted_text(control)));
    }
    return ControlMatch{&control, std::move(*value)};
}

std::vector<std::string> short_names(std::span<const std::string> enumerators) {
    std::size_t common = enumerators.size() < 2 ? 0 : enumerators.front().size();
    for (const std::string& name : enumerators) {
        const auto differs = std::ranges::mismatch(name, enumerators.front());
        common = std::min(common, static_cast<std::size_t>(differs.in1 - name.begin()));
    }
    // Shorten the prefix until it ends before a word in all of them, so that each keeps a whole
    // word.
    const auto cuts_words = [&](const std::string& name) {
        return common >= name.size() ||
               !(is_upper(name[common]) || std::isdigit(static_cast<unsigned char>(name[common])));
    };
    while (common > 0 && std::ranges::any_of(enumerators, cuts_words)) {
        --common;
    }
    std::vector<std::string> names;
    for (const std::string& name : enumerators) {
        names.push_back(with_hyphens(std::string_view(name).substr(common)));
    }
    return names;
}

} // namespace ringcast::camera
