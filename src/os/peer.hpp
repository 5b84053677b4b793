#pragma once
// What the kernel knows of a connected socket. Knows nothing of engines.

#include "io/engine.hpp"

namespace ringcast::os {

[[nodiscard]] io::Peer describe_peer(int socket) noexcept;

[[nodiscard]] io::SocketProgress tcp_progress(int socket) noexcept;

} // namespace ringcast::os
