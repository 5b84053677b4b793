#pragma once
// systemd, or another service manager that speaks its protocols: readiness and liveness
// (sd_notify(3), sd_watchdog_enabled(3)), and sockets that are open before the program starts
// (sd_listen_fds(3)). The protocols are a few lines of text and are guaranteed to stay.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "os/datagram_socket.hpp"

namespace ringcast::app {

/// Says nothing where there is no service manager, or when it has no room for a message: then the
/// next message says what matters.
class ServiceManager {
public:
    /// Reads its variables from the environment and removes them, because programs that are sources
    /// would take them for theirs. To be called while there are no other threads.
    [[nodiscard]] static ServiceManager from_environment();

    /// Clients can connect. `status`: one line for people. Throws std::bad_alloc if it is not empty.
    void ready(std::string_view status) const;
    /// The configuration is being read again; `ready` follows. `now`: of the monotonic clock.
    void reloading(Instant now) const noexcept;
    void stopping() const noexcept;

    /// To be called in each turn of the loop: tells the service manager's watchdog that the loop
    /// turns. Returns when the next turn must have begun; `never` without a watchdog.
    [[nodiscard]] Instant keep_alive(Instant now) noexcept;

private:
    void send(std::string_view message) const noexcept;

    std::optional<os::DatagramSocket> socket_;
    Duration alive_interval_{}; ///< zero: there is no watchdog
    Instant alive_at_{};        ///< when the next sign of life is due
};

struct PassedSocket {
    UniqueFd fd;
    std::string name; ///< FileDescriptorName= of the socket unit; by default the name of that unit
};

/// The sockets that the service manager has opened for this process, in its order. Removes their
/// variables from the environment. To be called once, while there are no other threads.
[[nodiscard]] std::vector<PassedSocket> take_passed_sockets();

} // namespace ringcast::app
