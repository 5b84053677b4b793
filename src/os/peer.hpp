#pragma once
// Opens sockets for connections to others, and asks the kernel about connected ones. Knows nothing of
// engines.

#include <cstdint>
#include <string>

#include <sys/socket.h>

#include "io/engine.hpp"

namespace ringcast::os {

/// io::Engine::open_socket. `flags` are added to the socket's type (SOCK_NONBLOCK).
[[nodiscard]] int open_socket(const io::SocketAddress& address, int flags = 0) noexcept;

/// The address as text, as in io::Peer::address.
[[nodiscard]] std::string address_text(const io::SocketAddress& address);

/// Address and locality of the peer. The address is "gone" when the peer has already left.
[[nodiscard]] io::Peer describe_peer(int socket) noexcept;

/// io::Engine::shorten_queue: 64 KiB, with the kernel's own structures.
void shorten_queue(int socket) noexcept;

/// io::Peer::network of an IPv4 or IPv6 address.
[[nodiscard]] std::uint64_t network_of(const sockaddr_storage& address) noexcept;

/// io::Engine::socket_progress: from TCP_INFO; unknown for UNIX sockets.
[[nodiscard]] io::SocketProgress socket_progress(int socket, io::Transport transport) noexcept;

} // namespace ringcast::os
