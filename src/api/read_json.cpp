#include "api/read_json.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/printable.hpp"
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

// --- the status of another server, which may be of another version: what is missing is empty ---

std::string text_of(const Json& json, std::string_view name) {
    const Json* const found = member(json, name);
    return found != nullptr && found->is_string() ? printable_text(found->get<std::string>())
                                                  : std::string();
}

std::uint64_t count_of(const Json& json, std::string_view name) {
    const Json* const found = member(json, name);
    return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

double number_of(const Json& json, std::string_view name) {
    const Json* const found = member(json, name);
    return found != nullptr && found->is_number() ? found->get<double>() : 0;
}

bool flag_of(const Json& json, std::string_view name) {
    const Json* const found = member(json, name);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

std::optional<Duration> duration_of(const Json& json, std::string_view name) {
    constexpr double seconds_max = 1e9; // 30 years: fits a Duration
    const Json* const found = member(json, name);
    if (found == nullptr || !found->is_number()) {
        return std::nullopt;
    }
    const double seconds = std::clamp(found->get<double>(), -seconds_max, seconds_max);
    return std::chrono::round<std::chrono::microseconds>(std::chrono::duration<double>(seconds));
}

/// Of `frames_skipped`, without those beyond the rate that a viewer wants.
std::uint64_t unwanted_skips(const Json& json) {
    const Json* const skipped = member(json, "frames_skipped");
    return skipped == nullptr ? 0
                              : count_of(*skipped, "busy") + count_of(*skipped, "memory") +
                                    count_of(*skipped, "late");
}

ListedStream read_stream(const Json& json) {
    ListedStream stream;
    stream.name = text_of(json, "name");
    stream.state = text_of(json, "state");
    stream.reason = text_of(json, "reason");
    stream.width = count_of(json, "width");
    stream.height = count_of(json, "height");
    stream.fps = number_of(json, "fps");
    stream.frame_bytes_mean = count_of(json, "frame_bytes_mean");
    stream.frame_age = duration_of(json, "frame_age_seconds");
    stream.viewers = count_of(json, "viewers");
    if (const Json* const sent = member(json, "sent")) {
        stream.frames_sent = count_of(*sent, "frames_zero_copy") + count_of(*sent, "frames_copy");
        stream.frames_skipped = unwanted_skips(*sent);
        stream.bytes_sent = count_of(*sent, "bytes");
    }
    if (const Json* const latency = member(json, "latency")) {
        stream.latency_count = count_of(*latency, "count");
        stream.latency_mean = duration_of(*latency, "mean_seconds");
    }
    return stream;
}

ListedViewer read_viewer(const Json& json) {
    ListedViewer viewer;
    viewer.id = count_of(json, "id");
    viewer.address = text_of(json, "address");
    viewer.proxy = text_of(json, "proxy");
    viewer.stream = text_of(json, "stream");
    viewer.send_path = text_of(json, "lane");
    viewer.fps = number_of(json, "fps");
    viewer.delivered_age = duration_of(json, "delivered_age_seconds");
    viewer.connected_for = duration_of(json, "connected_seconds").value_or(Duration::zero());
    viewer.frames_sent = count_of(json, "frames_sent");
    viewer.frames_skipped = unwanted_skips(json);
    viewer.bytes_sent = count_of(json, "bytes_sent");
    return viewer;
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

std::optional<ListedStatus> read_status(std::string_view text) {
    constexpr bool throws = false;
    const Json json = Json::parse(text, nullptr, throws);
    const Json* const server = member(json, "server");
    const Json* const streams = member(json, "streams");
    const Json* const viewers = member(json, "viewers");
    if (server == nullptr || !server->is_object() || streams == nullptr || !streams->is_array() ||
        viewers == nullptr || !viewers->is_array()) {
        return std::nullopt;
    }
    ListedStatus status;
    status.version = text_of(*server, "version");
    status.instance = text_of(*server, "instance");
    status.engine = text_of(*server, "engine");
    status.uptime = duration_of(*server, "uptime_seconds").value_or(Duration::zero());
    status.viewers_max = count_of(*server, "viewers_max");
    status.draining = flag_of(*server, "draining");
    status.accept_paused = flag_of(*server, "accept_paused");
    std::ranges::transform(*streams, std::back_inserter(status.streams), read_stream);
    status.viewers_total = count_of(json, "viewers_total");
    std::ranges::transform(*viewers, std::back_inserter(status.viewers), read_viewer);
    if (const Json* const next = member(json, "viewers_next");
        next != nullptr && next->is_number_unsigned()) {
        status.viewers_next = next->get<std::uint64_t>();
    }
    return status;
}

} // namespace ringcast::api
