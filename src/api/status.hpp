#pragma once
// A snapshot of the relay's numbers, and its renderings for operators. No I/O, no clock: the relay
// fills the structs.

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
#include "connection/frame_send.hpp"
#include "connection/send_path.hpp"
#include "http/multipart.hpp"
#include "source/camera_status.hpp"
#include "stream/directory.hpp"
#include "stream/stream_status.hpp"

namespace ringcast::api {

using connection::SendCounters;
using connection::SendPath;
using stream::StreamState;
using stream::StreamStatus;
[[nodiscard]] std::string_view send_path_name(SendPath send_path) noexcept;

/// Counters of the whole process. Monotonic. Frames and sends are counted by stream, in
/// StreamStatus::sends.
struct RelayCounters {
    std::uint64_t connections_accepted = 0;
    /// Beyond the limits, or while draining: answered 503 or closed.
    std::uint64_t connections_refused = 0;
    std::uint64_t accept_errors = 0;
    std::uint64_t accept_pauses = 0; ///< descriptors or memory had run out
    std::array<std::uint64_t, route_kind_count> requests{};
    std::array<std::uint64_t, 5> responses{}; ///< by class: 1xx is [0]
    void count_response(int status) noexcept {
        ++responses[static_cast<std::size_t>(status / 100 - 1)];
    }
    std::uint64_t bad_requests = 0;      ///< refused by the parser
    std::uint64_t bad_proxy_headers = 0; ///< missing, late or malformed
    std::uint64_t evicted_for_memory = 0;
    std::uint64_t evicted_stalled = 0;
    std::uint64_t evicted_silent = 0; ///< silent longest when all places were taken
    /// Then too, because their address held more than its share.
    std::uint64_t evicted_over_share = 0;
    std::uint64_t disconnects = 0; ///< connections that were closed, by either side
    std::uint64_t late_completions = 0;
    std::uint64_t unexpected_errors = 0;
    std::uint64_t ring_enters = 0; ///< system calls of the loop
    std::uint64_t log_lines_dropped = 0;
};

struct ViewerStatus {
    std::uint64_t id = 0;     ///< below 2^53, so that JavaScript can represent it
    std::string address;      ///< the client's, as far as it is known
    std::string proxy;        ///< the socket's peer if that is a proxy; else empty
    std::uint32_t stream = 0; ///< index into StatusSnapshot::streams
    std::string rendition;    ///< empty: the stream as it is
    bool adapts = false;      ///< it is moved between renditions
    std::uint32_t moves = 0;
    double link_rate = 0; ///< bytes/s that its link carries; 0: not known, or enough for all
    SendPath send_path = SendPath::copy;
    http::Variant variant = http::Variant::standard;
    std::optional<double> fps_limit;
    double fps = 0; ///< measured
    /// Age of the newest frame that the viewer's kernel has acknowledged; empty if there is none or
    /// the kernel does not report acknowledgements.
    std::optional<Duration> delivered_age;
    std::uint64_t frames_sent = 0;
    connection::SkipCounters skipped;
    std::uint64_t bytes_sent = 0;
    Duration connected_for{};
};

struct ServerStatus {
    std::string version;
    std::string instance; ///< id in chains of servers (http/via.hpp)
    std::string engine;   ///< "io_uring" or "epoll"
    Duration uptime{};
    WallTime now{};
    std::uint32_t viewers_max = 0;
    std::uint32_t viewers_per_address_max = 0; ///< 0: no limit
    std::uint32_t connections = 0;             ///< open now, viewers included
    bool accept_paused = false;
    bool draining = false;            ///< for maintenance: new viewers are refused
    bool zero_copy_supported = false; ///< by this kernel
    RelayCounters counters;
};

struct StatusSnapshot {
    ServerStatus server;
    std::vector<StreamStatus> streams;
    std::uint32_t viewers_total = 0;
    std::vector<ViewerStatus> viewers; ///< a part of them, in order of their ids
    /// Set if viewers follow those listed: ViewerPage::after of the next part.
    std::optional<std::uint64_t> viewers_next;
};

/// How a stream's frames are held in memory: "registered", "copied" or "unregistered"; and why they are
/// not in a better tier, empty in the best one.
[[nodiscard]] std::string_view tier_of(const StreamStatus& stream);
[[nodiscard]] std::string_view tier_reason_of(const StreamStatus& stream);

/// Leaves what everybody may know who may watch: no viewers, no ids of cameras, no addresses of other
/// servers, and no streams but those of `directory` that may be seen.
void hide_details(StatusSnapshot& status, const stream::Directory& directory);

/// For /api/status.
[[nodiscard]] std::string status_json(const StatusSnapshot& status);
/// For /metrics: Prometheus text format 0.0.4.
[[nodiscard]] std::string metrics_text(const StatusSnapshot& status);
/// For /NAME/link: `path` is relative to the root of the server.
[[nodiscard]] std::string link_json(const access::Link& link, std::string_view text);
/// For /state: the fields of ustreamer's /state that its clients read.
[[nodiscard]] std::string state_json(const StreamStatus& stream);
/// For /NAME/controls of a camera.
[[nodiscard]] std::string controls_json(const source::CameraStatus& camera,
                                        std::span<const source::CameraControl> controls);

/// For PUT of /NAME/controls: what is set now, and what to write into the configuration to keep it.
/// `applied`: the camera has the values already.
[[nodiscard]] std::string changed_controls_json(std::string_view stream_name,
                                                const source::CameraStatus& camera, bool applied);

} // namespace ringcast::api
