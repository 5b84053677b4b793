#pragma once
// Listening sockets over TCP, and the options that accepted sockets inherit from them.

#include <span>
#include <vector>

#include "app/listeners.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::app {

// Hundreds of viewers may connect in the same instant; the kernel caps this at net.core.somaxconn,
// which is 4096 from Linux 5.4 on.
inline constexpr int listen_backlog = 4096;

/// See open_listeners.
[[nodiscard]] Result<std::vector<Listener>> open_tcp_listeners(const config::ListenTcp& tcp,
                                                               Duration stall_timeout,
                                                               std::span<const int> closing);

/// Options of a listening socket that make viewers' frames fresh and find those that have left.
/// Returns 0 or an errno.
[[nodiscard]] int set_tcp_options(int fd, Duration stall_timeout) noexcept;

/// The one of these that backs up `stall_timeout`.
[[nodiscard]] int set_user_timeout(int fd, Duration stall_timeout) noexcept;

/// Sets the address that the socket is bound to. Returns 0 or an errno.
[[nodiscard]] int read_tcp_address(int fd, config::ListenAddress& address);

} // namespace ringcast::app
