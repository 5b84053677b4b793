// Gathers the relay's numbers for status and metrics.

#include "relay/relay.hpp"

namespace ringcast::relay {

namespace {

api::ViewerStatus viewer_status(const connection::ConnectionContext& context,
                                const connection::Connection& viewer) {
    const Instant now = context.engine.now();
    api::ViewerStatus status;
    status.id = (static_cast<std::uint64_t>(viewer.id().generation) << 32U) | viewer.id().index;
    status.address = viewer.peer().address.data();
    status.stream = viewer.options().stream;
    status.send_path = viewer.send_path(context);
    status.variant = viewer.options().variant;
    if (viewer.options().period_min > Duration::zero()) {
        status.fps_limit = 1.0 / std::chrono::duration<double>(viewer.options().period_min).count();
    }
    status.fps = viewer.frame_rate();
    if (viewer.delivered_captured_at() != never) {
        status.delivered_age = now - viewer.delivered_captured_at();
    }
    status.frames_sent = viewer.frames_sent();
    status.skipped = viewer.skipped();
    status.bytes_sent = viewer.bytes_sent();
    status.connected_for = now - viewer.opened();
    return status;
}

} // namespace

api::StatusSnapshot Relay::status(bool with_viewers) {
    api::StatusSnapshot snapshot;
    for (const auto& stream : streams_) {
        snapshot.streams.push_back(stream->status());
        snapshot.streams.back().sends = stream_sends_[stream->index()].counters;
    }
    snapshot.streams[default_stream_].is_default = true;
    viewers_.for_each([&](connection::ConnectionId, connection::Connection& viewer) {
        if (!viewer.streaming()) {
            return;
        }
        if (with_viewers) {
            viewer.sample_progress(
                context_); // what is acknowledged is asked only when it is wanted
            snapshot.viewers.push_back(viewer_status(context_, viewer));
        }
    });

    api::ServerStatus& server = snapshot.server;
    server.version = settings_.version;
    server.uptime = engine_.now() - started_;
    server.now = engine_.wall_now();
    server.viewers_max = settings_.viewers_max;
    server.viewers_per_address_max = settings_.viewers_per_address_max;
    server.connections = viewers_.size();
    for (const Listener& listener : listeners_) {
        server.accept_paused = server.accept_paused || listener.rearm_at != never;
    }
    server.zero_copy_supported = engine_.zero_copy_supported();
    server.counters = counters_;
    if (status_hook_) {
        status_hook_(server.counters);
    }
    return snapshot;
}

} // namespace ringcast::relay
