#pragma once
// What all connections share: settings, tables and counts. Made once by the relay and passed to
// each call.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.hpp"
#include "config/config.hpp"
#include "connection/client.hpp"
#include "connection/frame_send.hpp"
#include "connection/request_places.hpp"
#include "http/ip_address.hpp"
#include "io/engine.hpp"
#include "io/token.hpp"

namespace ringcast::connection {

using config::SendPathPolicy;

/// Bounds of one connection. The reasons are in docs/architecture.md.
struct ConnectionSettings {
    Duration stall_timeout = std::chrono::seconds(10);
    /// From accept to a complete PROXY header. Proxies send it at once.
    Duration proxy_header_timeout = std::chrono::seconds(3);
    /// From accept, or from the PROXY header, to a complete request head.
    Duration head_timeout = std::chrono::seconds(5);
    Duration keep_alive_timeout = std::chrono::seconds(15);
    /// An answer with events sends a sign of life after so much silence: proxies give up after 30 to
    /// 60 s, and the HTML standard recommends 15.
    Duration event_heartbeat = std::chrono::seconds(15);
    Duration drain_timeout = std::chrono::seconds(1);
    std::size_t drain_bytes_max = 64UL * 1024UL;
    /// Frames that one viewer may pin. Measured: four keep the rate over a 100 ms round trip.
    std::uint32_t pinned_per_viewer_max = 4;
    SendPathPolicy send_path_policy = SendPathPolicy::automatic;
    /// Zero-copy is tried again after this time: the kernel may have copied only because of a
    /// packet capture.
    Duration zero_copy_probe_interval = std::chrono::minutes(1);
};

/// Connections by state, right now.
struct ConnectionCounts {
    std::uint32_t handshaking = 0; ///< accepted, and the first reply is not complete
    std::uint32_t streaming = 0;   ///< viewers of streams
};

struct ConnectionContext {
    io::Engine& engine;
    SendSlab& sends;
    std::span<StreamSends> streams; ///< by index of the stream
    const ConnectionSettings& settings;
    const http::AddressSet& trusted_proxies; ///< whose Forwarded and X-Forwarded-For are believed
    ConnectionCounts counts;
    RequestPlaces places;

    [[nodiscard]] StreamSends& sends_of(io::StreamId stream) const noexcept {
        return streams[stream.index];
    }
};

/// One end of a connection: what an operation on it needs to know.
struct Endpoint {
    ConnectionId id;
    int socket = -1;
    io::Peer peer;
    std::uint32_t listener = 0;  ///< index of the listener that accepted it
    bool proxy_protocol = false; ///< it begins with a PROXY header

    Client client{}; ///< of the last request, or named by the PROXY header

    [[nodiscard]] bool tcp() const noexcept { return peer.transport == io::Transport::tcp; }
    /// True when the peer is a proxy, whether that names its client or not.
    [[nodiscard]] bool through_proxy(const http::AddressSet& trusted) const noexcept {
        return proxy_protocol || is_trusted(Client{}, peer, trusted);
    }
    /// Of an operation of the connection.
    [[nodiscard]] io::OpToken token(io::OpKind kind) const noexcept {
        return {kind, id.index, id.generation};
    }
};

} // namespace ringcast::connection
