#include "app/listeners.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>

#include "app/port_owner.hpp"
#include "base/assert.hpp"
#include "config/listen_address.hpp"

namespace ringcast::app {

namespace {

// Hundreds of viewers may connect in the same instant; the kernel caps this at net.core.somaxconn,
// which is 4096 from Linux 5.4 on.
constexpr int backlog = 4096;
// Unsent data in a socket makes a viewer's picture older: with 16 KiB a 300 KB/s reader is 0.65 s
// behind, at the same throughput (measured).
constexpr int notsent_lowat_bytes = 16 * 1024;
// The kernel's own time-out backs up stall_timeout, so it expires a little later.
constexpr auto user_timeout_margin = std::chrono::seconds(5);
// Both families must get the same port for port 0, and another program may use it in one of them.
// Any other port may be in use for a moment without an owner: the io_uring of a process that was
// killed closes its listener some milliseconds after the process has ended.
constexpr int port_attempts_max = 50;
constexpr auto port_pause = std::chrono::milliseconds(20);

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
    [[nodiscard]] in_port_t& port_field() noexcept {
        return family() == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                                    : reinterpret_cast<sockaddr_in*>(&storage)->sin_port;
    }
    [[nodiscard]] std::uint16_t port() noexcept { return ntohs(port_field()); }
    void set_port(std::uint16_t port) noexcept { port_field() = htons(port); }
};

/// The addresses that `tcp` stands for; ":PORT" is both wildcards.
Result<std::vector<SocketAddress>> resolve(const config::ListenTcp& tcp) {
    std::vector<SocketAddress> addresses;
    if (tcp.host.empty()) {
        for (const char* host : {"0.0.0.0", "::"}) {
            addresses.push_back(resolve({host, tcp.port}).value().front());
        }
        return addresses;
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(tcp.host.c_str(), nullptr, &hints, &found); error != 0) {
        return fail(fmt::format("can't listen on {}: the host {} can't be resolved ({})",
                                config::listen_address_text(tcp), tcp.host, ::gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
    for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
        SocketAddress address;
        std::memcpy(&address.storage, info->ai_addr, info->ai_addrlen);
        address.length = info->ai_addrlen;
        address.set_port(tcp.port);
        // /etc/hosts may contain a name twice.
        const bool known = std::ranges::any_of(addresses, [&](const SocketAddress& other) {
            return other.length == address.length &&
                   std::memcmp(&other.storage, &address.storage, address.length) == 0;
        });
        if (!known) {
            addresses.push_back(address);
        }
    }
    return addresses;
}

int unprivileged_port_min() {
    std::ifstream file("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    int port = 0;
    return file >> port ? port : 1024;
}

/// The reason, and what to do about it.
std::string listen_failure(const config::ListenTcp& tcp, int error) {
    const std::string text = config::listen_address_text(tcp);
    switch (error) {
    case EADDRINUSE: {
        const auto holder = find_port_owner(tcp.port);
        return fmt::format("can't listen on {}: {}; choose another port, as in --listen "
                           "127.0.0.1:{}, or end that program",
                           text,
                           holder ? fmt::format("the port is taken by {} (process {})",
                                                holder->program, holder->pid)
                                  : "the port is taken by a program that only root can see "
                                    "(`sudo ss -ltnp` names it)",
                           tcp.port < UINT16_MAX ? tcp.port + 1 : 8080);
    }
    case EACCES:
        return fmt::format("can't listen on {}: ports below {} need a privilege; choose a higher "
                           "port, put a proxy in front of it, or grant it (AmbientCapabilities="
                           "CAP_NET_BIND_SERVICE in a unit, `setcap cap_net_bind_service=+ep` on "
                           "the program)",
                           text, unprivileged_port_min());
    case EADDRNOTAVAIL:
        return fmt::format("can't listen on {}: this machine doesn't have that address (`ip "
                           "address` lists those it has)",
                           text);
    default:
        return fmt::format("can't listen on {}: {}", text, std::strerror(error));
    }
}

/// Seconds without traffic until the kernel first probes the peer, and between two probes.
constexpr int keep_alive_idle_s = 30;
constexpr int keep_alive_interval_s = 10;

int set_option(int fd, int level, int option, int value) noexcept {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : errno;
}

/// Sets neither SO_SNDBUF, which would turn the kernel's tuning off and throttle distant viewers,
/// nor SO_LINGER, which every viewer would inherit.
int set_tcp_options(int fd, int family, Duration stall_timeout) noexcept {
    const auto user_timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(stall_timeout + user_timeout_margin);
    int error = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && family == AF_INET6) {
        error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    if (error == 0) {
        error = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    }
    if (error == 0) {
        error = set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, notsent_lowat_bytes);
    }
    if (error == 0) {
        error =
            set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
    }
    // Finds viewers that have left and are sent nothing for long, as with ?fps=0.01.
    if (error == 0) {
        error = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
    if (error == 0) {
        error = set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_idle_s);
    }
    if (error == 0) {
        error = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keep_alive_interval_s);
    }
    return error;
}

/// Sets the address that the socket is bound to. Returns 0 or an errno.
int read_address(int fd, config::ListenAddress& address) {
    SocketAddress bound;
    bound.length = sizeof bound.storage;
    if (::getsockname(fd, bound.get(), &bound.length) != 0) {
        return errno;
    }
    std::array<char, NI_MAXHOST> host{};
    if (::getnameinfo(bound.get(), bound.length, host.data(), host.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
        return ENOMEM; // the only way in which a numeric address can fail
    }
    address = config::ListenTcp{host.data(), bound.port()};
    return 0;
}

struct Attempt {
    Listener listener;
    int error = 0; ///< an errno; then there is no listener
};

/// The sockets are blocking: io_uring arms a poll where a call would block, with O_NONBLOCK or
/// without.
Attempt open_tcp(SocketAddress address, Duration stall_timeout) {
    Listener listener;
    listener.fd.reset(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!listener.fd.valid()) {
        return {{}, errno};
    }
    const int fd = listener.fd.get();
    if (const int error = set_tcp_options(fd, address.family(), stall_timeout); error != 0) {
        return {{}, error};
    }
    if (::bind(fd, address.get(), address.length) != 0 || ::listen(fd, backlog) != 0) {
        return {{}, errno};
    }
    if (const int error = read_address(fd, listener.address); error != 0) {
        return {{}, error};
    }
    return {std::move(listener), 0};
}

/// Opens all addresses on one port. Appends to `listeners`; returns 0 or an errno.
int open_each(const std::vector<SocketAddress>& addresses, Duration stall_timeout,
              std::vector<Listener>& listeners) {
    std::optional<std::uint16_t> port;
    int error_without_family = 0;
    for (SocketAddress address : addresses) {
        if (port) {
            address.set_port(*port);
        }
        Attempt attempt = open_tcp(address, stall_timeout);
        // One family may be disabled in the kernel, or its loopback address missing.
        const bool no_family = attempt.error == EAFNOSUPPORT || attempt.error == EADDRNOTAVAIL;
        if (no_family && addresses.size() > 1) {
            error_without_family = attempt.error;
            continue;
        }
        if (attempt.error != 0) {
            return attempt.error;
        }
        port = std::get<config::ListenTcp>(attempt.listener.address).port;
        listeners.push_back(std::move(attempt.listener));
    }
    return port ? 0 : error_without_family;
}

Result<std::vector<Listener>> open_tcp_listeners(const config::ListenTcp& tcp,
                                                 Duration stall_timeout) {
    const auto addresses = resolve(tcp);
    if (!addresses) {
        return tl::unexpected(addresses.error());
    }
    int error = 0;
    for (int attempt = 0; attempt < port_attempts_max; ++attempt) {
        std::vector<Listener> listeners;
        error = open_each(*addresses, stall_timeout, listeners);
        if (error == 0) {
            return listeners;
        }
        if (error != EADDRINUSE || (tcp.port != 0 && find_port_owner(tcp.port))) {
            break;
        }
        if (tcp.port != 0) {
            std::this_thread::sleep_for(port_pause);
        }
    }
    return fail(listen_failure(tcp, error));
}

// --- UNIX sockets ---

SocketAddress unix_address(const std::string& path) noexcept {
    SocketAddress address;
    auto* const name = reinterpret_cast<sockaddr_un*>(&address.storage);
    RINGCAST_ASSERT(path.size() < sizeof name->sun_path);
    name->sun_family = AF_UNIX;
    std::memcpy(name->sun_path, path.data(), path.size());
    address.length = sizeof(sockaddr_un);
    return address;
}

UniqueFd unix_socket() noexcept {
    return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

/// False when the process that listens at the other end was killed, and only its io_uring still
/// exists.
bool listener_lives(int connected) noexcept {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(connected, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 ||
           peer.pid == 0 || // of another namespace
           ::kill(peer.pid, 0) == 0 || errno != ESRCH;
}

/// Removes the socket file of a dead process at `path`, and no other file.
Result<void> clear_path(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return {}; // no file; other errors are reported by bind
    }
    if (!S_ISSOCK(status.st_mode)) {
        return fail(fmt::format(
            "can't listen on unix:{}: a file that is not a socket is in the way", path));
    }
    const UniqueFd probe = unix_socket();
    SocketAddress address = unix_address(path);
    const bool connected = ::connect(probe.get(), address.get(), address.length) == 0;
    if (connected && listener_lives(probe.get())) {
        return fail(fmt::format("can't listen on unix:{}: another program listens there", path));
    }
    if (!connected && errno != ECONNREFUSED) {
        return fail(fmt::format("can't listen on unix:{}: {}", path, std::strerror(errno)));
    }
    if (::unlink(path.c_str()) != 0) {
        return fail(fmt::format("can't listen on unix:{}: the socket file of an ended program "
                                "can't be removed ({})",
                                path, std::strerror(errno)));
    }
    return {};
}

/// Gives the socket file at `path` to a group.
Result<void> set_group(const std::string& path, const std::string& group) {
    errno = 0;
    const ::group* const found = ::getgrnam(group.c_str());
    if (found == nullptr) {
        return fail(fmt::format("can't listen on unix:{}: there is no group {}", path, group));
    }
    if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0) {
        return fail(
            fmt::format("can't listen on unix:{}: this user may not give files to the group "
                        "{} ({}): add the user to it (SupplementaryGroups={} in a unit)",
                        path, group, std::strerror(errno), group));
    }
    return {};
}

Result<Listener> open_unix_listener(const config::ListenConfig& listen) {
    const auto& where = std::get<config::ListenUnix>(listen.address);
    if (auto cleared = clear_path(where.path); !cleared) {
        return tl::unexpected(cleared.error());
    }
    Listener listener;
    listener.fd = unix_socket();
    listener.address = where;
    const int fd = listener.fd.get();
    SocketAddress address = unix_address(where.path);
    // The mode before bind is the initial mode of the file (less the umask), so no other user can
    // connect in between; chmod after it sets the configured mode whatever the umask.
    if (fd < 0 || ::fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        ::bind(fd, address.get(), address.length) != 0) {
        return fail(fmt::format("can't listen on unix:{}: {}", where.path, std::strerror(errno)));
    }
    listener.socket_file = SocketFile(where.path);
    if (!listen.group.empty()) {
        if (auto set = set_group(where.path, listen.group); !set) {
            return tl::unexpected(set.error());
        }
    }
    if (::chmod(where.path.c_str(), listen.mode) != 0 || ::listen(fd, backlog) != 0) {
        return fail(fmt::format("can't listen on unix:{}: {}", where.path, std::strerror(errno)));
    }
    return listener;
}

} // namespace

SocketFile::SocketFile(std::string path) noexcept : path_(std::move(path)) {
    struct stat status{};
    if (::lstat(path_.c_str(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

SocketFile::~SocketFile() {
    struct stat status{};
    if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        static_cast<void>(::unlink(path_.c_str()));
    }
}

void stop_listening(std::span<const Listener> listeners) noexcept {
    for (const Listener& listener : listeners) {
        static_cast<void>(::shutdown(listener.fd.get(), SHUT_RDWR));
    }
}

namespace {

/// More than one for ":PORT" and for names with several addresses.
Result<std::vector<Listener>> open_listen(const config::ListenConfig& listen,
                                          Duration stall_timeout) {
    if (const auto* tcp = std::get_if<config::ListenTcp>(&listen.address)) {
        return open_tcp_listeners(*tcp, stall_timeout);
    }
    auto listener = open_unix_listener(listen);
    if (!listener) {
        return tl::unexpected(listener.error());
    }
    std::vector<Listener> listeners;
    listeners.push_back(std::move(*listener));
    return listeners;
}

} // namespace

Result<std::vector<Listener>> open_listeners(std::span<const config::ListenConfig> addresses,
                                             Duration stall_timeout) {
    std::vector<Listener> listeners;
    for (const config::ListenConfig& listen : addresses) {
        auto opened = open_listen(listen, stall_timeout);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        for (Listener& listener : *opened) {
            listener.proxy_protocol = listen.proxy_protocol;
            listener.open = listen.open;
            listeners.push_back(std::move(listener));
        }
    }
    return listeners;
}

} // namespace ringcast::app
