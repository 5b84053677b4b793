#pragma once
// Asks the kernel about a connected socket. Knows nothing of engines.

#include <cstdint>

#include <sys/socket.h>

#include "io/engine.hpp"

namespace ringcast::os {

/// Address and locality of the peer. The address is "gone" when the peer has already left.
[[nodiscard]] io::Peer describe_peer(int socket) noexcept;

/// io::Peer::network of an IPv4 or IPv6 address.
[[nodiscard]] std::uint64_t network_of(const sockaddr_storage& address) noexcept;

/// From TCP_INFO.
[[nodiscard]] io::SocketProgress tcp_progress(int socket) noexcept;

} // namespace ringcast::os
