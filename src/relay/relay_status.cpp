// Gathers the relay's numbers for status and metrics.

#include "relay/relay.hpp"

namespace ringcast::relay {

namespace {

api::ViewerStatus viewer_status(const connection::ConnectionContext& context,
                                const connection::Connection& viewer) {
    const Instant now = context.engine.now();
    const connection::Endpoint& endpoint = viewer.endpoint();
    const connection::FrameSender& frames = viewer.frames();
    api::ViewerStatus status;
    status.id = (static_cast<std::uint64_t>(endpoint.id.generation) << 32U) | endpoint.id.index;
    status.address = endpoint.peer.address.data();
    status.send_path = frames.send_path(context, endpoint);
    status.variant = frames.options().variant;
    if (frames.options().period_min > Duration::zero()) {
        status.fps_limit = 1.0 / std::chrono::duration<double>(frames.options().period_min).count();
    }
    status.fps = frames.frame_rate();
    if (frames.delivery().delivered_captured_at() != never) {
        status.delivered_age = now - frames.delivery().delivered_captured_at();
    }
    status.frames_sent = frames.frames_sent();
    status.skipped = frames.pacing().skipped();
    status.bytes_sent = frames.delivery().bytes_sent();
    status.connected_for = now - viewer.opened();
    return status;
}

} // namespace

api::StatusSnapshot Relay::status(bool with_viewers) {
    api::StatusSnapshot snapshot;
    std::vector<std::uint32_t> positions(streams_.sends().size()); ///< by index of the stream
    for (const stream::Stream* stream : streams_.all()) {
        positions[stream->id().index] = static_cast<std::uint32_t>(snapshot.streams.size());
        snapshot.streams.push_back(stream->status());
        snapshot.streams.back().is_default = stream->id() == default_stream_;
    }
    if (with_viewers) {
        connections_.for_each([&](connection::ConnectionId, connection::Connection& viewer) {
            if (viewer.streaming()) {
                // A closing viewer's descriptor may be closed, or another connection's, already.
                if (viewer.state() != connection::ConnectionState::closing) {
                    // A system call: only when it is shown.
                    viewer.frames().sample_delivery(context_, viewer.endpoint());
                }
                snapshot.viewers.push_back(viewer_status(context_, viewer));
                snapshot.viewers.back().stream = positions[viewer.frames().options().stream.index];
            }
        });
    }

    api::ServerStatus& server = snapshot.server;
    server.version = settings_.version;
    server.uptime = engine_.now() - started_;
    server.now = engine_.wall_now();
    server.viewers_max = settings_.viewers_max;
    server.viewers_per_address_max = settings_.viewers_per_address_max;
    server.connections = connections_.size();
    server.accept_paused = acceptor_.paused();
    server.zero_copy_supported = engine_.zero_copy_supported();
    server.counters = counters_;
    if (status_hook_) {
        status_hook_(server.counters);
    }
    return snapshot;
}

} // namespace ringcast::relay
