#include "api/status.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "api/sample_status.hpp"

namespace ringcast::api {
namespace {

std::string sample_text() {
    return metrics_text(sample_status());
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The names in the "# TYPE" lines, with the given type.
std::set<std::string> names_of_type(const std::string& text, const std::string& wanted) {
    std::set<std::string> names;
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string hash;
        std::string keyword;
        std::string name;
        std::string type;
        words >> hash >> keyword >> name >> type;
        if (hash == "#" && keyword == "TYPE" && type == wanted) {
            names.insert(name);
        }
    }
    return names;
}

} // namespace

TEST_CASE("metrics contain the server's numbers") {
    const StatusSnapshot sample = sample_status();
    const std::string text = metrics_text(sample);
    const RelayCounters& counters = sample.server.counters;
    CHECK(has_line(text, "ringcast_engine_info{engine=\"io_uring\"} 1"));
    CHECK(has_line(text, "ringcast_build_info{version=\"1.2.3\"} 1"));
    CHECK(has_line(text, "ringcast_uptime_seconds 90.5"));
    CHECK(has_line(text, "ringcast_connections 42"));
    CHECK(has_line(text, "ringcast_accept_paused 0"));
    CHECK(has_line(text, "ringcast_draining 1"));
    CHECK(has_line(text, "ringcast_zero_copy_supported 1"));
    CHECK(has_line(text, "ringcast_connections_accepted_total " +
                             std::to_string(counters.connections_accepted)));
    CHECK(has_line(text, "ringcast_ring_enters_total " + std::to_string(counters.ring_enters)));
    CHECK(has_line(text, "ringcast_requests_total{route=\"stream\"} " +
                             std::to_string(counters.requests[0])));
    CHECK(has_line(text, "ringcast_responses_total{class=\"4xx\"} " +
                             std::to_string(counters.responses[3])));
    CHECK(has_line(text, "ringcast_viewers_evicted_total{reason=\"stalled\"} " +
                             std::to_string(counters.evicted_stalled)));
    CHECK(has_line(text, "ringcast_viewers_evicted_total{reason=\"over_share\"} " +
                             std::to_string(counters.evicted_over_share)));
}

TEST_CASE("metrics distinguish a paused stream from a lost one") {
    StatusSnapshot sample = sample_status();
    sample.streams[1].state = StreamState::paused;
    const std::string text = metrics_text(sample);
    CHECK(has_line(text, "ringcast_stream_live{stream=\"garage\"} 0"));
    CHECK(has_line(text, "ringcast_stream_resting{stream=\"garage\"} 1"));
}

TEST_CASE("metrics contain each stream's numbers") {
    const StatusSnapshot sample = sample_status();
    const std::string text = metrics_text(sample);
    CHECK(has_line(text, "ringcast_stream_live{stream=\"printer\"} 1"));
    CHECK(has_line(text, "ringcast_stream_live{stream=\"garage\"} 0"));
    CHECK(has_line(text, "ringcast_stream_resting{stream=\"printer\"} 0"));
    CHECK(has_line(text, "ringcast_stream_viewers{stream=\"printer\",lane=\"copy\"} 3"));
    CHECK(has_line(text, "ringcast_stream_frames_per_second{stream=\"printer\"} 29.5"));
    CHECK(has_line(text, "ringcast_stream_frame_age_seconds{stream=\"printer\"} 0.012"));
    CHECK(text.find("ringcast_stream_frame_age_seconds{stream=\"garage\"}") == std::string::npos);
    const StreamStatus& stream = sample.streams[0];
    CHECK(has_line(text, "ringcast_source_frames_total{stream=\"printer\"} " +
                             std::to_string(stream.source_counters.frames)));
    CHECK(has_line(text,
                   "ringcast_source_frames_skipped_total{stream=\"printer\",reason=\"damaged\"} " +
                       std::to_string(stream.source_counters.frames_damaged)));
    CHECK(has_line(text, "ringcast_frames_sent_total{stream=\"printer\",lane=\"zero-copy\"} " +
                             std::to_string(stream.sends.frames_sent_zero_copy)));
    CHECK(has_line(text, "ringcast_frames_skipped_total{stream=\"printer\",reason=\"busy\"} " +
                             std::to_string(stream.sends.skipped.busy)));
    CHECK(has_line(text, "ringcast_viewer_moves_total{stream=\"printer\",direction=\"down\"} " +
                             std::to_string(stream.sends.moves_down)));
    CHECK(has_line(text, "ringcast_viewer_moves_total{stream=\"printer\",direction=\"up\"} " +
                             std::to_string(stream.sends.moves_up)));
}

TEST_CASE("metrics contain each camera's numbers, and no camera metrics for other streams") {
    const StatusSnapshot sample = sample_status();
    const std::string text = metrics_text(sample);
    const source::CameraTotals& counters = sample.streams[1].camera->counters;
    CHECK(has_line(text,
                   "ringcast_camera_info{stream=\"garage\",model=\"C920\",driver=\"uvcvideo\","
                   "format=\"MJPEG\",tier=\"copied\",tier_reason=\"old kernel\"} 1"));
    CHECK(has_line(text, "ringcast_camera_running{stream=\"garage\"} 1"));
    CHECK(has_line(text, "ringcast_camera_buffers{stream=\"garage\"} 4"));
    CHECK(has_line(text, "ringcast_camera_buffers_free{stream=\"garage\"} 3"));
    CHECK(has_line(text, "ringcast_camera_buffers_lent{stream=\"garage\"} 1"));
    CHECK(has_line(text, "ringcast_camera_opened_total{stream=\"garage\"} " +
                             std::to_string(counters.opened)));
    const std::map<std::string, std::uint64_t> results{{"captured", counters.captured},
                                                       {"driver_dropped", counters.driver_dropped},
                                                       {"driver_failed", counters.driver_failed},
                                                       {"out_of_order", counters.out_of_order}};
    for (const auto& [result, count] : results) {
        CAPTURE(result);
        CHECK(has_line(text, "ringcast_camera_frames_total{stream=\"garage\",result=\"" + result +
                                 "\"} " + std::to_string(count)));
    }
    const std::map<std::string, std::uint64_t> ways{
        {"lent", counters.lent},
        {"copied", counters.copied},
        {"copied_under_pressure", counters.copied_under_pressure},
        {"encoded", counters.encoded},
        {"encode_skipped", counters.encode_skipped},
        {"skipped_for_rate", counters.skipped_for_rate}};
    for (const auto& [way, count] : ways) {
        CAPTURE(way);
        CHECK(has_line(text, "ringcast_camera_frames_passed_total{stream=\"garage\",way=\"" + way +
                                 "\"} " + std::to_string(count)));
    }
    CHECK(has_line(text, "ringcast_camera_copied_bytes_total{stream=\"garage\"} " +
                             std::to_string(counters.bytes_copied)));
    CHECK(has_line(text, "ringcast_camera_encode_seconds_sum{stream=\"garage\"} 0.05"));
    CHECK(has_line(text, "ringcast_camera_encode_seconds_count{stream=\"garage\"} 4"));
    CHECK(text.find("ringcast_camera_running{stream=\"printer\"}") == std::string::npos);
}

TEST_CASE("metrics contain the numbers of other servers' streams, and none of those of others") {
    StatusSnapshot sample = sample_status();
    source::UpstreamStatus& upstream = *sample.streams[0].upstream;
    std::string text = metrics_text(sample);
    CHECK(has_line(text, "ringcast_upstream_connected{stream=\"printer\"} 1"));
    CHECK(has_line(text, "ringcast_upstream_hops{stream=\"printer\"} 2"));
    CHECK(has_line(text, "ringcast_upstream_connections_total{stream=\"printer\"} " +
                             std::to_string(upstream.connections)));
    CHECK(has_line(text, "ringcast_upstream_parts_without_signal_total{stream=\"printer\"} " +
                             std::to_string(upstream.parts_without_signal)));
    CHECK(text.find("ringcast_upstream_connected{stream=\"garage\"}") == std::string::npos);
    for (const std::string state : {"resting", "waiting", "connecting", "requesting"}) {
        upstream.state = state;
        CHECK(has_line(metrics_text(sample), "ringcast_upstream_connected{stream=\"printer\"} 0"));
    }
    upstream.state = "polling";
    CHECK(has_line(metrics_text(sample), "ringcast_upstream_connected{stream=\"printer\"} 1"));
}

TEST_CASE("the buckets of the latency histogram are cumulative, and the last counts all samples") {
    const std::string text = sample_text();
    const std::string name = "ringcast_frame_latency_seconds";
    CHECK(has_line(text, name + "_bucket{stream=\"printer\",le=\"0.002\"} 0"));
    CHECK(has_line(text, name + "_bucket{stream=\"printer\",le=\"0.005\"} 2"));
    CHECK(has_line(text, name + "_bucket{stream=\"printer\",le=\"10\"} 2"));
    CHECK(has_line(text, name + "_bucket{stream=\"printer\",le=\"+Inf\"} 3"));
    CHECK(has_line(text, name + "_count{stream=\"printer\"} 3"));
    CHECK(has_line(text, name + "_sum{stream=\"printer\"} 20.008"));
}

TEST_CASE("metrics say where the time of frames goes") {
    const std::string text = sample_text();
    CHECK(has_line(text, "ringcast_frame_arrival_seconds_sum{stream=\"printer\"} 0.001"));
    CHECK(has_line(text, "ringcast_frame_send_seconds_sum{stream=\"printer\"} 0.002"));
    CHECK(has_line(text, "ringcast_delivered_age_seconds_sum{stream=\"printer\"} 0.04"));
    CHECK(has_line(text, "ringcast_delivered_age_seconds_count{stream=\"garage\"} 0"));
}

TEST_CASE("metrics count renditions by stream and name") {
    StatusSnapshot sample = sample_status();
    const stream::RenditionStatus& rendition = sample.streams.front().renditions.front();
    const stream::RenditionTotals& totals = rendition.totals;
    const std::string text = metrics_text(sample);
    const std::string labels = "{stream=\"printer\",rendition=\"half\"";
    CHECK(has_line(text, "ringcast_rendition_viewers" + labels + "} " +
                             std::to_string(rendition.viewers)));
    CHECK(has_line(text, "ringcast_rendition_frames_total" + labels + "} " +
                             std::to_string(totals.made)));
    const std::string skipped = "ringcast_rendition_frames_skipped_total" + labels + ",reason=";
    CHECK(has_line(text, skipped + "\"missed\"} " + std::to_string(totals.missed)));
    CHECK(has_line(text, skipped + "\"no_slot\"} " + std::to_string(totals.without_slot)));
    CHECK(has_line(text, skipped + "\"damaged\"} " + std::to_string(totals.damaged)));
    CHECK(has_line(text, skipped + "\"oversized\"} " + std::to_string(totals.oversized)));
    CHECK(has_line(text, skipped + "\"failed\"} " + std::to_string(totals.failed)));
    CHECK(has_line(text, "ringcast_rendition_work_seconds_sum" + labels + "} 0.004"));
}

TEST_CASE("metrics count lost signals by reason") {
    const std::string text = sample_text();
    CHECK(has_line(text,
                   "ringcast_stream_signal_lost_total{stream=\"garage\",reason=\"the camera is "
                   "unplugged\"} 2"));
    CHECK(has_line(text, "ringcast_stream_signal_lost_total{stream=\"garage\",reason=\"no picture "
                         "for a while\"} 1"));
}

TEST_CASE("metrics count the viewers of a stream by send path") {
    StatusSnapshot sample = sample_status();
    sample.streams[0].viewers = 5;
    sample.streams[0].viewers_zero_copy = 2;
    const std::string text = metrics_text(sample);
    CHECK(has_line(text, "ringcast_stream_viewers{stream=\"printer\",lane=\"zero-copy\"} 2"));
    CHECK(has_line(text, "ringcast_stream_viewers{stream=\"printer\",lane=\"copy\"} 3"));
}

TEST_CASE("counters, and only counters, end in _total") {
    const std::string text = sample_text();
    const std::set<std::string> counters = names_of_type(text, "counter");
    CHECK(counters.size() > 20);
    for (const std::string& name : counters) {
        CAPTURE(name);
        CHECK(name.ends_with("_total"));
    }
    for (const std::string& name : names_of_type(text, "gauge")) {
        CAPTURE(name);
        CHECK(!name.ends_with("_total"));
    }
}

TEST_CASE("metrics do not depend on the list of viewers") {
    StatusSnapshot sample = sample_status();
    sample.viewers.clear();
    CHECK(metrics_text(sample) == sample_text());
}

TEST_CASE("the documentation names every metric") {
    std::ifstream file(RINGCAST_SOURCE_DIR "/docs/http-api.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    for (const std::string type : {"counter", "gauge", "histogram"}) {
        const std::set<std::string> names = names_of_type(sample_text(), type);
        CHECK(!names.empty());
        for (const std::string& name : names) {
            CAPTURE(name);
            CHECK(document.find("| `" + name + "` | " + type + " |") != std::string::npos);
        }
    }
}

} // namespace ringcast::api
