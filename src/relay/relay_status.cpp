// Gathers the relay's numbers for status and metrics.

#include <algorithm>
#include <span>
#include <vector>

#include "relay/relay.hpp"

namespace ringcast::relay {

namespace {

/// In the order of the table, so that a part of the list is found without a search.
std::uint64_t viewer_id(connection::ConnectionId id) noexcept {
    return (static_cast<std::uint64_t>(id.index) << 32U) | id.generation;
}
std::uint32_t table_index(std::uint64_t viewer_id) noexcept {
    return static_cast<std::uint32_t>(viewer_id >> 32U);
}

api::ViewerStatus viewer_status(const connection::ConnectionContext& context,
                                const connection::Connection& viewer) {
    const Instant now = context.engine.now();
    const connection::Endpoint& endpoint = viewer.endpoint();
    const connection::FrameSender& frames = viewer.frames();
    api::ViewerStatus status;
    status.id = viewer_id(endpoint.id);
    status.address = endpoint.client.text(endpoint.peer).data();
    if (endpoint.through_proxy(context.trusted_proxies)) {
        status.proxy = endpoint.peer.address.data();
    }
    status.send_path = frames.send_path(context, endpoint);
    status.variant = frames.options().variant;
    if (frames.options().period_min > Duration::zero()) {
        status.fps_limit = 1.0 / std::chrono::duration<double>(frames.options().period_min).count();
    }
    status.fps = frames.frame_rate();
    if (frames.delivery().delivered_captured_at() != never) {
        status.delivered_age = now - frames.delivery().delivered_captured_at();
    }
    if (const connection::Adaptation* adaptation = frames.adaptation()) {
        status.adapts = true;
        status.moves = adaptation->moves();
        status.link_rate = adaptation->rate();
    }
    status.frames_sent = frames.frames_sent();
    status.skipped = frames.pacing().skipped();
    status.bytes_sent = frames.delivery().bytes_sent();
    status.connected_for = now - viewer.opened();
    return status;
}

/// Viewers of a rendition are viewers of the stream.
void add_rendition(stream::StreamStatus& status, const stream::Stream& rendition) {
    const stream::StreamStatus running = rendition.status();
    status.viewers += running.viewers;
    status.viewers_zero_copy += running.viewers_zero_copy;
    status.sends += running.sends;
    const auto listed = std::ranges::find_if(status.renditions, [&](const auto& other) {
        return other.totals.name == rendition.rendition();
    });
    listed->running = true;
    listed->width = running.width;
    listed->height = running.height;
    listed->fps = running.fps;
    listed->frame_bytes_mean = running.frame_bytes_mean;
    listed->viewers = running.viewers;
}

/// Of a stream that ends: another one may have its name.
constexpr std::uint32_t not_listed = UINT32_MAX;

/// `positions`: of the streams in `snapshot`, by index of the stream.
void list_viewers(connection::ConnectionSlab& connections, connection::ConnectionContext& context,
                  const stream::StreamTable& streams, const api::ViewerPage& page,
                  std::span<const std::uint32_t> positions, api::StatusSnapshot& snapshot) {
    if (page.count_max == 0) {
        return;
    }
    const auto list = [&](connection::ConnectionId id, connection::Connection& viewer) {
        if (!viewer.streaming() || viewer_id(id) <= page.after ||
            positions[viewer.frames().options().stream.index] == not_listed) {
            return true;
        }
        if (snapshot.viewers.size() == page.count_max) {
            snapshot.viewers_next = snapshot.viewers.back().id;
            return false;
        }
        // A closing viewer's descriptor may be closed, or another connection's, already.
        if (viewer.state() != connection::ConnectionState::closing) {
            // A system call: only for viewers that are listed.
            viewer.frames().sample_delivery(context, viewer.endpoint());
        }
        const io::StreamId watched = viewer.frames().options().stream;
        snapshot.viewers.push_back(viewer_status(context, viewer));
        snapshot.viewers.back().rendition = streams.get(watched).rendition();
        snapshot.viewers.back().stream = positions[watched.index];
        return true;
    };
    connections.for_each_from(table_index(page.after), list);
}

} // namespace

Relay::Places Relay::places_taken() const noexcept {
    return {context_.places.size(), context_.counts.streaming};
}

const stream::Stream& Relay::stream(std::size_t position) const noexcept {
    return *streams_.all()[position];
}

api::StatusSnapshot Relay::status(const api::ViewerPage& page) {
    api::StatusSnapshot snapshot;
    std::vector<std::uint32_t> positions(streams_.sends().size(), not_listed);
    for (const stream::Stream* stream : streams_.all()) {
        if (stream->retiring() || stream->original() != nullptr) {
            continue;
        }
        positions[stream->id().index] = static_cast<std::uint32_t>(snapshot.streams.size());
        snapshot.streams.push_back(stream->status());
        snapshot.streams.back().is_default = stream->id() == default_stream_;
    }
    for (const stream::Stream* stream : streams_.all()) {
        const stream::Stream* const original = stream->original();
        if (original != nullptr && !stream->retiring() && !original->retiring()) {
            const std::uint32_t position = positions[original->id().index];
            positions[stream->id().index] = position;
            add_rendition(snapshot.streams[position], *stream);
        }
    }
    snapshot.viewers_total = context_.counts.streaming;
    list_viewers(connections_, context_, streams_, page, positions, snapshot);

    api::ServerStatus& server = snapshot.server;
    server.version = settings_.version;
    server.instance = settings_.instance;
    server.engine = settings_.engine;
    server.uptime = engine_.now() - started_;
    server.now = engine_.wall_now();
    server.viewers_max = settings_.viewers_max;
    server.viewers_per_address_max = settings_.viewers_per_address_max;
    server.connections = connections_.size();
    server.accept_paused = acceptor_.paused();
    server.draining = responder_.draining();
    server.zero_copy_supported = engine_.zero_copy_supported();
    server.counters = counters_;
    if (status_hook_) {
        status_hook_(server.counters);
    }
    return snapshot;
}

} // namespace ringcast::relay
