// /api/status, /state and controls.
#include "api/status.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "api/seconds.hpp"
#include "base/assert.hpp"
#include "config/describe.hpp"
#include "config/keys.hpp"

namespace ringcast::api {
namespace {

using Json = nlohmann::ordered_json; // keeps the order below, for human readers

Json seconds_or_null(const std::optional<Duration>& duration) {
    return duration ? Json(seconds(*duration)) : Json();
}

/// Frames/s, rounded to four significant digits: 29.97 instead of 29.970029970029973.
double rate(double frames_per_second) {
    if (frames_per_second <= 0) {
        return 0;
    }
    const double steps = std::pow(10, 3 - std::floor(std::log10(frames_per_second)));
    return std::round(frames_per_second * steps) / steps;
}

Json text_or_null(std::string_view text) {
    return text.empty() ? Json() : Json(text);
}

Json counters_json(const RelayCounters& counters) {
    Json requests = Json::object();
    for (std::size_t i = 0; i < route_kind_count; ++i) {
        requests[std::string(route_kind_name(static_cast<RouteKind>(i)))] = counters.requests[i];
    }
    Json responses = Json::object();
    for (std::size_t i = 0; i < counters.responses.size(); ++i) {
        responses[std::to_string(i + 1) + "xx"] = counters.responses[i];
    }
    return {
        {"connections_accepted", counters.connections_accepted},
        {"connections_refused", counters.connections_refused},
        {"accept_errors", counters.accept_errors},
        {"accept_pauses", counters.accept_pauses},
        {"requests", requests},
        {"responses", responses},
        {"bad_requests", counters.bad_requests},
        {"bad_proxy_headers", counters.bad_proxy_headers},
        {"evicted_for_memory", counters.evicted_for_memory},
        {"evicted_stalled", counters.evicted_stalled},
        {"evicted_silent", counters.evicted_silent},
        {"evicted_over_share", counters.evicted_over_share},
        {"disconnects", counters.disconnects},
        {"late_completions", counters.late_completions},
        {"unexpected_errors", counters.unexpected_errors},
        {"ring_enters", counters.ring_enters},
        {"log_lines_dropped", counters.log_lines_dropped},
    };
}

Json server_json(const ServerStatus& server) {
    return {
        {"version", server.version},
        {"instance", server.instance},
        {"engine", server.engine},
        {"uptime_seconds", seconds(server.uptime)},
        {"time_unix_seconds", seconds(server.now.time_since_epoch())},
        {"connections", server.connections},
        {"viewers_max", server.viewers_max},
        // 0 means "no limit", as in the configuration.
        {"viewers_per_address_max", server.viewers_per_address_max},
        {"accept_paused", server.accept_paused},
        {"draining", server.draining},
        {"zero_copy_supported", server.zero_copy_supported},
        {"counters", counters_json(server.counters)},
    };
}

Json source_json(const source::SourceCounters& counters) {
    return {
        {"frames", counters.frames},
        {"bytes", counters.bytes},
        {"frames_repaired", counters.frames_repaired},
        {"frames_dropped", counters.frames_dropped},
        {"frames_damaged", counters.frames_damaged},
        {"frames_oversized", counters.frames_oversized},
        {"bytes_skipped", counters.bytes_skipped},
        {"bytes_moved", counters.bytes_moved},
        {"reads", counters.reads},
        {"restarts", counters.restarts},
    };
}

Json skips_json(const connection::SkipCounters& skipped) {
    return {
        {"busy", skipped.busy},
        {"rate", skipped.rate},
        {"memory", skipped.memory},
        {"late", skipped.late},
    };
}

Json sends_json(const SendCounters& sends) {
    return {
        {"frames_zero_copy", sends.frames_sent_zero_copy},
        {"frames_copy", sends.frames_sent_copy},
        {"bytes", sends.bytes_sent},
        {"zero_copy_notifications", sends.notifications},
        {"zero_copy_copied", sends.notifications_copied},
        {"frames_skipped", skips_json(sends.skipped)},
        {"moves_down", sends.moves_down},
        {"moves_up", sends.moves_up},
    };
}

Json mean_seconds(const metrics::TimeHistogram& times) {
    const auto count = static_cast<std::int64_t>(times.count());
    return count == 0 ? Json() : Json(seconds(times.sum() / count));
}

Json latency_json(const metrics::TimeHistogram& latency) {
    return {{"count", latency.count()}, {"mean_seconds", mean_seconds(latency)}};
}

Json camera_counters_json(const source::CameraTotals& counters) {
    return {
        {"captured", counters.captured},
        {"driver_dropped", counters.driver_dropped},
        {"driver_failed", counters.driver_failed},
        {"out_of_order", counters.out_of_order},
        {"skipped_for_rate", counters.skipped_for_rate},
        {"lent", counters.lent},
        {"copied", counters.copied},
        {"copied_under_pressure", counters.copied_under_pressure},
        {"bytes_copied", counters.bytes_copied},
        {"encoded", counters.encoded},
        {"encode_skipped", counters.encode_skipped},
        {"encode_mean_seconds", mean_seconds(counters.encode)},
        {"opened", counters.opened},
    };
}

Json sensor_json(const std::optional<source::SensorStatus>& sensor) {
    if (!sensor) {
        return {};
    }
    const source::SensorMode& mode = sensor->mode;
    const source::SensorCrop& crop = sensor->crop;
    constexpr double steps = 1000;
    return {
        {"width", mode.size.width},
        {"height", mode.size.height},
        {"bit_depth", mode.bit_depth},
        {"fps_max", rate(mode.fps_max)},
        {"crop", {{"x", crop.x}, {"y", crop.y}, {"width", crop.width}, {"height", crop.height}}},
        {"view_share", std::round(sensor->view_share * steps) / steps},
    };
}

Json plain_json(const config::ControlSetting::Value& value) {
    return std::visit([](const auto& plain) { return Json(plain); }, value);
}

Json settings_json(std::span<const config::ControlSetting> settings) {
    Json json = Json::object();
    for (const config::ControlSetting& setting : settings) {
        json[setting.name] = plain_json(setting.value);
    }
    return json;
}

Json camera_json(const std::optional<source::CameraStatus>& camera) {
    if (!camera) {
        return {};
    }
    return {
        {"id", text_or_null(camera->id)},
        {"model", text_or_null(camera->model)},
        {"location", text_or_null(camera->location)},
        {"library", text_or_null(camera->library)},
        {"driver", text_or_null(camera->driver)},
        {"running", camera->running},
        {"settling", camera->settling},
        {"format", text_or_null(camera->format)},
        {"focus", text_or_null(camera->focus)},
        {"controls_changed", settings_json(camera->controls_changed)},
        {"sensor", sensor_json(camera->sensor)},
        {"tier", text_or_null(camera->tier)},
        {"tier_reason", text_or_null(camera->tier_reason)},
        {"memory", text_or_null(camera->memory)},
        {"memory_reason", text_or_null(camera->memory_reason)},
        {"buffers", camera->buffers},
        {"buffers_free", camera->buffers_free},
        {"buffers_lent", camera->buffers_lent},
        {"counters", camera_counters_json(camera->counters)},
    };
}

Json upstream_json(const std::optional<source::UpstreamStatus>& upstream) {
    if (!upstream) {
        return {};
    }
    return {
        {"address", upstream->address},
        {"peer", text_or_null(upstream->peer)},
        {"state", upstream->state},
        {"server", text_or_null(upstream->server)},
        {"clock", text_or_null(upstream->clock)},
        {"via", upstream->via},
        {"hops", upstream->via.size()},
        {"connections", upstream->connections},
        {"parts_without_signal", upstream->parts_without_signal},
    };
}

using ControlValue = source::CameraControl::Value;

Json value_json(const source::CameraControl& control, const std::optional<ControlValue>& value) {
    if (!value) {
        return {};
    }
    if (const auto* number = std::get_if<std::int64_t>(&*value)) {
        for (const auto& choice : control.choices) {
            if (choice.value == *number) {
                return choice.name;
            }
        }
    }
    return plain_json(*value);
}

Json control_json(const source::CameraControl& control, bool changed) {
    Json json = {
        {"name", control.name},
        {"interface", control.v4l2_id == 0 ? "libcamera" : "v4l2"},
        {"type", source::control_kind_name(control.kind)},
        {"count", control.count == 0 ? Json() : Json(control.count)},
        {"min", value_json(control, control.min)},
        {"max", value_json(control, control.max)},
        {"step", control.step ? Json(*control.step) : Json()},
        {"default", value_json(control, control.initial)},
        {"value", value_json(control, control.value)},
        {"changed", changed},
        {"current", value_json(control, control.current)},
        {"inactive", control.inactive},
        {"read_only", control.read_only},
    };
    if (!control.choices.empty()) {
        Json& choices = json["choices"] = Json::array();
        for (const auto& choice : control.choices) {
            choices.push_back(choice.name);
        }
    }
    return json;
}

Json picture_json(const std::optional<source::PictureStatus>& picture) {
    if (!picture) {
        return {};
    }
    return {
        {"rotate", text_or_null(config::rotation_name(picture->turn.rotate))},
        {"mirror", picture->turn.mirror},
        {"overlay", picture->overlay},
        {"how", text_or_null(picture->how)},
        {"frames", picture->made},
        {"frames_lossless", picture->lossless},
        {"frames_missed", picture->missed},
        {"frames_without_slot", picture->without_slot},
        {"frames_damaged", picture->damaged},
        {"frames_oversized", picture->oversized},
        {"frames_failed", picture->failed},
        {"work_mean_seconds", mean_seconds(picture->work)},
    };
}

Json renditions_json(const std::vector<stream::RenditionStatus>& renditions) {
    Json json = Json::array();
    for (const stream::RenditionStatus& rendition : renditions) {
        const stream::RenditionTotals& totals = rendition.totals;
        json.push_back({
            {"name", totals.name},
            {"running", rendition.running},
            {"width", rendition.width},
            {"height", rendition.height},
            {"fps", rate(rendition.fps)},
            {"frame_bytes_mean", rendition.frame_bytes_mean},
            {"viewers", rendition.viewers},
            {"frames", totals.made},
            {"frames_of_raw", totals.of_raw},
            {"frames_missed", totals.missed},
            {"frames_without_slot", totals.without_slot},
            {"frames_damaged", totals.damaged},
            {"frames_oversized", totals.oversized},
            {"frames_failed", totals.failed},
            {"work_mean_seconds", mean_seconds(totals.work)},
        });
    }
    return json;
}

Json stream_json(const StreamStatus& stream) {
    return {
        {"name", stream.name},
        {"default", stream.is_default},
        {"source", stream.source},
        {"state", stream_state_name(stream.state)},
        {"reason", text_or_null(stream.reason)},
        {"width", stream.width},
        {"height", stream.height},
        {"fps", rate(stream.fps)},
        {"frame_bytes_last", stream.frame_bytes_last},
        {"frame_bytes_mean", stream.frame_bytes_mean},
        {"frame_age_seconds", seconds_or_null(stream.frame_age)},
        {"viewers", stream.viewers},
        {"tier", tier_of(stream)},
        {"tier_reason", text_or_null(tier_reason_of(stream))},
        {"slots_total", stream.slots_total},
        {"slots_free", stream.slots_free},
        {"source_counters", source_json(stream.source_counters)},
        {"camera", camera_json(stream.camera)},
        {"upstream", upstream_json(stream.upstream)},
        {"picture", picture_json(stream.picture)},
        {"renditions", renditions_json(stream.renditions)},
        {"sent", sends_json(stream.sends)},
        {"latency", latency_json(stream.times.latency)},
    };
}

Json viewer_json(const ViewerStatus& viewer, const std::vector<StreamStatus>& streams) {
    RINGCAST_ASSERT(viewer.stream < streams.size());
    return {
        {"id", viewer.id},
        {"address", viewer.address},
        {"proxy", text_or_null(viewer.proxy)},
        {"stream", streams[viewer.stream].name},
        {"rendition", viewer.rendition.empty() ? "full" : viewer.rendition},
        {"adapts", viewer.adapts},
        {"moves", viewer.moves},
        {"link_bytes_per_second",
         viewer.link_rate > 0 ? Json(std::llround(viewer.link_rate)) : Json()},
        {"lane", send_path_name(viewer.send_path)},
        {"variant", viewer.variant == http::Variant::advance ? "advance" : "standard"},
        {"fps_limit", viewer.fps_limit ? Json(rate(*viewer.fps_limit)) : Json()},
        {"fps", rate(viewer.fps)},
        {"delivered_age_seconds", seconds_or_null(viewer.delivered_age)},
        {"frames_sent", viewer.frames_sent},
        {"frames_skipped", skips_json(viewer.skipped)},
        {"bytes_sent", viewer.bytes_sent},
        {"connected_seconds", seconds(viewer.connected_for)},
    };
}

// Replaces bytes that are not UTF-8 instead of throwing: a reason may quote the output of a child
// process.
std::string dump(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace

std::string status_json(const StatusSnapshot& status) {
    Json streams = Json::array();
    for (const StreamStatus& stream : status.streams) {
        streams.push_back(stream_json(stream));
    }
    Json viewers = Json::array();
    for (const ViewerStatus& viewer : status.viewers) {
        viewers.push_back(viewer_json(viewer, status.streams));
    }
    Json json = Json::object();
    json["server"] = server_json(status.server);
    json["streams"] = std::move(streams);
    json["viewers_total"] = status.viewers_total;
    json["viewers_next"] = status.viewers_next ? Json(*status.viewers_next) : Json();
    json["viewers"] = std::move(viewers);
    return dump(json, 2);
}

std::string controls_json(const source::CameraStatus& camera,
                          std::span<const source::CameraControl> controls) {
    Json list = Json::array();
    for (const source::CameraControl& control : controls) {
        const bool changed =
            std::ranges::find(camera.controls_changed, control.name,
                              &config::ControlSetting::name) != camera.controls_changed.end();
        list.push_back(control_json(control, changed));
    }
    Json json = Json::object();
    json["camera"] = text_or_null(camera.id);
    json["model"] = text_or_null(camera.model);
    json["controls"] = std::move(list);
    return dump(json, 2);
}

std::string changed_controls_json(std::string_view stream_name, const source::CameraStatus& camera,
                                  bool applied) {
    Json json = Json::object();
    json["applied"] = applied;
    json["set"] = settings_json(camera.controls_set);
    json["changed"] = settings_json(camera.controls_changed);
    json["section"] = fmt::format("[streams.{}]", stream_name);
    json["line"] = "controls = " + config::controls_text(camera.controls_set);
    return dump(json, 2);
}

std::string link_json(const access::Link& link, std::string_view text) {
    const std::string_view picture =
        link.kind == access::LinkKind::snapshot_only ? "snapshot" : "stream";
    Json json = Json::object();
    json["path"] = fmt::format("{}/{}?token={}", link.stream, picture, text);
    json["expires_unix_seconds"] = link.expiry.time_since_epoch().count();
    return dump(json, 2);
}

std::string state_json(const StreamStatus& stream) {
    const Json source = {
        {"resolution", {{"width", stream.width}, {"height", stream.height}}},
        {"online", stream.state == StreamState::live || stream.state == StreamState::paused},
        {"captured_fps", rate(stream.fps)},
    };
    const Json clients = {{"clients", stream.viewers}, {"queued_fps", rate(stream.fps)}};
    Json json = Json::object();
    json["ok"] = true;
    json["result"] = {{"source", source}, {"stream", clients}};
    return dump(json, -1);
}

} // namespace ringcast::api
