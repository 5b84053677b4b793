#pragma once
// Finds the process that listens on a TCP port, as far as /proc shows it to this user, or on a UNIX
// socket.

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace ringcast::app {

struct PortOwner {
    std::string program; ///< the kernel's name of it, at most 15 bytes
    pid_t pid = 0;
};

/// Nothing when no process listens, or when it belongs to another user.
[[nodiscard]] std::optional<PortOwner> find_port_owner(std::uint16_t port);
/// Connects to the socket. Nothing when no process listens, or when this user may not connect.
[[nodiscard]] std::optional<PortOwner> find_socket_owner(const std::string& path);

} // namespace ringcast::app
