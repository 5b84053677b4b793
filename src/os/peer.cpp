#include "os/peer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>

#include <arpa/inet.h>
// <netinet/tcp.h> can't be used: its tcp_info lacks tcpi_bytes_acked.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "http/ip_address.hpp"

namespace ringcast::os {

namespace {

/// TCP_CLOSE of the kernel's socket states: the connection has ended, its counters mean nothing.
constexpr std::uint8_t tcp_state_closed = 7;

// Numbers of networks that no IP address has.
constexpr std::uint64_t unix_network = 1;
constexpr std::uint64_t unknown_network = 2;

struct Endpoint {
    http::IpAddress address;
    std::uint16_t port = 0;
};

Endpoint to_endpoint(const sockaddr_storage& storage) noexcept {
    if (storage.ss_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &storage, sizeof(ipv4));
        return {http::IpAddress::from_ipv4(
                    std::as_bytes(std::span<const in_addr, 1>(&ipv4.sin_addr, 1))),
                ntohs(ipv4.sin_port)};
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &storage, sizeof(ipv6));
    return {
        http::IpAddress::from_ipv6(std::as_bytes(std::span<const in6_addr, 1>(&ipv6.sin6_addr, 1))),
        ntohs(ipv6.sin6_port)};
}

void write_text(const Endpoint& endpoint, std::array<char, 64>& text) noexcept {
    std::snprintf(text.data(), text.size(), endpoint.address.is_ipv4() ? "%s:%u" : "[%s]:%u",
                  endpoint.address.text().data(), static_cast<unsigned>(endpoint.port));
}

void write_text(const char* words, std::array<char, 64>& text) noexcept {
    std::snprintf(text.data(), text.size(), "%s", words);
}

} // namespace

std::uint64_t network_of(const sockaddr_storage& address) noexcept {
    return to_endpoint(address).address.network();
}

int open_socket(const io::SocketAddress& address, int flags) noexcept {
    sockaddr header{};
    std::memcpy(&header, address.bytes.data(), sizeof(header));
    const int socket = ::socket(header.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (socket < 0) {
        return -errno;
    }
    if (address.transport == io::Transport::tcp) {
        // Of these none is needed for correctness, so failures are ignored. A request is one small
        // segment; and a peer that was switched off is noticed also while it has nothing to send.
        const int on = 1;
        static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
        static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
    }
    return socket;
}

std::string address_text(const io::SocketAddress& address) {
    if (address.transport == io::Transport::unix_socket) {
        return "unix";
    }
    sockaddr_storage storage{};
    std::memcpy(&storage, address.bytes.data(),
                std::min<std::size_t>(address.length, sizeof(storage)));
    std::array<char, 64> text{};
    write_text(to_endpoint(storage), text);
    return text.data();
}

io::Peer describe_peer(int socket) noexcept {
    io::Peer peer;
    sockaddr_storage theirs{};
    socklen_t theirs_bytes = sizeof(theirs);
    sockaddr_storage ours{};
    socklen_t ours_bytes = sizeof(ours);
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&ours), &ours_bytes) == 0 &&
        ours.ss_family == AF_UNIX) {
        peer.transport = io::Transport::unix_socket;
        peer.local = true;
        peer.network = unix_network;
        write_text("unix", peer.address);
        return peer;
    }
    if (::getpeername(socket, reinterpret_cast<sockaddr*>(&theirs), &theirs_bytes) != 0) {
        // The peer left after the handshake; the first operation on the socket will fail.
        peer.network = unknown_network;
        write_text("gone", peer.address);
        return peer;
    }
    const Endpoint their_end = to_endpoint(theirs);
    peer.network = their_end.address.network();
    peer.local = their_end.address.is_loopback() || their_end.address == to_endpoint(ours).address;
    write_text(their_end, peer.address);
    return peer;
}

void shorten_queue(int socket) noexcept {
    constexpr int bytes = 32 * 1024; // the kernel doubles it
    static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
}

io::SocketProgress socket_progress(int socket, io::Transport transport) noexcept {
    if (transport != io::Transport::tcp) {
        return {};
    }
    tcp_info info{};
    socklen_t bytes = sizeof(info);
    // The last of the fields that are read. Linux 4.19 and later have them all.
    constexpr std::size_t bytes_needed =
        offsetof(tcp_info, tcpi_bytes_retrans) + sizeof(info.tcpi_bytes_retrans);
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0 || bytes < bytes_needed ||
        info.tcpi_state == tcp_state_closed) {
        return {};
    }
    // tcpi_bytes_sent counts retransmitted bytes again.
    const std::uint64_t sent_once = info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
    const std::uint64_t in_flight =
        sent_once > info.tcpi_bytes_acked ? sent_once - info.tcpi_bytes_acked : 0;
    // Without a measurement tcpi_min_rtt is ~0.
    const bool rtt_known = info.tcpi_rtt != 0 && info.tcpi_min_rtt != ~std::uint32_t{0};
    return {.known = true,
            .app_limited = info.tcpi_delivery_rate_app_limited != 0,
            .bytes_acked = info.tcpi_bytes_acked,
            .bytes_pending = in_flight + info.tcpi_notsent_bytes,
            .delivery_rate = info.tcpi_delivery_rate,
            .rtt = std::chrono::microseconds(rtt_known ? info.tcpi_rtt : 0),
            .rtt_min = std::chrono::microseconds(rtt_known ? info.tcpi_min_rtt : 0)};
}

} // namespace ringcast::os
