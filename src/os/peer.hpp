#pragma once
// Asks the kernel about a connected socket. Knows nothing of engines.

#include "io/engine.hpp"

namespace ringcast::os {

/// Address and locality of the peer. The address is "gone" when the peer has already left.
[[nodiscard]] io::Peer describe_peer(int socket) noexcept;

/// From TCP_INFO.
[[nodiscard]] io::SocketProgress tcp_progress(int socket) noexcept;

} // namespace ringcast::os
