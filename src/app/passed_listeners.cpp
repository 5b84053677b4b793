#include "app/passed_listeners.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "app/tcp_listener.hpp"

namespace ringcast::app {

namespace {

int option(int fd, int name) noexcept {
    int value = -1;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

/// The path of a UNIX socket, with an "@" in front of a name in the abstract namespace.
int read_unix_address(int fd, config::ListenAddress& address) {
    sockaddr_un bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &length) != 0) {
        return errno;
    }
    constexpr std::size_t begin = offsetof(sockaddr_un, sun_path);
    std::string path(bound.sun_path, length > begin ? length - begin : 0);
    if (path.starts_with('\0')) {
        path.front() = '@';
    }
    address = config::ListenUnix{path.substr(0, path.find('\0'))};
    return 0;
}

} // namespace

Result<std::vector<Listener>> passed_listeners(std::vector<PassedSocket> sockets,
                                               Duration stall_timeout) {
    std::vector<Listener> listeners;
    for (PassedSocket& socket : sockets) {
        const int fd = socket.fd.get();
        const int domain = option(fd, SO_DOMAIN);
        const bool tcp = domain == AF_INET || domain == AF_INET6;
        const bool listens = option(fd, SO_TYPE) == SOCK_STREAM && option(fd, SO_ACCEPTCONN) == 1;
        if (!listens || (!tcp && domain != AF_UNIX)) {
            return fail(fmt::format("the socket {} that has been passed to this process takes no "
                                    "connections: it needs ListenStream= and Accept=no in its "
                                    "socket unit",
                                    socket.name));
        }
        Listener listener;
        listener.passed = true;
        listener.passed_name = socket.name;
        int error = tcp ? set_tcp_options(fd, stall_timeout) : 0;
        // As those of open_listeners. systemd sets the mode anew for each process that it starts.
        if (error == 0 && ::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
            error = errno;
        }
        if (error == 0) {
            error = tcp ? read_tcp_address(fd, listener.address)
                        : read_unix_address(fd, listener.address);
        }
        if (error != 0) {
            return fail(fmt::format("the socket {} that has been passed to this process can't be "
                                    "used: {}",
                                    socket.name, std::strerror(error)));
        }
        listener.configured = listener.address;
        listener.fd = std::move(socket.fd);
        listeners.push_back(std::move(listener));
    }
    return listeners;
}

} // namespace ringcast::app
