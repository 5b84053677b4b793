#pragma once
// What the kernel knows of a connected socket. Knows nothing of rings.

#include "io/ring.hpp"

namespace ringcast::uring {

[[nodiscard]] io::Peer describe_peer(int socket) noexcept;

[[nodiscard]] io::SocketProgress tcp_progress(int socket) noexcept;

} // namespace ringcast::uring
