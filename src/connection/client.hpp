#pragma once
// Whose requests a connection carries: its socket's peer, or the client that a proxy names by the
// PROXY protocol, Forwarded or X-Forwarded-For. No I/O.

#include <array>
#include <cstdint>

#include "http/ip_address.hpp"
#include "http/request.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

/// A client. Most of its functions need the peer of the client's socket, so that a connection does
/// not keep that twice.
struct Client {
    /// Like io::Peer::address; without a port if none is known: "203.0.113.7", "2001:db8::7".
    using Text = std::array<char, 64>;

    bool is_peer = true; ///< of the socket; else it is at `address`
    /// The client is unknown, because the headers of its request contradict one another; the peer
    /// or `address` is the proxy that sent the request.
    bool disputed = false;
    std::uint16_t port = 0; ///< 0: unknown
    http::IpAddress address;

    /// True when it is known to run on this host.
    [[nodiscard]] bool is_local(const io::Peer& peer) const noexcept;
    /// As io::Peer::network. All disputed clients count as one address.
    [[nodiscard]] std::uint64_t network(const io::Peer& peer) const noexcept;
    [[nodiscard]] Text text(const io::Peer& peer) const noexcept;
    /// The text without the port.
    [[nodiscard]] Text host_text(const io::Peer& peer) const noexcept;

    friend bool operator==(const Client&, const Client&) = default;
};

/// True when `sender` is a proxy whose headers are believed. It is the peer, or the client that a
/// PROXY header names.
[[nodiscard]] bool is_trusted(const Client& sender, const io::Peer& peer,
                              const http::AddressSet& trusted) noexcept;

/// The client of a request that `sender` has sent. It is the sender itself unless that is trusted
/// and names another one.
///
/// A trusted proxy writes Forwarded or X-Forwarded-For, seldom both, and passes the header that it
/// does not write on as its client has sent it. So where a request has both and they name different
/// clients, one of the two names may be the client's own invention, and neither is believed: the
/// client is disputed. May throw std::bad_alloc.
[[nodiscard]] Client client_of(const http::Request& request, const Client& sender,
                               const io::Peer& peer, const http::AddressSet& trusted);

} // namespace ringcast::connection
