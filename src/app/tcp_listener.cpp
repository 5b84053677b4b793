#include "app/tcp_listener.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "app/port_owner.hpp"
#include "config/listen_address.hpp"

namespace ringcast::app {

namespace {

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

struct Attempt {
    Listener listener;
    int error = 0; ///< an errno; then there is no listener
};

/// Listens on an address. Returns 0 or an errno.
int bind_and_listen(int fd, SocketAddress& address) noexcept {
    return ::bind(fd, address.get(), address.length) == 0 && ::listen(fd, listen_backlog) == 0
               ? 0
               : errno;
}

/// The same for an address that a socket of `closing` may have too.
int listen_beside(int fd, SocketAddress& address, std::span<const int> closing) noexcept {
    const int result = bind_and_listen(fd, address);
    if (result != EADDRINUSE || closing.empty()) {
        return result;
    }
    // The kernel admits it if all of them agree, for a moment: other programs shall not join.
    const auto agree = [&](int value) {
        static_cast<void>(set_option(fd, SOL_SOCKET, SO_REUSEPORT, value));
        for (const int other : closing) {
            static_cast<void>(set_option(other, SOL_SOCKET, SO_REUSEPORT, value));
        }
    };
    agree(1);
    const int error = bind_and_listen(fd, address);
    agree(0);
    return error;
}

/// The sockets don't block: another process that has inherited one could accept a connection after
/// the epoll engine has seen it. For io_uring it makes no difference.
Attempt open_tcp(SocketAddress address, Duration stall_timeout, std::span<const int> closing) {
    Listener listener;
    listener.fd.reset(
        ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    if (!listener.fd.valid()) {
        return {{}, errno};
    }
    const int fd = listener.fd.get();
    int error = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && address.family() == AF_INET6) {
        error = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    if (error == 0) {
        error = set_tcp_options(fd, stall_timeout);
    }
    if (error == 0) {
        error = listen_beside(fd, address, closing);
    }
    if (error == 0) {
        error = read_tcp_address(fd, listener.address);
    }
    if (error != 0) {
        return {{}, error};
    }
    return {std::move(listener), 0};
}

/// Opens all addresses on one port. Appends to `listeners`; returns 0 or an errno.
int open_each(const std::vector<SocketAddress>& addresses, Duration stall_timeout,
              std::span<const int> closing, std::vector<Listener>& listeners) {
    std::optional<std::uint16_t> port;
    int error_without_family = 0;
    for (SocketAddress address : addresses) {
        if (port) {
            address.set_port(*port);
        }
        Attempt attempt = open_tcp(address, stall_timeout, closing);
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

} // namespace

int set_user_timeout(int fd, Duration stall_timeout) noexcept {
    const auto user_timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(stall_timeout + user_timeout_margin);
    return set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
}

// Sets neither SO_SNDBUF, which would turn the kernel's tuning off and throttle distant viewers,
// nor SO_LINGER, which every viewer would inherit.
int set_tcp_options(int fd, Duration stall_timeout) noexcept {
    int error = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (error == 0) {
        error = set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, notsent_lowat_bytes);
    }
    if (error == 0) {
        error = set_user_timeout(fd, stall_timeout);
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

int read_tcp_address(int fd, config::ListenAddress& address) {
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

Result<std::vector<Listener>> open_tcp_listeners(const config::ListenTcp& tcp,
                                                 Duration stall_timeout,
                                                 std::span<const int> closing) {
    const auto addresses = resolve(tcp);
    if (!addresses) {
        return tl::unexpected(addresses.error());
    }
    int error = 0;
    for (int attempt = 0; attempt < port_attempts_max; ++attempt) {
        std::vector<Listener> listeners;
        error = open_each(*addresses, stall_timeout, closing, listeners);
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

} // namespace ringcast::app
