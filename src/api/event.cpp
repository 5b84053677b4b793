#include "api/event.hpp"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "api/seconds.hpp"
#include "base/printable.hpp"

namespace ringcast::api {

std::string_view event_kind_name(EventKind kind) noexcept {
    switch (kind) {
    case EventKind::server_started:
        return "server_started";
    case EventKind::stream_live:
        return "stream_live";
    case EventKind::stream_lost:
        return "stream_lost";
    case EventKind::stream_paused:
        return "stream_paused";
    case EventKind::stream_added:
        return "stream_added";
    case EventKind::stream_replaced:
        return "stream_replaced";
    case EventKind::stream_removed:
        return "stream_removed";
    case EventKind::config_reloaded:
        return "config_reloaded";
    case EventKind::config_refused:
        return "config_refused";
    case EventKind::viewers_refused:
        return "viewers_refused";
    case EventKind::places_taken:
        return "places_taken";
    case EventKind::memory_short:
        return "memory_short";
    case EventKind::accept_paused:
        return "accept_paused";
    case EventKind::controls_changed:
        return "controls_changed";
    }
    return {};
}

std::string event_text(const Event& event, std::string_view id, WallTime time) {
    using Json = nlohmann::ordered_json; // in the order below, for human readers
    Json json = {{"kind", event_kind_name(event.kind)},
                 {"time_unix_seconds", seconds(time.time_since_epoch())}};
    // Lines may quote a file, with long words and bytes that are not UTF-8.
    const auto shown = [](std::string_view text) {
        return printable_text(text.substr(0, event_field_bytes_max));
    };
    const auto add = [&](const char* name, std::string_view text) {
        if (!text.empty()) {
            json[name] = shown(text);
        }
    };
    add("stream", event.stream);
    add("reason", event.reason);
    if (event.count > 0) {
        json["count"] = event.count;
    }
    for (const std::string& line :
         event.lines.first(std::min(event.lines.size(), event_lines_max))) {
        json["lines"].push_back(shown(line));
    }
    return fmt::format("id: {}\ndata: {}\n\n", id, json.dump());
}

} // namespace ringcast::api
