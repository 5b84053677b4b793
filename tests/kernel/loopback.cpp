#include "kernel/loopback.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace ringcast::kernel_test {

namespace {

void set_buffer(int socket, int option, int bytes) {
    if (bytes != 0) {
        REQUIRE(::setsockopt(socket, SOL_SOCKET, option, &bytes, sizeof(bytes)) == 0);
    }
}

UniqueFd accept_from(int listener) {
    UniqueFd accepted(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(accepted.valid());
    return accepted;
}

} // namespace

UniqueFd listen_tcp(const char* address) {
    sockaddr_in6 ipv6{};
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv6.sin6_family = AF_INET6;
    const bool is_ipv4 = ::inet_pton(AF_INET, address, &ipv4.sin_addr) == 1;
    if (!is_ipv4) {
        REQUIRE(::inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1);
    }
    UniqueFd listener(::socket(is_ipv4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(listener.valid());
    const auto* const generic = is_ipv4 ? reinterpret_cast<const sockaddr*>(&ipv4)
                                        : reinterpret_cast<const sockaddr*>(&ipv6);
    REQUIRE(::bind(listener.get(), generic, is_ipv4 ? sizeof(ipv4) : sizeof(ipv6)) == 0);
    REQUIRE(::listen(listener.get(), 128) == 0);
    return listener;
}

UniqueFd listen_unix() {
    UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(listener.valid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof(sa_family_t)) == 0);
    REQUIRE(::listen(listener.get(), 128) == 0);
    return listener;
}

UniqueFd connect_to(int listener, int receive_bytes) {
    sockaddr_storage address{};
    socklen_t bytes = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::getsockname(listener, generic, &bytes) == 0);
    UniqueFd viewer(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(viewer.valid());
    // Before connecting, because a receive window that was offered can't be reduced.
    set_buffer(viewer.get(), SO_RCVBUF, receive_bytes);
    REQUIRE(::connect(viewer.get(), generic, bytes) == 0);
    return viewer;
}

Connection connect_tcp(SocketBuffers buffers, const char* address) {
    const UniqueFd listener = listen_tcp(address);
    Connection connection;
    connection.viewer = connect_to(listener.get(), buffers.viewer_receive_bytes);
    connection.server = accept_from(listener.get());
    set_buffer(connection.server.get(), SO_SNDBUF, buffers.server_send_bytes);
    return connection;
}

Connection connect_unix() {
    const UniqueFd listener = listen_unix();
    Connection connection;
    connection.viewer = connect_to(listener.get());
    connection.server = accept_from(listener.get());
    return connection;
}

std::vector<std::byte> read_available(int socket, std::size_t bytes_max) {
    std::vector<std::byte> bytes(bytes_max);
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
}

std::vector<std::byte> read_all(Loop& loop, int socket, std::size_t bytes) {
    std::vector<std::byte> received;
    loop.turn_until([&] {
        const std::vector<std::byte> more = read_available(socket);
        received.insert(received.end(), more.begin(), more.end());
        return received.size() >= bytes;
    });
    return received;
}

std::vector<std::byte> make_pattern(std::size_t bytes) {
    std::vector<std::byte> pattern(bytes);
    constexpr std::size_t period = 251; // prime, so that no block of a power of two repeats
    for (std::size_t index = 0; index < bytes; ++index) {
        pattern[index] = static_cast<std::byte>(index % period);
    }
    return pattern;
}

std::size_t Loop::turn(Duration wait, std::size_t expected, std::size_t room) {
    std::vector<io::Completion> completions(room);
    const Instant now{std::chrono::steady_clock::now().time_since_epoch()};
    const std::size_t count = engine_->submit_and_reap(completions, now + wait, expected);
    seen_.insert(seen_.end(), completions.begin(),
                 completions.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
}

std::vector<io::Completion> Loop::results(io::OpToken token) const {
    std::vector<io::Completion> found;
    std::copy_if(seen_.begin(), seen_.end(), std::back_inserter(found),
                 [token](const io::Completion& completion) {
                     return completion.token == token && !completion.notification;
                 });
    return found;
}

std::vector<io::Completion> Loop::notifications(io::OpToken token) const {
    std::vector<io::Completion> found;
    std::copy_if(seen_.begin(), seen_.end(), std::back_inserter(found),
                 [token](const io::Completion& completion) {
                     return completion.token == token && completion.notification;
                 });
    return found;
}

io::Completion Loop::result_of(io::OpToken token) {
    turn_until([&] { return !results(token).empty(); });
    return results(token).front();
}

} // namespace ringcast::kernel_test
