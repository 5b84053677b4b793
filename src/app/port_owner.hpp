#pragma once
// Who listens on a TCP port, as far as /proc shows it to this user.

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

namespace ringcast::app {

struct PortOwner {
    std::string program; ///< its name as the kernel knows it, at most 15 bytes
    pid_t pid = 0;
};

/// Nothing when nobody listens, or when it is another user's process.
[[nodiscard]] std::optional<PortOwner> find_port_owner(std::uint16_t port);

} // namespace ringcast::app
