#include "os/datagram_socket.hpp"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

#include "os/unix_address.hpp"

namespace ringcast::os {

Result<DatagramSocket> DatagramSocket::open(const std::string& address) {
    if (address.size() < 2 || !fits_unix_address(address) ||
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
    const sockaddr_un address = unix_address(name_);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    ssize_t sent = 0;
    do {
        sent = ::sendto(socket_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL,
                        generic(address), length);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

} // namespace ringcast::os
