#include "api/read_json.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "config/toml_text.hpp"

namespace ringcast::api {
namespace {

using Json = nlohmann::ordered_json; // problems are reported in the order of the text
using ControlValue = config::ControlSetting::Value;

/// Null if `json` has none of that name.
const Json* member(const Json& json, std::string_view name) {
    const auto found = json.is_object() ? json.find(name) : json.end();
    return found == json.end() ? nullptr : &*found;
}

/// A value in the form of the configuration; nothing if it has no such form.
std::optional<ControlValue> setting_value(const Json& json) {
    constexpr std::size_t numbers_max = 64; // as in the configuration
    if (json.is_boolean()) {
        return json.get<bool>();
    }
    if (json.is_number_integer()) {
        const bool fits = !json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX;
        return fits ? std::optional<ControlValue>(json.get<std::int64_t>()) : std::nullopt;
    }
    if (json.is_number_float()) {
        return json.get<double>();
    }
    if (json.is_string()) {
        auto text = json.get<std::string>();
        return text.empty() ? std::nullopt : std::optional<ControlValue>(std::move(text));
    }
    const bool numbers = json.is_array() && !json.empty() && json.size() <= numbers_max &&
                         std::ranges::all_of(json, [](const Json& e) { return e.is_number(); });
    return numbers ? std::optional<ControlValue>(json.get<std::vector<double>>()) : std::nullopt;
}

} // namespace

Result<std::vector<source::ControlChange>> read_control_changes(std::string_view body) {
    std::string problems; // one line
    const auto add_problem = [&](std::string_view problem) {
        problems.append(problems.empty() ? "" : "; ").append(problem);
    };
    std::set<std::string> names;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        constexpr int members = 1;
        if (depth == members && event == Json::parse_event_t::key) {
            auto name = parsed.get<std::string>();
            if (!names.insert(name).second) {
                add_problem(fmt::format("{} occurs twice", config::toml_quoted(name)));
            }
        }
        return depth <= members + 1; // what is nested more deeply is no value of a control
    };
    const Json json = Json::parse(body, watch, false);
    if (!json.is_object()) {
        return fail(
            "Send a JSON object of controls and their values, as in {\"Brightness\": 0.1}.");
    }
    std::vector<source::ControlChange> changes;
    for (const auto& [name, value] : json.items()) {
        source::ControlChange change{name, setting_value(value)};
        if (!change.value && !value.is_null()) {
            add_problem(
                fmt::format("control {}: expected true or false, a number, a name in quotes, "
                            "a list of numbers, or null",
                            config::toml_key(name)));
        }
        changes.push_back(std::move(change));
    }
    if (changes.empty()) {
        add_problem("there are no controls in it");
    } else if (changes.size() > config::camera_controls_max) {
        add_problem(fmt::format("found {} controls, expected at most {}", changes.size(),
                                config::camera_controls_max));
    }
    if (!problems.empty()) {
        return fail(std::move(problems));
    }
    return changes;
}

std::optional<std::vector<ListedViewer>> listed_viewers(std::string_view status) {
    constexpr bool throws = false;
    const Json json = Json::parse(status, nullptr, throws);
    const Json* const viewers = member(json, "viewers");
    const Json* const next = member(json, "viewers_next");
    if (viewers == nullptr || !viewers->is_array() || next == nullptr || !next->is_null()) {
        return std::nullopt;
    }
    std::vector<ListedViewer> listed;
    for (const Json& viewer : *viewers) {
        const Json* const id = member(viewer, "id");
        const Json* const address = member(viewer, "address");
        const Json* const proxy = member(viewer, "proxy");
        if (id == nullptr || !id->is_number_unsigned() || address == nullptr ||
            !address->is_string() || proxy == nullptr) {
            return std::nullopt;
        }
        listed.push_back({id->get<std::uint64_t>(), address->get<std::string>(),
                          proxy->is_string() ? proxy->get<std::string>() : ""});
    }
    return listed;
}

} // namespace ringcast::api
