// /metrics. The only user of prometheus-cpp, and only of its data model and text format: the relay
// counts the numbers itself, without locks.
#include "api/status.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "api/seconds.hpp"

namespace ringcast::api {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

using Families = std::vector<MetricFamily>;

// Begins a metric. The reference is valid until the next metric begins.
MetricFamily& begin(Families& families, MetricType type, std::string_view name,
                    std::string_view help) {
    families.push_back({std::string("ringcast_").append(name), std::string(help), type, {}});
    return families.back();
}
MetricFamily& counter(Families& families, std::string_view name, std::string_view help) {
    return begin(families, MetricType::Counter, name, help);
}
MetricFamily& gauge(Families& families, std::string_view name, std::string_view help) {
    return begin(families, MetricType::Gauge, name, help);
}

template <typename Number>
void add(MetricFamily& family, Number value, Labels labels = {}) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        static_cast<double>(value);
}

void add_histogram(MetricFamily& family, const metrics::TimeHistogram& histogram, Labels labels) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    std::uint64_t cumulative = 0;
    for (std::size_t i = 0; i < metrics::TimeHistogram::bounds.size(); ++i) {
        cumulative += histogram.count_in(i);
        metric.histogram.bucket.push_back({cumulative, seconds(metrics::TimeHistogram::bounds[i])});
    }
    metric.histogram.sample_count = histogram.count();
    metric.histogram.sample_sum = seconds(histogram.sum());
}

struct CounterRow {
    std::string_view name;
    std::string_view help;
    std::uint64_t RelayCounters::* value;
};
constexpr std::array server_counters = {
    CounterRow{"connections_accepted_total", "Accepted connections.",
               &RelayCounters::connections_accepted},
    CounterRow{"connections_refused_total",
               "Connections and viewers refused because of a limit or while draining.",
               &RelayCounters::connections_refused},
    CounterRow{"accept_errors_total", "Failed accepts.", &RelayCounters::accept_errors},
    CounterRow{"accept_pauses_total",
               "Pauses of accepting because file descriptors or memory ran out.",
               &RelayCounters::accept_pauses},
    CounterRow{"bad_requests_total", "Requests rejected as malformed or incomplete.",
               &RelayCounters::bad_requests},
    CounterRow{"bad_proxy_headers_total",
               "Connections closed because their PROXY header was missing, late or malformed.",
               &RelayCounters::bad_proxy_headers},
    CounterRow{"disconnects_total", "Connections that have been closed, by either side.",
               &RelayCounters::disconnects},
    CounterRow{"late_completions_total", "Completions for connections that no longer exist.",
               &RelayCounters::late_completions},
    CounterRow{"unexpected_errors_total",
               "Connections closed because of an unexpected error from the kernel.",
               &RelayCounters::unexpected_errors},
    CounterRow{"ring_enters_total", "System calls of the event loop.", &RelayCounters::ring_enters},
    CounterRow{"log_lines_dropped_total", "Log lines dropped because standard error was blocked.",
               &RelayCounters::log_lines_dropped},
};

void add_server(Families& families, const ServerStatus& server) {
    add(gauge(families, "build_info", "Always 1; the label has the version."), 1,
        {{"version", server.version}});
    add(gauge(families, "engine_info", "Always 1; the label has the engine."), 1,
        {{"engine", server.engine}});
    add(gauge(families, "uptime_seconds", "Time since the start."), seconds(server.uptime));
    add(gauge(families, "connections", "Open connections, viewers included."), server.connections);
    add(gauge(families, "viewers_max", "Limit of concurrent viewers."), server.viewers_max);
    add(gauge(families, "accept_paused", "1 while accepting connections is paused."),
        server.accept_paused);
    add(gauge(families, "draining", "1 while new viewers are refused for maintenance."),
        server.draining);
    add(gauge(families, "zero_copy_supported", "1 if the kernel supports zero-copy sends."),
        server.zero_copy_supported);
    const RelayCounters& counters = server.counters;
    for (const CounterRow& row : server_counters) {
        add(counter(families, row.name, row.help), counters.*row.value);
    }
    MetricFamily& requests = counter(families, "requests_total", "Requests by kind of URL.");
    for (std::size_t i = 0; i < route_kind_count; ++i) {
        add(requests, counters.requests[i],
            {{"route", std::string(route_kind_name(static_cast<RouteKind>(i)))}});
    }
    MetricFamily& responses =
        counter(families, "responses_total", "Responses by class of status code.");
    for (std::size_t i = 0; i < counters.responses.size(); ++i) {
        add(responses, counters.responses[i], {{"class", std::to_string(i + 1) + "xx"}});
    }
    MetricFamily& evicted =
        counter(families, "viewers_evicted_total", "Connections closed by the server, by reason.");
    add(evicted, counters.evicted_for_memory, {{"reason", "memory"}});
    add(evicted, counters.evicted_stalled, {{"reason", "stalled"}});
    add(evicted, counters.evicted_silent, {{"reason", "silent"}});
    add(evicted, counters.evicted_over_share, {{"reason", "over_share"}});
}

using Streams = std::vector<StreamStatus>;

// Adds a sample for each stream; `value` computes it.
template <typename Value>
void add_by_stream(MetricFamily& family, const Streams& streams, Value value) {
    for (const StreamStatus& stream : streams) {
        add(family, value(stream), {{"stream", stream.name}});
    }
}

Labels by_lane(const StreamStatus& stream, SendPath path) {
    return {{"stream", stream.name}, {"lane", std::string(send_path_name(path))}};
}

void add_stream_gauges(Families& families, const Streams& streams) {
    add_by_stream(gauge(families, "stream_live", "1 while frames arrive."), streams,
                  [](const StreamStatus& stream) { return stream.state == StreamState::live; });
    add_by_stream(gauge(families, "stream_resting",
                        "1 while the stream is paused because nobody is watching."),
                  streams,
                  [](const StreamStatus& stream) { return stream.state == StreamState::paused; });
    MetricFamily& viewers =
        gauge(families, "stream_viewers", "Viewers of the stream, by send path (label lane).");
    for (const StreamStatus& stream : streams) {
        add(viewers, stream.viewers_zero_copy, by_lane(stream, SendPath::zero_copy));
        add(viewers, stream.viewers - stream.viewers_zero_copy, by_lane(stream, SendPath::copy));
    }
    add_by_stream(gauge(families, "stream_frames_per_second", "Measured frame rate."), streams,
                  [](const StreamStatus& stream) { return stream.fps; });
    add_by_stream(gauge(families, "stream_width_pixels", "Width of the latest frame."), streams,
                  [](const StreamStatus& stream) { return stream.width; });
    add_by_stream(gauge(families, "stream_height_pixels", "Height of the latest frame."), streams,
                  [](const StreamStatus& stream) { return stream.height; });
    add_by_stream(gauge(families, "stream_frame_bytes", "Size of the latest frame."), streams,
                  [](const StreamStatus& stream) { return stream.frame_bytes_last; });
    add_by_stream(gauge(families, "stream_slots", "Slots of the stream, one frame each."), streams,
                  [](const StreamStatus& stream) { return stream.slots_total; });
    add_by_stream(gauge(families, "stream_slots_free", "Free slots."), streams,
                  [](const StreamStatus& stream) { return stream.slots_free; });
    add_by_stream(gauge(families, "stream_memory_registered",
                        "1 if the memory of the slots is registered with io_uring."),
                  streams, [](const StreamStatus& stream) { return stream.registered; });
    MetricFamily& age = gauge(families, "stream_frame_age_seconds",
                              "Age of the latest frame; absent unless the stream is live.");
    for (const StreamStatus& stream : streams) {
        if (stream.frame_age) {
            add(age, seconds(*stream.frame_age), {{"stream", stream.name}});
        }
    }
}

struct SourceRow {
    std::string_view name;
    std::string_view help;
    std::uint64_t source::SourceCounters::* value;
};
constexpr std::array source_counters = {
    SourceRow{"source_frames_total", "Published frames.", &source::SourceCounters::frames},
    SourceRow{"source_bytes_total", "Published JPEG bytes.", &source::SourceCounters::bytes},
    SourceRow{"source_repaired_frames_total", "Frames whose header was changed before publication.",
              &source::SourceCounters::frames_repaired},
    SourceRow{"source_skipped_bytes_total", "Input bytes that were not JPEG.",
              &source::SourceCounters::bytes_skipped},
    SourceRow{"source_moved_bytes_total",
              "Input bytes read beyond the end of a frame and moved once.",
              &source::SourceCounters::bytes_moved},
    SourceRow{"source_reads_total", "Read operations.", &source::SourceCounters::reads},
    SourceRow{"source_restarts_total", "Restarts of the source.",
              &source::SourceCounters::restarts},
};

void add_losses(Families& families, const Streams& streams) {
    MetricFamily& losses = counter(families, "stream_signal_lost_total",
                                   "Times that the stream lost its picture, by reason.");
    for (const StreamStatus& stream : streams) {
        for (const stream::LossCount& loss : stream.losses) {
            add(losses, loss.count, {{"stream", stream.name}, {"reason", loss.reason}});
        }
    }
}

void add_source_counters(Families& families, const Streams& streams) {
    for (const SourceRow& row : source_counters) {
        add_by_stream(
            counter(families, row.name, row.help), streams,
            [&row](const StreamStatus& stream) { return stream.source_counters.*row.value; });
    }
    MetricFamily& skipped = counter(families, "source_frames_skipped_total",
                                    "Frames that were not published, by reason.");
    for (const StreamStatus& stream : streams) {
        const source::SourceCounters& counters = stream.source_counters;
        add(skipped, counters.frames_dropped, {{"stream", stream.name}, {"reason", "dropped"}});
        add(skipped, counters.frames_damaged, {{"stream", stream.name}, {"reason", "damaged"}});
        add(skipped, counters.frames_oversized, {{"stream", stream.name}, {"reason", "oversized"}});
    }
}

// Adds a sample for each stream whose source is a camera; `value` computes it.
template <typename Value>
void add_by_camera(MetricFamily& family, const Streams& streams, Value value,
                   const Labels& labels = {}) {
    for (const StreamStatus& stream : streams) {
        if (stream.camera) {
            Labels all{{"stream", stream.name}};
            all.insert(all.end(), labels.begin(), labels.end());
            add(family, value(*stream.camera), std::move(all));
        }
    }
}

struct CameraRow {
    std::string_view result;
    std::uint64_t source::CameraTotals::* value;
};
constexpr std::array captured_frames = {
    CameraRow{"captured", &source::CameraTotals::captured},
    CameraRow{"driver_dropped", &source::CameraTotals::driver_dropped},
    CameraRow{"driver_failed", &source::CameraTotals::driver_failed},
    CameraRow{"out_of_order", &source::CameraTotals::out_of_order},
};
constexpr std::array passed_frames = {
    CameraRow{"lent", &source::CameraTotals::lent},
    CameraRow{"copied", &source::CameraTotals::copied},
    CameraRow{"copied_under_pressure", &source::CameraTotals::copied_under_pressure},
    CameraRow{"encoded", &source::CameraTotals::encoded},
    CameraRow{"encode_skipped", &source::CameraTotals::encode_skipped},
    CameraRow{"skipped_for_rate", &source::CameraTotals::skipped_for_rate},
};

void add_cameras(Families& families, const Streams& streams) {
    using source::CameraStatus;
    MetricFamily& info =
        gauge(families, "camera_info",
              "Always 1; the labels name the camera, its tier and why the tier is not better.");
    for (const StreamStatus& stream : streams) {
        if (stream.camera) {
            add(info, 1,
                {{"stream", stream.name},
                 {"model", stream.camera->model},
                 {"driver", stream.camera->driver},
                 {"format", stream.camera->format},
                 {"tier", stream.camera->tier},
                 {"tier_reason", stream.camera->tier_reason}});
        }
    }
    add_by_camera(gauge(families, "camera_running", "1 while the camera is open."), streams,
                  [](const CameraStatus& camera) { return camera.running; });
    add_by_camera(gauge(families, "camera_buffers", "Buffers of the camera."), streams,
                  [](const CameraStatus& camera) { return camera.buffers; });
    add_by_camera(gauge(families, "camera_buffers_free", "Buffers that are with the camera."),
                  streams, [](const CameraStatus& camera) { return camera.buffers_free; });
    add_by_camera(gauge(families, "camera_buffers_lent",
                        "Buffers lent to viewers, including those from before an unplug."),
                  streams, [](const CameraStatus& camera) { return camera.buffers_lent; });
    add_by_camera(counter(families, "camera_opened_total", "Times that the camera was started."),
                  streams, [](const CameraStatus& camera) { return camera.counters.opened; });
    MetricFamily& captured =
        counter(families, "camera_frames_total", "Frames from the camera, by result.");
    for (const CameraRow& row : captured_frames) {
        add_by_camera(captured, streams,
                      [&row](const CameraStatus& camera) { return camera.counters.*row.value; },
                      {{"result", std::string(row.result)}});
    }
    MetricFamily& passed = counter(families, "camera_frames_passed_total",
                                   "Frames from the camera, by how they were passed on.");
    for (const CameraRow& row : passed_frames) {
        add_by_camera(passed, streams,
                      [&row](const CameraStatus& camera) { return camera.counters.*row.value; },
                      {{"way", std::string(row.result)}});
    }
    add_by_camera(
        counter(families, "camera_copied_bytes_total", "Bytes of frames that were copied once."),
        streams, [](const CameraStatus& camera) { return camera.counters.bytes_copied; });
    MetricFamily& encode = begin(families, MetricType::Histogram, "camera_encode_seconds",
                                 "Time to encode a frame of a camera that makes no JPEG itself.");
    for (const StreamStatus& stream : streams) {
        if (stream.camera) {
            add_histogram(encode, stream.camera->counters.encode, {{"stream", stream.name}});
        }
    }
}

void add_renditions(Families& families, const Streams& streams) {
    Families added;
    added.reserve(4); // so that the references stay valid
    MetricFamily& viewers =
        gauge(added, "rendition_viewers", "Viewers of the rendition, also among the stream's.");
    MetricFamily& frames =
        counter(added, "rendition_frames_total", "Smaller pictures that were made.");
    MetricFamily& skipped = counter(added, "rendition_frames_skipped_total",
                                    "Frames that were not made smaller, by reason.");
    MetricFamily& work = begin(added, MetricType::Histogram, "rendition_work_seconds",
                               "Time to make a picture smaller.");
    for (const StreamStatus& stream : streams) {
        for (const stream::RenditionStatus& rendition : stream.renditions) {
            const stream::RenditionTotals& totals = rendition.totals;
            const Labels labels{{"stream", stream.name}, {"rendition", totals.name}};
            add(viewers, rendition.viewers, labels);
            add(frames, totals.made, labels);
            add_histogram(work, totals.work, labels);
            const auto add_skipped = [&](const char* reason, std::uint64_t count) {
                add(skipped, count, {labels[0], labels[1], {"reason", reason}});
            };
            add_skipped("missed", totals.missed);
            add_skipped("no_slot", totals.without_slot);
            add_skipped("damaged", totals.damaged);
            add_skipped("oversized", totals.oversized);
            add_skipped("failed", totals.failed);
        }
    }
    std::ranges::move(added, std::back_inserter(families));
}

// Adds a sample for each stream that is another server's; `value` computes it.
template <typename Value>
void add_by_upstream(MetricFamily& family, const Streams& streams, Value value) {
    for (const StreamStatus& stream : streams) {
        if (stream.upstream) {
            add(family, value(*stream.upstream), {{"stream", stream.name}});
        }
    }
}

void add_upstreams(Families& families, const Streams& streams) {
    using source::UpstreamStatus;
    add_by_upstream(
        gauge(families, "upstream_connected", "1 while the other server's stream is being read."),
        streams, [](const UpstreamStatus& upstream) { return upstream.connected(); });
    add_by_upstream(gauge(families, "upstream_hops",
                          "ringcast servers between this one and the source of the frames."),
                    streams, [](const UpstreamStatus& upstream) { return upstream.via.size(); });
    add_by_upstream(
        counter(families, "upstream_connections_total", "Connections made to the other server."),
        streams, [](const UpstreamStatus& upstream) { return upstream.connections; });
    add_by_upstream(
        counter(families, "upstream_parts_without_signal_total",
                "\"No signal\" pictures received from another ringcast and not passed on."),
        streams, [](const UpstreamStatus& upstream) { return upstream.parts_without_signal; });
}

void add_sends(Families& families, const Streams& streams) {
    MetricFamily& sent = counter(families, "frames_sent_total",
                                 "Frames sent to viewers, by send path (label lane).");
    for (const StreamStatus& stream : streams) {
        add(sent, stream.sends.frames_sent_zero_copy, by_lane(stream, SendPath::zero_copy));
        add(sent, stream.sends.frames_sent_copy, by_lane(stream, SendPath::copy));
    }
    MetricFamily& skipped =
        counter(families, "frames_skipped_total", "Frames not sent to a viewer, by reason.");
    for (const StreamStatus& stream : streams) {
        const SendCounters& sends = stream.sends;
        add(skipped, sends.skipped.busy, {{"stream", stream.name}, {"reason", "busy"}});
        add(skipped, sends.skipped.rate, {{"stream", stream.name}, {"reason", "rate"}});
        add(skipped, sends.skipped.memory, {{"stream", stream.name}, {"reason", "memory"}});
        add(skipped, sends.skipped.late, {{"stream", stream.name}, {"reason", "late"}});
    }
    MetricFamily& moves = counter(families, "viewer_moves_total",
                                  "Moves of viewers that adapt to a smaller or larger rendition.");
    for (const StreamStatus& stream : streams) {
        add(moves, stream.sends.moves_down, {{"stream", stream.name}, {"direction", "down"}});
        add(moves, stream.sends.moves_up, {{"stream", stream.name}, {"direction", "up"}});
    }
    add_by_stream(counter(families, "sent_bytes_total", "Bytes of frames sent to viewers."),
                  streams, [](const StreamStatus& stream) { return stream.sends.bytes_sent; });
    add_by_stream(counter(families, "zero_copy_notifications_total",
                          "Zero-copy sends whose completion the kernel has reported."),
                  streams, [](const StreamStatus& stream) { return stream.sends.notifications; });
    add_by_stream(counter(families, "zero_copy_copied_total",
                          "Zero-copy sends that the kernel copied after all."),
                  streams,
                  [](const StreamStatus& stream) { return stream.sends.notifications_copied; });
}

struct TimesRow {
    std::string_view name;
    std::string_view help;
    metrics::TimeHistogram stream::FrameTimes::* value;
};
constexpr std::array frame_times = {
    TimesRow{"frame_arrival_seconds",
             "Time from capture until the stream has the frame: reading, copying, encoding.",
             &stream::FrameTimes::arrival},
    TimesRow{"frame_send_seconds",
             "Time from the start of a send until the frame's bytes are in the socket.",
             &stream::FrameTimes::send},
    TimesRow{"frame_latency_seconds", "Time from capture to the end of a send.",
             &stream::FrameTimes::latency},
    TimesRow{
        "delivered_age_seconds",
        "Age of the newest frame that a viewer's machine, or its proxy, has received: samples.",
        &stream::FrameTimes::delivered_age},
};

void add_frame_times(Families& families, const Streams& streams) {
    for (const TimesRow& row : frame_times) {
        MetricFamily& family = begin(families, MetricType::Histogram, row.name, row.help);
        for (const StreamStatus& stream : streams) {
            add_histogram(family, stream.times.*row.value, {{"stream", stream.name}});
        }
    }
}

} // namespace

std::string metrics_text(const StatusSnapshot& status) {
    Families families;
    add_server(families, status.server);
    add_stream_gauges(families, status.streams);
    add_losses(families, status.streams);
    add_source_counters(families, status.streams);
    add_cameras(families, status.streams);
    add_upstreams(families, status.streams);
    add_renditions(families, status.streams);
    add_sends(families, status.streams);
    add_frame_times(families, status.streams);
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return text.str();
}

} // namespace ringcast::api
