#include "api/status.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "api/read_json.hpp"
#include "api/sample_status.hpp"

namespace ringcast::api {
namespace {

nlohmann::json status_of(const StatusSnapshot& status) {
    return nlohmann::json::parse(status_json(status));
}

// Collects the keys of all objects at every depth.
void collect_keys(const nlohmann::json& json, std::set<std::string>& keys) {
    for (const auto& [key, value] : json.items()) {
        if (json.is_object()) {
            keys.insert(key);
        }
        if (value.is_structured()) {
            collect_keys(value, keys);
        }
    }
}

} // namespace

TEST_CASE("rates have four significant digits") {
    StatusSnapshot sample = sample_status();
    sample.streams.front().fps = 29.970029970029973;
    CHECK(status_of(sample)["streams"][0]["fps"] == 29.97);
    sample.streams.front().fps = 0.0016666667; // a picture every ten minutes
    CHECK(status_of(sample)["streams"][0]["fps"] == 0.001667);
}

TEST_CASE("status contains the server's state, limits and counters") {
    const StatusSnapshot sample = sample_status();
    const auto server = status_of(sample)["server"];
    CHECK(server["version"] == "1.2.3");
    CHECK(server["engine"] == "io_uring");
    CHECK(server["instance"] == "00112233445566aa");
    CHECK(server["uptime_seconds"] == 90.5);
    CHECK(server["time_unix_seconds"] == 1'700'000'000.25);
    CHECK(server["connections"] == 42);
    CHECK(server["viewers_max"] == 4096);
    CHECK(server["viewers_per_address_max"] == 7);
    CHECK(server["accept_paused"] == false);
    CHECK(server["draining"] == true);
    CHECK(server["zero_copy_supported"] == true);

    const RelayCounters& expected = sample.server.counters;
    const auto counters = server["counters"];
    CHECK(counters["connections_accepted"] == expected.connections_accepted);
    CHECK(counters["connections_refused"] == expected.connections_refused);
    CHECK(counters["accept_errors"] == expected.accept_errors);
    CHECK(counters["accept_pauses"] == expected.accept_pauses);
    CHECK(counters["bad_requests"] == expected.bad_requests);
    CHECK(counters["bad_proxy_headers"] == expected.bad_proxy_headers);
    CHECK(counters["evicted_for_memory"] == expected.evicted_for_memory);
    CHECK(counters["evicted_stalled"] == expected.evicted_stalled);
    CHECK(counters["evicted_silent"] == expected.evicted_silent);
    CHECK(counters["evicted_over_share"] == expected.evicted_over_share);
    CHECK(counters["disconnects"] == expected.disconnects);
    CHECK(counters["late_completions"] == expected.late_completions);
    CHECK(counters["unexpected_errors"] == expected.unexpected_errors);
    CHECK(counters["ring_enters"] == expected.ring_enters);
    CHECK(counters["log_lines_dropped"] == expected.log_lines_dropped);
    CHECK(counters["requests"].size() == route_kind_count);
    CHECK(counters["requests"]["snapshot"] ==
          expected.requests[static_cast<std::size_t>(RouteKind::snapshot)]);
    CHECK(counters["responses"]["2xx"] == expected.responses[1]);
    CHECK(counters["responses"]["5xx"] == expected.responses[4]);
}

TEST_CASE("status describes each stream") {
    const StatusSnapshot sample = sample_status();
    const auto streams = status_of(sample)["streams"];
    REQUIRE(streams.size() == 2);
    const auto& live = streams[0];
    CHECK(live["name"] == "printer");
    CHECK(live["default"] == true);
    CHECK(live["source"] == "pattern");
    CHECK(live["state"] == "live");
    CHECK(live["reason"].is_null());
    CHECK(live["width"] == 1280);
    CHECK(live["height"] == 720);
    CHECK(live["fps"] == 29.5);
    CHECK(live["frame_bytes_last"] == 50'001);
    CHECK(live["frame_bytes_mean"] == 50'002);
    CHECK(live["frame_age_seconds"] == 0.012);
    CHECK(live["viewers"] == 3);
    CHECK(live["tier"] == "registered");
    CHECK(live["tier_reason"].is_null());
    CHECK(live["slots_total"] == 32);
    CHECK(live["slots_free"] == 27);
    CHECK(live["latency"]["count"] == 3);
    CHECK(live["latency"]["mean_seconds"] == 6.669333); // 20.008 / 3, and no digits beyond that

    const source::SourceCounters& source = sample.streams[0].source_counters;
    CHECK(live["source_counters"]["frames"] == source.frames);
    CHECK(live["source_counters"]["bytes"] == source.bytes);
    CHECK(live["source_counters"]["frames_repaired"] == source.frames_repaired);
    CHECK(live["source_counters"]["frames_dropped"] == source.frames_dropped);
    CHECK(live["source_counters"]["frames_damaged"] == source.frames_damaged);
    CHECK(live["source_counters"]["frames_oversized"] == source.frames_oversized);
    CHECK(live["source_counters"]["bytes_skipped"] == source.bytes_skipped);
    CHECK(live["source_counters"]["bytes_moved"] == source.bytes_moved);
    CHECK(live["source_counters"]["reads"] == source.reads);
    CHECK(live["source_counters"]["restarts"] == source.restarts);
    const SendCounters& sends = sample.streams[0].sends;
    CHECK(live["sent"]["frames_copy"] == sends.frames_sent_copy);
    CHECK(live["sent"]["frames_zero_copy"] == sends.frames_sent_zero_copy);
    CHECK(live["sent"]["moves_down"] == sends.moves_down);
    CHECK(live["sent"]["moves_up"] == sends.moves_up);
    CHECK(live["sent"]["bytes"] == sends.bytes_sent);
    CHECK(live["sent"]["zero_copy_notifications"] == sends.notifications);
    CHECK(live["sent"]["zero_copy_copied"] == sends.notifications_copied);
    CHECK(live["sent"]["frames_skipped"]["busy"] == sends.skipped.busy);
    CHECK(live["sent"]["frames_skipped"]["rate"] == sends.skipped.rate);
    CHECK(live["sent"]["frames_skipped"]["memory"] == sends.skipped.memory);
    CHECK(live["sent"]["frames_skipped"]["late"] == sends.skipped.late);
}

TEST_CASE("status contains the reason for a lost signal, whatever bytes the reason contains") {
    const auto lost = status_of(sample_status())["streams"][1];
    CHECK(lost["state"] == "lost");
    CHECK(lost["reason"].get<std::string>().find("said \"no\" and\nended ") == 0);
    CHECK(lost["frame_age_seconds"].is_null());
    CHECK(lost["latency"]["mean_seconds"].is_null());
    CHECK(lost["tier"] == "unregistered");
    CHECK(lost["tier_reason"] == "memlock");
}

TEST_CASE("a paused stream has no error") {
    StatusSnapshot sample = sample_status();
    sample.streams[1].state = StreamState::paused;
    sample.streams[1].reason.clear();
    const auto resting = status_of(sample)["streams"][1];
    CHECK(resting["state"] == "resting");
    CHECK(resting["reason"].is_null());
    CHECK(nlohmann::json::parse(state_json(sample.streams[1]))["result"]["source"]["online"] ==
          true);
}

TEST_CASE("status describes a stream's camera") {
    const StatusSnapshot sample = sample_status();
    const auto streams = status_of(sample)["streams"];
    CHECK(streams[0]["camera"].is_null());
    const auto& camera = streams[1]["camera"];
    CHECK(camera["id"] == "camera-id");
    CHECK(camera["model"] == "C920");
    CHECK(camera["location"] == "external");
    CHECK(camera["library"] == "libcamera 0.3.2");
    CHECK(camera["driver"] == "uvcvideo");
    CHECK(camera["running"] == true);
    CHECK(camera["settling"] == false);
    CHECK(camera["format"] == "MJPEG");
    CHECK(camera["focus"] == "continuous (default)");
    CHECK(camera["sensor"].is_null());
    CHECK(camera["tier"] == "copied");
    CHECK(camera["tier_reason"] == "old kernel");
    CHECK(camera["memory"] == "linux,cma");
    CHECK(camera["memory_reason"] == "no permission");
    CHECK(camera["buffers"] == 4);
    CHECK(camera["buffers_free"] == 3);
    CHECK(camera["buffers_lent"] == 1);
    const source::CameraTotals& counters = sample.streams[1].camera->counters;
    const auto& counted = camera["counters"];
    CHECK(counted["captured"] == counters.captured);
    CHECK(counted["driver_dropped"] == counters.driver_dropped);
    CHECK(counted["driver_failed"] == counters.driver_failed);
    CHECK(counted["out_of_order"] == counters.out_of_order);
    CHECK(counted["lent"] == counters.lent);
    CHECK(counted["copied"] == counters.copied);
    CHECK(counted["copied_under_pressure"] == counters.copied_under_pressure);
    CHECK(counted["bytes_copied"] == counters.bytes_copied);
    CHECK(counted["encoded"] == 4);
    CHECK(counted["skipped_for_rate"] == counters.skipped_for_rate);
    CHECK(counted["encode_skipped"] == counters.encode_skipped);
    CHECK(counted["encode_mean_seconds"] == 0.0125);
    CHECK(counted["opened"] == counters.opened);
    StatusSnapshot registered = sample;
    registered.streams[1].registered = true;
    CHECK(status_of(registered)["streams"][1]["tier"] == "copied");
    CHECK(status_of(registered)["streams"][1]["tier_reason"] == "old kernel");
    registered.streams[1].camera->tier = "registered";
    CHECK(status_of(registered)["streams"][1]["tier"] == "registered");
    CHECK(status_of(registered)["streams"][1]["tier_reason"].is_null());
}

TEST_CASE("status describes the server whose stream is read") {
    StatusSnapshot sample = sample_status();
    CHECK(status_of(sample)["streams"][1]["upstream"].is_null());
    source::UpstreamStatus& described = *sample.streams[0].upstream;
    const auto upstream = status_of(sample)["streams"][0]["upstream"];
    CHECK(upstream["address"] == "printer.local:8080/stream");
    CHECK(upstream["peer"] == "192.0.2.10:8080");
    CHECK(upstream["state"] == "receiving");
    CHECK(upstream["server"] == "ringcast/1.2.2");
    CHECK(upstream["clock"] == "upstream");
    CHECK(upstream["via"] == nlohmann::json{"0123456789abcdef", "fedcba9876543210"});
    CHECK(upstream["hops"] == 2);
    CHECK(upstream["connections"] == described.connections);
    CHECK(upstream["parts_without_signal"] == described.parts_without_signal);

    described = {};
    described.state = "connecting";
    const auto before = status_of(sample)["streams"][0]["upstream"];
    for (const std::string field : {"peer", "server", "clock"}) {
        CHECK(before[field].is_null());
    }
    CHECK(before["via"] == nlohmann::json::array());
    CHECK(before["hops"] == 0);
}

TEST_CASE("status says how pictures are turned, and what that costs") {
    StatusSnapshot sample = sample_status();
    CHECK(status_of(sample)["streams"][1]["picture"].is_null());
    source::PictureStatus& described = *sample.streams[0].picture;
    const auto picture = status_of(sample)["streams"][0]["picture"];
    CHECK(picture["rotate"] == "270");
    CHECK(picture["mirror"] == true);
    CHECK(picture["overlay"] == true);
    CHECK(picture["how"] == "lossless");
    CHECK(picture["frames"] == described.made);
    CHECK(picture["frames_lossless"] == described.lossless);
    CHECK(picture["frames_missed"] == described.missed);
    CHECK(picture["frames_without_slot"] == described.without_slot);
    CHECK(picture["frames_damaged"] == described.damaged);
    CHECK(picture["frames_oversized"] == described.oversized);
    CHECK(picture["frames_failed"] == described.failed);
    CHECK(picture["work_mean_seconds"] == 0.007);

    described = {};
    described.turn.mirror = true;
    const auto before = status_of(sample)["streams"][0]["picture"];
    for (const std::string field : {"rotate", "how", "work_mean_seconds"}) {
        CHECK(before[field].is_null());
    }
}

TEST_CASE("status describes the mode of a camera's sensor, and the part that is visible") {
    StatusSnapshot sample = sample_status();
    sample.streams[1].camera->sensor = {
        {{1536, 864}, 10, {768, 432, 3072, 1728}, 120.13}, {768, 433, 3072, 1727}, 4.0 / 9};
    const auto sensor = status_of(sample)["streams"][1]["camera"]["sensor"];
    CHECK(sensor["width"] == 1536);
    CHECK(sensor["height"] == 864);
    CHECK(sensor["bit_depth"] == 10);
    CHECK(sensor["fps_max"] == 120.1);
    CHECK(sensor["crop"]["x"] == 768);
    CHECK(sensor["crop"]["y"] == 433);
    CHECK(sensor["crop"]["width"] == 3072);
    CHECK(sensor["crop"]["height"] == 1727);
    CHECK(sensor["view_share"] == 0.444);
}

TEST_CASE("a stream whose camera's buffers are registered is registered, whatever its slots are") {
    StatusSnapshot sample = sample_status();
    StreamStatus& stream = sample.streams[1];
    stream.camera->tier = "registered";
    stream.camera->tier_reason.clear();
    CHECK(status_of(sample)["streams"][1]["tier"] == "registered");
    CHECK(status_of(sample)["streams"][1]["tier_reason"].is_null());
}

TEST_CASE("a stream of encoded pictures in registered slots is registered, without a reason") {
    StatusSnapshot sample = sample_status();
    StreamStatus& stream = sample.streams[1];
    stream.registered = true;
    stream.camera->tier = "encoded";
    stream.camera->tier_reason = "the camera makes no JPEG";
    CHECK(status_of(sample)["streams"][1]["tier"] == "registered");
    CHECK(status_of(sample)["streams"][1]["tier_reason"].is_null());
    CHECK(status_of(sample)["streams"][1]["camera"]["tier_reason"] == "the camera makes no JPEG");
}

TEST_CASE("controls are spelled as in the configuration") {
    source::CameraStatus camera;
    camera.id = "camera-id";
    camera.model = "C920";
    const auto control = [](const char* name, source::ControlKind kind, std::uint16_t count) {
        source::CameraControl made;
        made.name = name;
        made.kind = kind;
        made.count = count;
        return made;
    };
    source::CameraControl focus = control("AfMode", source::ControlKind::enumeration, 1);
    focus.choices = {{0, "AfModeManual"}, {2, "AfModeContinuous"}};
    focus.initial = std::int64_t{0};
    focus.value = std::int64_t{2};
    source::CameraControl gains = control("ColourGains", source::ControlKind::number, 2);
    gains.min = 0.0;
    gains.max = 32.5;
    gains.value = std::vector<double>{1.5, 2};
    const std::vector<source::CameraControl> controls{
        focus, gains, control("AfWindows", source::ControlKind::rectangle, 0)};
    const auto json = nlohmann::json::parse(controls_json(camera, controls));
    CHECK(json["camera"] == "camera-id");
    CHECK(json["model"] == "C920");
    REQUIRE(json["controls"].size() == 3);
    const auto& first = json["controls"][0];
    CHECK(first["name"] == "AfMode");
    CHECK(first["type"] == "enumeration");
    CHECK(first["count"] == 1);
    CHECK(first["choices"] == nlohmann::json{"AfModeManual", "AfModeContinuous"});
    CHECK(first["default"] == "AfModeManual");
    CHECK(first["value"] == "AfModeContinuous");
    CHECK(first["min"].is_null());
    const auto& second = json["controls"][1];
    CHECK(second["count"] == 2);
    CHECK(second["min"] == 0.0);
    CHECK(second["max"] == 32.5);
    CHECK(second["value"] == nlohmann::json{1.5, 2.0});
    CHECK(second["default"].is_null());
    CHECK_FALSE(second.contains("choices"));
    CHECK(json["controls"][2]["count"].is_null());
    CHECK(json["controls"][2]["type"] == "rectangle");
}

TEST_CASE("controls and status say what requests have set") {
    source::CameraStatus camera;
    camera.controls_set = {{"AfMode", std::string("manual")}, {"Gain", std::int64_t{2}}};
    camera.controls_changed = {{"Gain", std::int64_t{2}}};
    std::vector<source::CameraControl> controls(2);
    controls[0].name = "AfMode";
    controls[1].name = "Gain";
    const auto listed = nlohmann::json::parse(controls_json(camera, controls))["controls"];
    CHECK(listed[0]["changed"] == false);
    CHECK(listed[1]["changed"] == true);
    const auto changed = nlohmann::json::parse(changed_controls_json("door", camera, true));
    CHECK(changed["set"] == nlohmann::json({{"AfMode", "manual"}, {"Gain", 2}}));
    CHECK(changed["changed"] == nlohmann::json({{"Gain", 2}}));
    StatusSnapshot status = sample_status();
    status.streams.front().camera = camera;
    const auto json = nlohmann::json::parse(status_json(status));
    CHECK(json["streams"][0]["camera"]["controls_changed"] == nlohmann::json({{"Gain", 2}}));
}

TEST_CASE("controls of the V4L2 device are told from libcamera's, with their flags") {
    source::CameraControl brightness;
    brightness.name = "Brightness";
    source::CameraControl frequency;
    frequency.name = "power_line_frequency";
    frequency.v4l2_id = 0x00980918;
    frequency.kind = source::ControlKind::enumeration;
    frequency.choices = {{1, "50 Hz"}, {2, "60 Hz"}};
    frequency.initial = std::int64_t{2};
    frequency.current = std::int64_t{1};
    source::CameraControl focus;
    focus.name = "focus_absolute";
    focus.v4l2_id = 0x009a090a;
    focus.step = 5;
    focus.current = std::int64_t{120};
    focus.inactive = true;
    const std::vector<source::CameraControl> controls{brightness, frequency, focus};
    const auto json = nlohmann::json::parse(controls_json({}, controls))["controls"];
    CHECK(json[0]["interface"] == "libcamera");
    CHECK(json[0]["current"].is_null());
    CHECK(json[0]["step"].is_null());
    CHECK(json[0]["inactive"] == false);
    CHECK(json[0]["read_only"] == false);
    CHECK(json[1]["interface"] == "v4l2");
    CHECK(json[1]["choices"] == nlohmann::json{"50 Hz", "60 Hz"});
    CHECK(json[1]["default"] == "60 Hz");
    CHECK(json[1]["current"] == "50 Hz");
    CHECK(json[2]["step"] == 5);
    CHECK(json[2]["current"] == 120);
    CHECK(json[2]["inactive"] == true);
}

TEST_CASE("status says how many viewers there are, and where the list goes on") {
    StatusSnapshot sample = sample_status();
    CHECK(status_of(sample)["viewers_total"] == 5);
    CHECK(status_of(sample)["viewers_next"] == 78);
    sample.viewers_next.reset();
    CHECK(status_of(sample)["viewers_next"].is_null());
}

TEST_CASE("status describes each viewer") {
    const StatusSnapshot sample = sample_status();
    const auto viewers = status_of(sample)["viewers"];
    REQUIRE(viewers.size() == 2);
    const auto& viewer = viewers[0];
    CHECK(viewer["id"] == 77);
    CHECK(viewer["address"] == "192.0.2.7:51234");
    CHECK(viewer["proxy"] == "127.0.0.1:40000");
    CHECK(viewer["stream"] == "printer");
    CHECK(viewer["adapts"] == true);
    CHECK(viewer["moves"] == 3);
    CHECK(viewer["link_bytes_per_second"] == 245'000);
    CHECK(viewer["lane"] == "zero-copy");
    CHECK(viewer["variant"] == "advance");
    CHECK(viewer["fps_limit"] == 5.0);
    CHECK(viewer["fps"] == 4.75);
    CHECK(viewer["delivered_age_seconds"] == 0.08);
    CHECK(viewer["frames_sent"] == sample.viewers[0].frames_sent);
    CHECK(viewer["frames_skipped"]["busy"] == sample.viewers[0].skipped.busy);
    CHECK(viewer["bytes_sent"] == sample.viewers[0].bytes_sent);
    CHECK(viewer["connected_seconds"] == 60.5);
    CHECK(viewers[1]["stream"] == "garage");
    CHECK(viewers[1]["adapts"] == false);
    CHECK(viewers[1]["link_bytes_per_second"].is_null());
    CHECK(viewers[1]["lane"] == "copy");
    CHECK(viewers[1]["fps_limit"].is_null());
    CHECK(viewers[1]["delivered_age_seconds"].is_null());
}

TEST_CASE("state contains the fields that ustreamer's clients read") {
    const StatusSnapshot sample = sample_status();
    const auto live = nlohmann::json::parse(state_json(sample.streams[0]));
    CHECK(live["ok"] == true);
    CHECK(live["result"]["source"]["online"] == true);
    CHECK(live["result"]["source"]["resolution"]["width"] == 1280);
    CHECK(live["result"]["source"]["resolution"]["height"] == 720);
    CHECK(live["result"]["source"]["captured_fps"] == 29.5);
    CHECK(live["result"]["stream"]["clients"] == 3);
    CHECK(nlohmann::json::parse(state_json(sample.streams[1]))["result"]["source"]["online"] ==
          false);
}

TEST_CASE("the documentation shows every field of status and no other") {
    std::ifstream file(RINGCAST_SOURCE_DIR "/docs/http-api.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    const std::size_t begin = document.find("```json\n");
    REQUIRE(begin != std::string::npos);
    const std::size_t end = document.find("```", begin + 8);
    const auto example = nlohmann::json::parse(document.substr(begin + 8, end - begin - 8));
    std::set<std::string> documented;
    collect_keys(example, documented);
    std::set<std::string> answered;
    collect_keys(status_of(sample_status()), answered);
    CHECK(documented == answered);
}

TEST_CASE("without details a status has no viewers, no cameras and only the streams to be seen") {
    StatusSnapshot sample = sample_status();
    sample.streams.front().camera.emplace().id = "secret-camera";
    const std::vector<stream::DirectoryEntry> entries = {{sample.streams.front().name, {}}};
    hide_details(sample, {entries, {}});
    const std::string text = status_json(sample);
    CHECK(text.find("secret-camera") == std::string::npos);
    REQUIRE(sample.streams.size() == 1);
    CHECK(sample.viewers.empty());
    CHECK(sample.viewers_total == sample.streams.front().viewers);
    CHECK_FALSE(sample.streams.front().upstream.has_value());
    hide_details(sample, {entries, {}, [](std::string_view) { return false; }});
    CHECK(sample.streams.empty());
    CHECK(sample.viewers_total == 0);
}

TEST_CASE("a status is read back") {
    const StatusSnapshot sample = sample_status();
    const auto status = read_status(status_json(sample));
    REQUIRE(status.has_value());
    CHECK(status->version == "1.2.3");
    CHECK(status->instance == "00112233445566aa");
    CHECK(status->engine == "io_uring");
    CHECK(status->uptime == sample.server.uptime);
    CHECK(status->viewers_max == 4096);
    CHECK(status->draining);
    CHECK_FALSE(status->accept_paused);
    CHECK(status->viewers_total == sample.viewers_total);
    CHECK(status->viewers_next == sample.viewers_next);

    REQUIRE(status->streams.size() == 2);
    const ListedStream& live = status->streams[0];
    const StreamStatus& expected = sample.streams[0];
    CHECK(live.name == "printer");
    CHECK(live.state == "live");
    CHECK(live.reason.empty());
    CHECK(live.width == 1280);
    CHECK(live.height == 720);
    CHECK(live.fps == 29.5);
    CHECK(live.frame_bytes_mean == expected.frame_bytes_mean);
    CHECK(live.frame_age == expected.frame_age);
    CHECK(live.viewers == 3);
    CHECK(live.frames_sent ==
          expected.sends.frames_sent_copy + expected.sends.frames_sent_zero_copy);
    CHECK(live.frames_skipped == expected.sends.skipped.busy + expected.sends.skipped.memory +
                                     expected.sends.skipped.late);
    CHECK(live.bytes_sent == expected.sends.bytes_sent);
    CHECK(live.latency_count == 3);
    CHECK(live.latency_mean == std::chrono::microseconds(6'669'333));
    CHECK(status->streams[1].state == "lost");
    CHECK(status->streams[1].reason == "said \"no\" and?ended \xEF\xBF\xBD");
    CHECK_FALSE(status->streams[1].frame_age.has_value());
}

TEST_CASE("the viewers of a status are read back") {
    const StatusSnapshot sample = sample_status();
    const auto status = read_status(status_json(sample));
    REQUIRE(status.has_value());
    REQUIRE(status->viewers.size() == 2);
    const ListedViewer& viewer = status->viewers[0];
    const ViewerStatus& expected = sample.viewers[0];
    CHECK(viewer.id == 77);
    CHECK(viewer.address == "192.0.2.7:51234");
    CHECK(viewer.proxy == "127.0.0.1:40000");
    CHECK(viewer.stream == sample.streams[expected.stream].name);
    CHECK(viewer.send_path == send_path_name(expected.send_path));
    CHECK(viewer.fps == expected.fps);
    CHECK(viewer.delivered_age == expected.delivered_age);
    CHECK(viewer.connected_for == expected.connected_for);
    CHECK(viewer.frames_sent == expected.frames_sent);
    CHECK(viewer.frames_skipped ==
          expected.skipped.busy + expected.skipped.memory + expected.skipped.late);
    CHECK(viewer.bytes_sent == expected.bytes_sent);
    CHECK(status->viewers[1].address == "unix");
    CHECK(status->viewers[1].proxy.empty());
}

TEST_CASE("a status with other fields or values than expected is read as far as possible") {
    for (const std::string_view text :
         {"", "{", "[]", "null", "{}", R"({"server": {}, "streams": []})",
          R"({"server": 1, "streams": [], "viewers": []})"}) {
        INFO(text);
        CHECK_FALSE(read_status(text).has_value());
    }
    const auto status = read_status(
        R"({"server": {"version": 1, "uptime_seconds": 1e300, "new": 2}, "streams": [1, {"name": "a\u001b[2J",
            "viewers": -1, "sent": [], "latency": {"count": "x"}}], "viewers": [{"id": -1}], "viewers_next": "x"})");
    REQUIRE(status.has_value());
    CHECK(status->version.empty());
    CHECK(status->uptime == std::chrono::seconds(1'000'000'000));
    REQUIRE(status->streams.size() == 2);
    CHECK(status->streams[1].name == "a?[2J");
    CHECK(status->streams[1].viewers == 0);
    CHECK(status->viewers.size() == 1);
    CHECK_FALSE(status->viewers_next.has_value());
}

} // namespace ringcast::api
