#pragma once
// A status as another process reads it: what /api/status says about a server, its streams and its
// viewers, as far as an operator's tools need it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace ringcast::api {

struct ListedStream {
    std::string name;
    std::string state; ///< "live", as StreamState is named
    std::string reason;
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    double fps = 0;
    std::uint64_t frame_bytes_mean = 0;
    std::optional<Duration> frame_age;
    std::uint64_t viewers = 0;
    // Counters.
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_skipped = 0; ///< but those that viewers did not want (`fps=`)
    std::uint64_t bytes_sent = 0;
    std::uint64_t latency_count = 0;
    std::optional<Duration> latency_mean;
};

struct ListedViewer {
    std::uint64_t id = 0;
    std::string address;
    std::string proxy; ///< empty: none
    std::string stream;
    std::string send_path;
    double fps = 0;
    std::optional<Duration> delivered_age;
    Duration connected_for{};
    // Counters, as of ListedStream.
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_skipped = 0;
    std::uint64_t bytes_sent = 0;
};

struct ListedStatus {
    std::string version;
    std::string instance; ///< differs between processes
    std::string engine;
    Duration uptime{};
    std::uint64_t viewers_max = 0;
    bool draining = false;
    bool accept_paused = false;
    std::vector<ListedStream> streams;
    std::uint64_t viewers_total = 0;
    std::vector<ListedViewer> viewers;
    /// Set if viewers follow those listed: `after` of the next part.
    std::optional<std::uint64_t> viewers_next;
};

} // namespace ringcast::api
