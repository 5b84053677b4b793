#pragma once
// The status of a stream, for operators.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "connection/frame_send.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"
#include "source/upstream_status.hpp"
#include "stream/signal.hpp"
#include "stream/statistics.hpp"

namespace ringcast::stream {

/// A rendition that was watched.
struct RenditionStatus {
    RenditionTotals totals;
    bool running = false;
    std::uint32_t width = 0; ///< of the newest frame; zero if it does not run, as all below
    std::uint32_t height = 0;
    double fps = 0; ///< as measured
    std::uint64_t frame_bytes_mean = 0;
    std::uint32_t viewers = 0; ///< also among those of the stream
};

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
    std::optional<Duration> frame_age; ///< of the newest frame; empty unless live
    source::SourceCounters source_counters;
    std::optional<source::CameraStatus> camera;     ///< of a camera's stream
    std::optional<source::UpstreamStatus> upstream; ///< of another server's stream
    std::optional<source::PictureStatus> picture;   ///< what is done to its pictures
    std::uint32_t slots_total = 0;
    std::uint32_t slots_free = 0;
    bool registered = false; ///< the slots are registered with the engine: zero-copy is possible
    std::string tier_reason; ///< why they are not; empty when they are
    std::uint32_t viewers = 0;
    connection::SendCounters sends; ///< frames by send path, bytes, notifications, skips by reason
    std::uint32_t viewers_zero_copy = 0; ///< of `viewers`
    FrameTimes times;
    std::vector<LossCount> losses;
    std::vector<RenditionStatus> renditions;
};

} // namespace ringcast::stream
