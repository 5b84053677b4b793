#include "app/listeners.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/tcp_listener.hpp"
#include "config/listen_address.hpp"
#include "os/unix_address.hpp"

namespace ringcast::app {

namespace {

UniqueFd unix_socket(int flags = 0) noexcept {
    return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
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
    const sockaddr_un address = os::unix_address(path);
    const bool connected = ::connect(probe.get(), os::generic(address), sizeof address) == 0;
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
    listener.fd = unix_socket(SOCK_NONBLOCK);
    listener.address = where;
    const int fd = listener.fd.get();
    const sockaddr_un address = os::unix_address(where.path);
    // The mode before bind is the initial mode of the file (less the umask), so no other user can
    // connect in between; chmod after it sets the configured mode whatever the umask.
    if (fd < 0 || ::fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        ::bind(fd, os::generic(address), sizeof address) != 0) {
        return fail(fmt::format("can't listen on unix:{}: {}", where.path, std::strerror(errno)));
    }
    listener.socket_file = SocketFile(where.path);
    if (!listen.group.empty()) {
        if (auto set = set_group(where.path, listen.group); !set) {
            return tl::unexpected(set.error());
        }
    }
    if (::chmod(where.path.c_str(), listen.mode) != 0 || ::listen(fd, listen_backlog) != 0) {
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

void stop_listening(const Listener& listener) noexcept {
    if (!listener.passed) {
        static_cast<void>(::shutdown(listener.fd.get(), SHUT_RDWR));
    }
}

void stop_listening(std::span<const Listener> listeners) noexcept {
    for (const Listener& listener : listeners) {
        stop_listening(listener);
    }
}

Result<void> change_socket_file(const config::ListenConfig& listen) {
    const auto* const where = std::get_if<config::ListenUnix>(&listen.address);
    if (where == nullptr) {
        return {};
    }
    if (!listen.group.empty()) {
        if (auto set = set_group(where->path, listen.group); !set) {
            return set;
        }
    } else if (::chown(where->path.c_str(), static_cast<uid_t>(-1), ::getegid()) != 0) {
        return fail(fmt::format("can't give unix:{} back to the group of this process: {}",
                                where->path, std::strerror(errno)));
    }
    if (::chmod(where->path.c_str(), listen.mode) != 0) {
        return fail(
            fmt::format("can't change the mode of unix:{}: {}", where->path, std::strerror(errno)));
    }
    return {};
}

void set_stall_timeout(const Listener& listener, Duration stall_timeout) noexcept {
    if (std::holds_alternative<config::ListenTcp>(listener.address)) {
        static_cast<void>(set_user_timeout(listener.fd.get(), stall_timeout));
    }
}

namespace {

template <typename Predicate>
std::vector<Listener> take_if(std::vector<Listener>& passed, Predicate predicate) {
    std::vector<Listener> taken;
    const auto chosen = std::stable_partition(passed.begin(), passed.end(), std::not_fn(predicate));
    std::move(chosen, passed.end(), std::back_inserter(taken));
    passed.erase(chosen, passed.end());
    return taken;
}

/// Whether `bound` is the address, or one that ":PORT" stands for.
bool includes(const config::ListenAddress& address, const config::ListenAddress& bound) {
    const auto* tcp = std::get_if<config::ListenTcp>(&address);
    if (tcp == nullptr || !tcp->host.empty()) {
        return address == bound;
    }
    const auto* bound_tcp = std::get_if<config::ListenTcp>(&bound);
    return bound_tcp != nullptr && bound_tcp->port == tcp->port && config::is_wildcard(bound);
}

std::string not_passed(std::string_view name, std::span<const Listener> passed) {
    std::vector<std::string_view> names;
    for (const Listener& listener : passed) {
        names.push_back(listener.passed_name);
    }
    return fmt::format(
        "can't listen on systemd:{}: {} (FileDescriptorName= in a socket unit names its sockets)",
        name,
        names.empty()
            ? "no socket has been passed to this process"
            : fmt::format("the sockets that have been passed to this process are called {}",
                          fmt::join(names, ", ")));
}

/// More than one for ":PORT" and for names with several addresses or sockets.
Result<std::vector<Listener>> open_listen(const config::ListenConfig& listen,
                                          Duration stall_timeout, std::span<const int> closing,
                                          std::vector<Listener>& passed) {
    if (const auto* named = std::get_if<config::ListenPassed>(&listen.address)) {
        std::vector<Listener> taken = take_if(
            passed, [&](const Listener& listener) { return listener.passed_name == named->name; });
        return taken.empty() ? fail(not_passed(named->name, passed))
                             : Result<std::vector<Listener>>(std::move(taken));
    }
    std::vector<Listener> listeners;
    if (auto bound = take_if(
            passed,
            [&](const Listener& listener) { return includes(listen.address, listener.address); });
        !bound.empty()) {
        return bound;
    }
    if (const auto* tcp = std::get_if<config::ListenTcp>(&listen.address)) {
        return open_tcp_listeners(*tcp, stall_timeout, closing);
    }
    auto listener = open_unix_listener(listen);
    if (!listener) {
        return tl::unexpected(listener.error());
    }
    listeners.push_back(std::move(*listener));
    return listeners;
}

} // namespace

Result<std::vector<Listener>> open_listeners(std::span<const config::ListenConfig> addresses,
                                             Duration stall_timeout, std::span<const int> closing,
                                             std::vector<Listener> passed) {
    std::vector<Listener> listeners;
    for (const config::ListenConfig& listen : addresses) {
        auto opened = open_listen(listen, stall_timeout, closing, passed);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        for (Listener& listener : *opened) {
            listener.configured = listen.address;
            listener.proxy_protocol = listen.proxy_protocol;
            listener.open = listen.open;
            listeners.push_back(std::move(listener));
        }
    }
    std::ranges::move(passed, std::back_inserter(listeners));
    return listeners;
}

} // namespace ringcast::app
