#pragma once
// Opens the sockets that viewers connect to. Accepted sockets inherit the options of the listener,
// so that accepting needs no further system call. Knows nothing of HTTP or the engine.

#include <span>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "base/result.hpp"
#include "base/time.hpp"
#include "base/unique_fd.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// The file of a UNIX socket that this process created. The destructor removes it, unless another
/// process has replaced it.
class SocketFile {
public:
    SocketFile() noexcept = default;
    /// Adopts the file that exists at `path`.
    explicit SocketFile(std::string path) noexcept;
    SocketFile(SocketFile&& other) noexcept
        : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}
    SocketFile& operator=(SocketFile&& other) noexcept {
        std::swap(path_, other.path_);
        std::swap(device_, other.device_);
        std::swap(inode_, other.inode_);
        return *this;
    }
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;
    ~SocketFile();

private:
    std::string path_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

struct Listener {
    UniqueFd fd;
    /// As bound: a numeric host, and the port that the kernel chose for port 0.
    config::ListenAddress address;
    SocketFile socket_file;
    config::ListenAddress configured; ///< several listeners may belong to one of these
    bool proxy_protocol = false;      ///< as configured
    bool open = false;                ///< as configured
    std::uint32_t place = 0;          ///< in the relay's list of listeners
    bool passed = false;     ///< opened by the service manager, which listens on without us
    std::string passed_name; ///< as in "systemd:NAME"
};

/// Opens all of them, or fails with an error that says what to do. ":PORT" and names open a socket
/// for each address: one per family, so that no peer appears as an IPv4-mapped IPv6 address. Where
/// the kernel has no IPv6, ":PORT" is IPv4 alone. `closing` are sockets of this process that will be
/// closed next: an address that one of them listens on can be opened too. Sockets of `passed` serve
/// the addresses that name them or that they are bound to; those that are left follow, with default
/// properties.
[[nodiscard]] Result<std::vector<Listener>>
open_listeners(std::span<const config::ListenConfig> addresses, Duration stall_timeout,
               std::span<const int> closing = {}, std::vector<Listener> passed = {});

/// Gives the socket file of a listener that is open its present mode and group. No-op for TCP.
[[nodiscard]] Result<void> change_socket_file(const config::ListenConfig& listen);

/// Connections that are accepted from here on have this time-out. No-op for UNIX sockets.
void set_stall_timeout(const Listener& listener, Duration stall_timeout) noexcept;

/// From here on connecting is refused, also to peers that wait to be accepted, which would otherwise
/// hang until the process ends. The descriptors stay open: operations on them may be under way.
void stop_listening(std::span<const Listener> listeners) noexcept;
void stop_listening(const Listener& listener) noexcept;

} // namespace ringcast::app
