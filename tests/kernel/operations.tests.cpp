// Every operation of the engine, on the kernel.

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "kernel/loopback.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;
using namespace std::chrono_literals;

TEST_CASE("each of several accepts on a listener takes one connection, over TCP and UNIX sockets") {
    Loop loop;
    const bool tcp = GENERATE(true, false);
    const bool connected_before = GENERATE(true, false);
    CAPTURE(tcp, connected_before);
    const UniqueFd listener = tcp ? listen_tcp() : listen_unix();
    constexpr std::uint32_t connection_count = 3;
    std::vector<UniqueFd> viewers;
    const auto connect = [&] {
        for (std::uint32_t index = 0; index < connection_count; ++index) {
            viewers.push_back(connect_to(listener.get()));
        }
    };
    if (connected_before) {
        connect();
    }
    constexpr std::uint32_t accept_count = connection_count + 1;
    for (std::uint32_t index = 0; index < accept_count; ++index) {
        loop.engine().accept(token_of(index), listener.get());
    }
    if (!connected_before) {
        CHECK(loop.turn(0ns) == 0);
        connect();
    }
    loop.turn_until([&] { return loop.seen().size() == connection_count; });
    CHECK(loop.turn(0ns) == 0); // the last accept waits
    for (const io::Completion& accepted : loop.seen()) {
        REQUIRE(accepted.result >= 0);
        const UniqueFd owned(accepted.result);
        CHECK_FALSE(accepted.more);
        CHECK((::fcntl(owned.get(), F_GETFD) & FD_CLOEXEC) != 0);
        const io::Peer peer = loop.engine().describe_peer(owned.get());
        CHECK(peer.transport == (tcp ? io::Transport::tcp : io::Transport::unix_socket));
        CHECK(peer.local);
    }
}

TEST_CASE("accept ends with an error when descriptors have run out") {
    Loop loop;
    const UniqueFd listener = listen_tcp();
    std::vector<UniqueFd> viewers;
    viewers.push_back(connect_to(listener.get()));
    viewers.push_back(connect_to(listener.get()));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    UniqueFd lowest_unused(::dup(listener.get()));
    REQUIRE(lowest_unused.valid());
    rlimit one_left = before;
    one_left.rlim_cur = static_cast<rlim_t>(lowest_unused.get()) + 1;
    lowest_unused.reset();
    // The kernel applies the limit that was set when the accept was submitted.
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &one_left) == 0);
    loop.engine().accept(token_of(1), listener.get());
    loop.engine().accept(token_of(2), listener.get());
    loop.turn_until([&] { return loop.seen().size() == 2; });
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    const io::Completion accepted = loop.result_of(token_of(1));
    REQUIRE(accepted.result >= 0);
    const UniqueFd first(accepted.result);
    CHECK(loop.result_of(token_of(2)).result == -EMFILE);

    loop.engine().accept(token_of(3), listener.get());
    const io::Completion later = loop.result_of(token_of(3));
    REQUIRE(later.result >= 0);
    const UniqueFd second(later.result);
}

TEST_CASE("receive returns the bytes that the peer sent, and 0 when it has closed") {
    Loop loop;
    Connection connection = connect_tcp();
    std::array<std::byte, 64> into{};
    loop.engine().receive(token_of(1), connection.server.get(), into);
    CHECK(loop.turn(0ns) == 0);
    REQUIRE(::send(connection.viewer.get(), "GET /", 5, MSG_NOSIGNAL) == 5);
    CHECK(loop.result_of(token_of(1)).result == 5);
    CHECK(as_text(ConstByteSpan(into).first(5)) == "GET /");

    connection.viewer.reset();
    loop.engine().receive(token_of(2), connection.server.get(), into);
    CHECK(loop.result_of(token_of(2)).result == 0);
}

TEST_CASE("receive_all waits for all bytes, and returns those before the end") {
    Loop loop;
    Connection connection = connect_tcp();
    std::array<std::byte, 8> into{};
    loop.engine().receive_all(token_of(1), connection.server.get(), into);
    REQUIRE(::send(connection.viewer.get(), "abc", 3, MSG_NOSIGNAL) == 3);
    CHECK(loop.turn(50ms) == 0);
    REQUIRE(::send(connection.viewer.get(), "defghij", 7, MSG_NOSIGNAL) == 7);
    CHECK(loop.result_of(token_of(1)).result == 8);
    CHECK(as_text(into) == "abcdefgh");
    loop.engine().receive_all(token_of(2), connection.server.get(), into);
    CHECK(loop.turn(50ms) == 0);
    connection.viewer.reset();
    CHECK(loop.result_of(token_of(2)).result == 2);
    CHECK(as_text(ConstByteSpan(into).first(2)) == "ij");
}

TEST_CASE("receive_all that is cancelled returns the bytes so far") {
    Loop loop;
    const Connection connection = connect_tcp();
    std::array<std::byte, 8> into{};
    loop.engine().receive_all(token_of(1), connection.server.get(), into);
    REQUIRE(::send(connection.viewer.get(), "abc", 3, MSG_NOSIGNAL) == 3);
    CHECK(loop.turn(50ms) == 0);
    loop.engine().cancel(token_of(2), token_of(1));
    const std::int32_t result = loop.result_of(token_of(1)).result;
    CHECK((result == 3 || result == -ECANCELED));
}

namespace {

/// The address that `listener` is bound to.
io::SocketAddress address_of(int listener, io::Transport transport) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    REQUIRE(::getsockname(listener, static_cast<sockaddr*>(static_cast<void*>(&storage)),
                          &length) == 0);
    io::SocketAddress address;
    std::memcpy(address.bytes.data(), &storage, length);
    address.length = length;
    address.transport = transport;
    return address;
}

} // namespace

TEST_CASE("connect reaches a listener over TCP and UNIX sockets, or reports that there is none") {
    Loop loop;
    const io::Transport transport = GENERATE(io::Transport::tcp, io::Transport::unix_socket);
    UniqueFd listener = transport == io::Transport::tcp ? listen_tcp() : listen_unix();
    const io::SocketAddress address = address_of(listener.get(), transport);
    const UniqueFd socket(loop.engine().open_socket(address));
    REQUIRE(socket.valid());
    loop.engine().connect(token_of(1), socket.get(), address);
    CHECK(loop.result_of(token_of(1)).result == 0);
    loop.engine().accept(token_of(2), listener.get());
    const UniqueFd accepted(loop.result_of(token_of(2)).result);
    REQUIRE(accepted.valid());
    listener.reset();
    const UniqueFd refused(loop.engine().open_socket(address));
    REQUIRE(refused.valid());
    loop.engine().connect(token_of(3), refused.get(), address);
    CHECK(loop.result_of(token_of(3)).result == -ECONNREFUSED);
}

TEST_CASE("a connect that nobody answers can be cancelled") {
    Loop loop;
    // With a full backlog the kernel drops further SYNs, so that a connect waits.
    const UniqueFd listener = listen_tcp();
    REQUIRE(::listen(listener.get(), 0) == 0);
    const io::SocketAddress address = address_of(listener.get(), io::Transport::tcp);
    std::vector<UniqueFd> sockets;
    constexpr std::uint32_t connects_max = 8;
    std::uint32_t pending = 0;
    for (std::uint32_t i = 1; i <= connects_max && pending == 0; ++i) {
        sockets.emplace_back(loop.engine().open_socket(address));
        REQUIRE(sockets.back().valid());
        loop.engine().connect(token_of(i), sockets.back().get(), address);
        static_cast<void>(loop.turn(100ms));
        pending = loop.results(token_of(i)).empty() ? i : 0;
    }
    REQUIRE(pending > 0);
    loop.engine().cancel(token_of(100), token_of(pending));
    CHECK(loop.result_of(token_of(pending)).result == -ECANCELED);
}

TEST_CASE("read works on pipes and eventfds, at the current position") {
    Loop loop;
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    std::array<std::byte, 8> into{};
    loop.engine().read(token_of(1), reading.get(), into);
    REQUIRE(::write(writing.get(), "abc", 3) == 3);
    CHECK(loop.result_of(token_of(1)).result == 3);
    CHECK(as_text(ConstByteSpan(into).first(3)) == "abc");
    writing.reset();
    loop.engine().read(token_of(2), reading.get(), into);
    CHECK(loop.result_of(token_of(2)).result == 0);

    const UniqueFd counter(::eventfd(0, EFD_CLOEXEC));
    loop.engine().read(token_of(3), counter.get(), into);
    CHECK(loop.turn(0ns) == 0);
    REQUIRE(::eventfd_write(counter.get(), 7) == 0);
    CHECK(loop.result_of(token_of(3)).result == 8);
    std::uint64_t value = 0;
    std::memcpy(&value, into.data(), sizeof(value));
    CHECK(value == 7);
}

TEST_CASE("a send with wait_all has one result, for all its bytes, however slowly the peer reads") {
    Loop loop;
    const Connection connection = connect_tcp();
    const std::vector<std::byte> frame = make_pattern(6UL * 1024UL * 1024UL);
    loop.engine().send(token_of(1), connection.server.get(), frame, {});
    CHECK(loop.turn(0ns) == 0); // it is larger than the socket buffer
    CHECK(read_all(loop, connection.viewer.get(), frame.size()) == frame);
    loop.turn_until([&] { return !loop.results(token_of(1)).empty(); });
    REQUIRE(loop.seen().size() == 1);
    CHECK(loop.seen().front().result == static_cast<std::int32_t>(frame.size()));
    CHECK_FALSE(loop.seen().front().more);
}

TEST_CASE("a send without wait_all returns the number of bytes that fitted") {
    Loop loop;
    const Connection connection = GENERATE(0, 1) == 0 ? connect_tcp() : connect_unix();
    const std::vector<std::byte> frame = make_pattern(8UL * 1024UL * 1024UL);
    loop.engine().send(token_of(1), connection.server.get(), frame, {.wait_all = false});
    const std::int32_t sent = loop.result_of(token_of(1)).result;
    REQUIRE(sent > 0);
    REQUIRE(sent < static_cast<std::int32_t>(frame.size()));
    const auto fitted = static_cast<std::size_t>(sent);
    const std::vector<std::byte> received = read_all(loop, connection.viewer.get(), fitted);
    CHECK(received == std::vector<std::byte>(frame.begin(), frame.begin() + sent));
}

TEST_CASE("a head that is sent with more_follows reaches the peer together with its body") {
    Loop loop;
    const Connection connection = connect_tcp();
    loop.engine().send(token_of(1), connection.server.get(), as_bytes("head"),
                       {.more_follows = true});
    CHECK(loop.result_of(token_of(1)).result == 4);
    CHECK(read_available(connection.viewer.get()).empty());
    loop.engine().send(token_of(2), connection.server.get(), as_bytes("body"), {});
    const std::vector<std::byte> received = read_all(loop, connection.viewer.get(), 8);
    CHECK(as_text(received) == "headbody");
}

TEST_CASE("a send to a peer that has left fails without a signal") {
    Loop loop;
    Connection connection = connect_unix();
    connection.viewer.reset();
    loop.engine().send(token_of(1), connection.server.get(), as_bytes("frame"), {});
    CHECK(loop.result_of(token_of(1)).result == -EPIPE);
}

TEST_CASE("the hang-up poll completes when the peer closes, and not when it sends") {
    Loop loop;
    Connection connection = GENERATE(0, 1) == 0 ? connect_tcp() : connect_unix();
    loop.engine().poll(token_of(1), connection.server.get(), io::PollEvents::hangup);
    REQUIRE(::send(connection.viewer.get(), "ignored", 7, MSG_NOSIGNAL) == 7);
    loop.engine().poll(token_of(2), connection.server.get(), io::PollEvents::readable);
    CHECK(loop.result_of(token_of(2)).result > 0);
    CHECK(loop.results(token_of(1)).empty());
    connection.viewer.reset();
    CHECK(loop.result_of(token_of(1)).result > 0);
}

TEST_CASE("the hang-up poll tells a peer that sends no more from a connection that is broken") {
    Loop loop;
    const Connection connection = GENERATE(0, 1) == 0 ? connect_tcp() : connect_unix();
    loop.engine().poll(token_of(1), connection.server.get(), io::PollEvents::hangup);
    REQUIRE(::shutdown(connection.viewer.get(), SHUT_WR) == 0);
    const std::int32_t half = loop.result_of(token_of(1)).result;
    CHECK((half & POLLRDHUP) != 0);
    CHECK((half & (POLLHUP | POLLERR)) == 0);
    loop.engine().send(token_of(2), connection.server.get(), as_bytes("frame"), {});
    CHECK(loop.result_of(token_of(2)).result == 5);
    CHECK(as_text(read_all(loop, connection.viewer.get(), 5)) == "frame");
    REQUIRE(::shutdown(connection.server.get(), SHUT_WR) == 0);
    loop.engine().poll(token_of(3), connection.server.get(), io::PollEvents::hangup);
    CHECK((loop.result_of(token_of(3)).result & POLLHUP) != 0);
}

TEST_CASE("after shutdown_writing the peer receives the answer, then the end of the stream") {
    Loop loop;
    const Connection connection = connect_tcp();
    loop.engine().send(token_of(1), connection.server.get(), as_bytes("answer"), {});
    CHECK(loop.result_of(token_of(1)).result == 6);
    loop.engine().shutdown_writing(token_of(2), connection.server.get());
    CHECK(loop.result_of(token_of(2)).result == 0);
    const std::vector<std::byte> received = read_all(loop, connection.viewer.get(), 6);
    CHECK(as_text(received) == "answer");
    std::byte end{};
    CHECK(::recv(connection.viewer.get(), &end, 1, 0) == 0);
    // The other direction stays open, so that the peer's data can be drained before closing.
    REQUIRE(::send(connection.viewer.get(), "rest", 4, MSG_NOSIGNAL) == 4);
    std::array<std::byte, 8> into{};
    loop.engine().receive(token_of(3), connection.server.get(), into);
    CHECK(loop.result_of(token_of(3)).result == 4);
}

TEST_CASE("close frees the descriptor") {
    Loop loop;
    Connection connection = connect_tcp();
    const int number = connection.server.release();
    loop.engine().close(token_of(1), number);
    CHECK(loop.result_of(token_of(1)).result == 0);
    CHECK(::fcntl(number, F_GETFD) == -1);
    CHECK(errno == EBADF);
}

TEST_CASE("cancel ends only the operation with the target's token") {
    Loop loop;
    const Connection connection = connect_tcp();
    const UniqueFd listener = listen_tcp();
    const UniqueFd counter(::eventfd(0, EFD_CLOEXEC));
    std::array<std::byte, 8> into{};
    loop.engine().poll(token_of(1), connection.server.get(), io::PollEvents::hangup);
    loop.engine().read(token_of(2), counter.get(), into);
    loop.engine().accept(token_of(3), listener.get());
    loop.turn(0ns);
    for (const std::uint32_t target : {1U, 2U, 3U}) {
        loop.engine().cancel(token_of(10 + target), token_of(target));
        CHECK(loop.result_of(token_of(10 + target)).result == 0);
        const io::Completion ended = loop.result_of(token_of(target));
        CHECK(ended.result == -ECANCELED);
        CHECK_FALSE(ended.more);
        CHECK(loop.seen().size() == std::size_t{2} * target);
    }
    loop.engine().cancel(token_of(20), token_of(1));
    CHECK(loop.result_of(token_of(20)).result == -ENOENT);
}

TEST_CASE("a peer is described by address, port and whether it is on this host") {
    Loop loop;
    SECTION("IPv4 loopback") {
        const Connection connection = connect_tcp();
        sockaddr_in viewer{};
        socklen_t bytes = sizeof(viewer);
        REQUIRE(::getsockname(connection.viewer.get(), reinterpret_cast<sockaddr*>(&viewer),
                              &bytes) == 0);
        const io::Peer peer = loop.engine().describe_peer(connection.server.get());
        CHECK(std::string_view(peer.address.data()) ==
              "127.0.0.1:" + std::to_string(ntohs(viewer.sin_port)));
        CHECK(peer.local);
        CHECK(peer.transport == io::Transport::tcp);
    }
    SECTION("IPv4 peer of a listener for both families") {
        const UniqueFd listener = listen_tcp("::ffff:127.0.0.1");
        const UniqueFd viewer = connect_to(listener.get());
        const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const io::Peer peer = loop.engine().describe_peer(server.get());
        CHECK(std::string_view(peer.address.data()).substr(0, 10) == "127.0.0.1:");
        CHECK(peer.local);
    }
    SECTION("IPv6 loopback") {
        const Connection connection = connect_tcp({}, "::1");
        const io::Peer peer = loop.engine().describe_peer(connection.server.get());
        CHECK(std::string_view(peer.address.data()).substr(0, 6) == "[::1]:");
        CHECK(peer.local);
    }
    SECTION("UNIX socket") {
        const Connection connection = connect_unix();
        const io::Peer peer = loop.engine().describe_peer(connection.server.get());
        CHECK(std::string_view(peer.address.data()) == "unix");
        CHECK(peer.transport == io::Transport::unix_socket);
        CHECK(peer.local);
    }
    SECTION("a peer that has left") {
        Connection connection = connect_tcp();
        loop.engine().abort(token_of(1), connection.server.get(), io::Transport::tcp);
        REQUIRE(loop.result_of(token_of(1)).result == 0);
        const io::Peer peer = loop.engine().describe_peer(connection.server.get());
        CHECK(std::string_view(peer.address.data()) == "gone");
    }
}

TEST_CASE("a UNIX socket whose queue is shortened takes less than a picture") {
    Loop loop;
    const Connection connection = connect_unix();
    constexpr ssize_t picture_bytes = 72'000;
    const std::vector<char> bytes(static_cast<std::size_t>(picture_bytes));
    const int server = connection.server.get();
    const auto takes = [&] {
        return ::send(server, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    };
    CHECK(takes() == picture_bytes);
    std::vector<char> received(bytes.size());
    REQUIRE(::recv(connection.viewer.get(), received.data(), received.size(), MSG_WAITALL) ==
            picture_bytes);
    loop.engine().shorten_queue(server);
    const ssize_t taken = takes();
    CHECK(taken > 10'000);
    CHECK(taken < 65'536);
}

TEST_CASE("socket_progress counts the bytes that the peer's kernel has acknowledged") {
    Loop loop;
    const Connection connection = connect_tcp({.viewer_receive_bytes = 8192});
    const auto progress = [&] {
        return loop.engine().socket_progress(connection.server.get(), io::Transport::tcp);
    };
    REQUIRE(progress().known);
    CHECK(progress().bytes_acked == 0);
    const std::vector<std::byte> frame = make_pattern(4UL * 1024UL * 1024UL);
    loop.engine().send(token_of(1), connection.server.get(), frame, {});
    loop.turn_until([&] { return progress().bytes_acked > 0; });
    CHECK(progress().bytes_acked < frame.size()); // nobody has read yet
    CHECK(read_all(loop, connection.viewer.get(), frame.size()) == frame);
    loop.turn_until([&] { return progress().bytes_acked == frame.size(); });

    loop.engine().abort(token_of(2), connection.server.get(), io::Transport::tcp);
    REQUIRE(loop.result_of(token_of(2)).result == 0);
    CHECK_FALSE(progress().known);
    const Connection local = connect_unix();
    CHECK_FALSE(
        loop.engine().socket_progress(local.server.get(), io::Transport::unix_socket).known);
}

TEST_CASE("socket_progress counts the bytes that are not acknowledged") {
    Loop loop;
    const Connection connection = connect_tcp({.viewer_receive_bytes = 8192});
    const auto progress = [&] {
        return loop.engine().socket_progress(connection.server.get(), io::Transport::tcp);
    };
    CHECK(progress().bytes_pending == 0);
    const std::vector<std::byte> frame = make_pattern(256UL * 1024UL);
    loop.engine().send(token_of(1), connection.server.get(), frame, {});
    REQUIRE(loop.result_of(token_of(1)).result == static_cast<std::int32_t>(frame.size()));
    // The viewer's kernel may acknowledge more between two queries, but nobody reads, so it stops.
    loop.turn_until([&] {
        const io::SocketProgress seen = progress();
        return seen.bytes_acked > 0 && seen.bytes_acked + seen.bytes_pending == frame.size();
    });
    int queued = 0; // as the kernel counts for SIOCOUTQ
    REQUIRE(::ioctl(connection.server.get(), SIOCOUTQ, &queued) == 0);
    CHECK(progress().bytes_pending == static_cast<std::uint64_t>(queued));
    CHECK(queued > 0);
    CHECK(read_all(loop, connection.viewer.get(), frame.size()) == frame);
    loop.turn_until([&] { return progress().bytes_pending == 0; });
}

TEST_CASE("socket_progress tells the rate of delivery, and the round trip time") {
    Loop loop;
    const Connection connection = connect_tcp({});
    const int server = connection.server.get();
    const auto progress = [&] { return loop.engine().socket_progress(server, io::Transport::tcp); };
    const std::vector<std::byte> frame = make_pattern(4UL * 1024UL * 1024UL);
    loop.engine().send(token_of(1), server, frame, {});
    CHECK(read_all(loop, connection.viewer.get(), frame.size()) == frame);
    loop.turn_until([&] { return progress().bytes_pending == 0; });
    // Nothing is under way, so that both see the same.
    tcp_info info{};
    socklen_t bytes = sizeof info;
    REQUIRE(::getsockopt(server, IPPROTO_TCP, TCP_INFO, &info, &bytes) == 0);
    const io::SocketProgress seen = progress();
    CHECK(seen.delivery_rate == info.tcpi_delivery_rate);
    CHECK(seen.delivery_rate > 0);
    CHECK(seen.app_limited == (info.tcpi_delivery_rate_app_limited != 0));
    CHECK(seen.rtt == std::chrono::microseconds(info.tcpi_rtt));
    CHECK(seen.rtt > Duration::zero());
    CHECK(seen.rtt_min == std::chrono::microseconds(info.tcpi_min_rtt));
    CHECK(seen.rtt_min <= seen.rtt);
}

TEST_CASE("socket_progress says when there was too little to send for a measurement") {
    Loop loop;
    const Connection connection = connect_tcp({});
    const int server = connection.server.get();
    const std::vector<std::byte> little = make_pattern(100);
    // Each one alone: nothing else waits to be sent.
    for (std::uint32_t count = 1; count <= 5; ++count) {
        loop.engine().send(token_of(count), server, little, {});
        CHECK(read_all(loop, connection.viewer.get(), little.size()) == little);
        loop.turn_until([&] {
            return loop.engine().socket_progress(server, io::Transport::tcp).bytes_pending == 0;
        });
    }
    const io::SocketProgress seen = loop.engine().socket_progress(server, io::Transport::tcp);
    CHECK(seen.delivery_rate > 0);
    CHECK(seen.app_limited);
}
