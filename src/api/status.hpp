#pragma once
// What operators see: a snapshot of numbers, and its renderings. Pure: the relay fills the structs,
// nothing here reads a clock or a viewer.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.hpp"
#include "base/time.hpp"
#include "connection/connection.hpp"
#include "http/multipart.hpp"
#include "metrics/histogram.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"

namespace ringcast::api {

using connection::SendCounters;
using connection::SendPath;
[[nodiscard]] std::string_view send_path_name(SendPath send_path) noexcept;

/// What the relay counts for the whole process. All of it only grows. Frames and sends are counted
/// by stream, in StreamStatus::sends.
struct RelayCounters {
    std::uint64_t connections_accepted = 0;
    std::uint64_t connections_refused = 0; ///< beyond the limits: answered 503 or closed
    std::uint64_t accept_errors = 0;
    std::uint64_t accept_pauses = 0; ///< descriptors or memory had run out
    std::array<std::uint64_t, route_kind_count> requests{};
    std::array<std::uint64_t, 5> responses{}; ///< by class: 1xx is [0]
    std::uint64_t bad_requests = 0;           ///< refused by the parser
    std::uint64_t evicted_for_memory = 0;
    std::uint64_t evicted_stalled = 0;
    std::uint64_t evicted_silent = 0; ///< said nothing while the table was nearly full
    std::uint64_t disconnects = 0;
    std::uint64_t late_completions = 0;
    std::uint64_t unexpected_errors = 0;
    std::uint64_t ring_enters = 0; ///< system calls of the loop
    std::uint64_t log_lines_dropped = 0;
};

enum class StreamState : std::uint8_t {
    starting,
    live,
    lost,
    paused, ///< the source makes no frames because nobody watches
};
[[nodiscard]] std::string_view stream_state_name(StreamState state) noexcept;

struct StreamStatus {
    std::string name;
    bool is_default = false;
    std::string source; ///< the kind: "pattern", "exec" and so on
    StreamState state = StreamState::starting;
    std::string reason; ///< why there is no signal; empty when live
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    double fps = 0; ///< as measured
    std::uint64_t frame_bytes_last = 0;
    std::uint64_t frame_bytes_mean = 0;
    std::optional<Duration> frame_age; ///< of the latest frame; nothing before the first
    source::SourceCounters source_counters;
    std::optional<source::CameraStatus> camera; ///< of a stream that is one
    std::uint32_t slots_total = 0;
    std::uint32_t slots_free = 0;
    bool registered = false; ///< the frames' memory is known to the engine: zero-copy is possible
    std::string tier_reason; ///< why a better tier was not to be had; empty at the best
    std::uint32_t viewers = 0;
    SendCounters sends; ///< frames by send_path, bytes, notifications, skips by reason
    metrics::LatencyHistogram latency; ///< from capture to the end of the send
};

struct ViewerStatus {
    std::uint64_t id = 0;
    std::string address;
    std::uint32_t stream = 0; ///< index into StatusSnapshot::streams
    SendPath send_path = SendPath::copy;
    http::Variant variant = http::Variant::standard;
    std::optional<double> fps_limit;
    double fps = 0; ///< as measured
    /// Of the last frame that the viewer's kernel has acknowledged; nothing while none has been or
    /// where it can't be known.
    std::optional<Duration> delivered_age;
    std::uint64_t frames_sent = 0;
    connection::SkipCounters skipped;
    std::uint64_t bytes_sent = 0;
    Duration connected_for{};
};

struct ServerStatus {
    std::string version;
    Duration uptime{};
    WallTime now{};
    std::uint32_t viewers_max = 0;
    std::uint32_t viewers_per_address_max = 0; ///< 0: no limit
    std::uint32_t connections = 0;             ///< open now, viewers included
    bool accept_paused = false;
    bool zero_copy_supported = false; ///< by this kernel
    RelayCounters counters;
};

struct StatusSnapshot {
    ServerStatus server;
    std::vector<StreamStatus> streams;
    std::vector<ViewerStatus> viewers; ///< may be left empty for `metrics_text`
};

/// For /api/status.
[[nodiscard]] std::string status_json(const StatusSnapshot& status);
/// For /metrics: Prometheus text format 0.0.4.
[[nodiscard]] std::string metrics_text(const StatusSnapshot& status);
/// For /state: what ustreamer's clients look for, of one stream.
[[nodiscard]] std::string state_json(const StatusSnapshot& status, std::uint32_t stream);
/// For /NAME/controls, of a camera.
[[nodiscard]] std::string controls_json(const source::CameraStatus& camera,
                                        std::span<const source::CameraControl> controls);

/// For "/": every stream live, in one self-contained HTML page. By the boundary the page knows the
/// process that it came from.
[[nodiscard]] std::string index_page(std::span<const std::string> streams,
                                     const http::Boundary& boundary);

} // namespace ringcast::api
