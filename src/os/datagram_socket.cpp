#include "os/datagram_socket.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

namespace ringcast::os {

Result<DatagramSocket> DatagramSocket::open(const std::string& address) {
    if (address.size() < 2 || address.size() >= sizeof sockaddr_un{}.sun_path ||
        (address.front() != '/' && address.front() != '@')) {
        return fail("\"" + address + "\" is no address of a UNIX socket");
    }
    UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) {
        return fail(std::string("no socket can be opened: ") + std::strerror(errno));
    }
    std::string name = address;
    if (name.front() == '@') {
        name.front() = '\0';
    }
    return DatagramSocket(std::move(socket), std::move(name));
}

bool DatagramSocket::send(std::string_view datagram) const noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    ssize_t sent = 0;
    do {
        sent = ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address), length);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

} // namespace ringcast::os
