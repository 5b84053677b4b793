// Zero-copy sends, and aborts of connections: every operation completes, and the kernel keeps no
// page. Covers both send paths over TCP, and UNIX sockets.

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch_test_macros.hpp>

#include "kernel/loopback.hpp"
#include "os/mapped_memory.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_bytes = 16UL * 1024UL;

/// The peer's receive buffer holds less than a frame, the server's send buffer several frames. Both are
/// below the usual maximum (net.core.wmem_max, 208 KiB), which would cut them. Where pages have
/// 16 KiB, four zero-copy sends of 64 KiB to such a peer did not fit (found on arm64).
constexpr SocketBuffers stalled_peer{.server_send_bytes = 200 * 1024, .viewer_receive_bytes = 8192};

/// Registered memory, filled with a pattern.
struct Frame {
    os::MappedMemory memory;
    io::BufferId buffer{};

    explicit Frame(Loop& loop, std::size_t bytes = frame_bytes) {
        auto mapped = os::MappedMemory::create(bytes);
        REQUIRE(mapped);
        memory = std::move(*mapped);
        const std::vector<std::byte> pattern = make_pattern(bytes);
        std::copy(pattern.begin(), pattern.end(), memory.bytes().begin());
        auto registered = loop.engine().register_buffer(memory.bytes(), {});
        REQUIRE(registered);
        buffer = *registered;
    }
};

/// True when each operation in slots first to first+count-1 has its result and, where that
/// announced one, its notification.
bool all_answered(const Loop& loop, std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t slot = first; slot < first + count; ++slot) {
        const std::vector<io::Completion> results = loop.results(token_of(slot));
        if (results.empty() ||
            loop.notifications(token_of(slot)).size() != (results.front().more ? 1U : 0U)) {
            return false;
        }
    }
    return true;
}

std::size_t notification_count(const Loop& loop) {
    return static_cast<std::size_t>(
        std::count_if(loop.seen().begin(), loop.seen().end(),
                      [](const io::Completion& completion) { return completion.notification; }));
}

} // namespace

TEST_CASE("a zero-copy send completes twice, and over loopback reports that it was copied",
          "[io_uring]") {
    Loop loop;
    REQUIRE(loop.engine().zero_copy_supported());
    const Connection connection = connect_tcp();
    const Frame frame(loop, 64UL * 1024UL);
    const ConstByteSpan part = frame.memory.bytes().subspan(100, 60'000);
    loop.engine().send_zero_copy(token_of(1), connection.server.get(), part, frame.buffer, {});
    const std::vector<std::byte> received = read_all(loop, connection.viewer.get(), part.size());
    CHECK(std::equal(received.begin(), received.end(), part.begin(), part.end()));
    loop.turn_until([&] { return all_answered(loop, 1, 1); });
    const io::Completion result = loop.results(token_of(1)).front();
    CHECK(result.result == static_cast<std::int32_t>(part.size()));
    CHECK(result.more);
    CHECK_FALSE(result.copied);
    const io::Completion notification = loop.notifications(token_of(1)).front();
    CHECK_FALSE(notification.more);
    CHECK(notification.copied);
    CHECK(notification.result == 0);
}

TEST_CASE("the kernel keeps the pages of zero-copy sends until the peer has received the bytes",
          "[io_uring]") {
    Loop loop;
    const Connection connection = connect_tcp(stalled_peer);
    const Frame frame(loop);
    constexpr std::uint32_t send_count = 4;
    for (std::uint32_t slot = 0; slot < send_count; ++slot) {
        loop.engine().send_zero_copy(token_of(slot), connection.server.get(), frame.memory.bytes(),
                                     frame.buffer, {});
        REQUIRE(loop.result_of(token_of(slot)).result == static_cast<std::int32_t>(frame_bytes));
    }
    // The peer's receive buffer has room for less than one frame.
    CHECK(notification_count(loop) == 0);
    (void)read_all(loop, connection.viewer.get(), send_count * frame_bytes);
    loop.turn_until([&] { return all_answered(loop, 0, send_count); });
    CHECK(notification_count(loop) == send_count);
}

TEST_CASE("an error of a zero-copy send is followed by a notification exactly when it says so",
          "[io_uring]") {
    Loop loop;
    const Frame frame(loop);
    SECTION("an aborted connection") {
        const Connection connection = connect_tcp();
        loop.engine().abort(token_of(1), connection.server.get(), io::Transport::tcp);
        REQUIRE(loop.result_of(token_of(1)).result == 0);
        loop.engine().send_zero_copy(token_of(2), connection.server.get(), frame.memory.bytes(),
                                     frame.buffer, {});
    }
    SECTION("a UNIX socket, which does not support zero-copy") {
        const Connection connection = connect_unix();
        loop.engine().send_zero_copy(token_of(2), connection.server.get(), frame.memory.bytes(),
                                     frame.buffer, {});
        CHECK(loop.result_of(token_of(2)).result == -EOPNOTSUPP);
    }
    SECTION("bytes outside the registered buffer") {
        const Connection connection = connect_tcp();
        const std::vector<std::byte> elsewhere(100);
        loop.engine().send_zero_copy(token_of(2), connection.server.get(), elsewhere, frame.buffer,
                                     {});
        CHECK(loop.result_of(token_of(2)).result == -EFAULT);
    }
    loop.turn_until([&] { return all_answered(loop, 2, 1); });
    CHECK(loop.results(token_of(2)).front().result < 0);
    // Waits for a late notification, which must not arrive.
    const std::size_t seen = loop.seen().size();
    loop.turn(20ms);
    CHECK(loop.seen().size() == seen);
}

TEST_CASE("aborting a TCP viewer on the copy send path completes every operation") {
    Loop loop;
    const Connection connection = connect_tcp({.viewer_receive_bytes = 8192});
    const std::vector<std::byte> frame = make_pattern(8UL * 1024UL * 1024UL);
    std::array<std::byte, 16> into{};
    loop.engine().send(token_of(1), connection.server.get(), frame, {});
    loop.engine().receive(token_of(2), connection.server.get(), into);
    loop.engine().poll(token_of(3), connection.server.get(), io::PollEvents::hangup);
    loop.turn(0ns);
    REQUIRE(loop.seen().empty());
    loop.engine().abort(token_of(4), connection.server.get(), io::Transport::tcp);
    loop.turn_until([&] { return all_answered(loop, 1, 4); });
    CHECK(loop.results(token_of(4)).front().result == 0);
    // The bytes that were sent before the abort, in spite of wait_all.
    CHECK(loop.results(token_of(1)).front().result > 0);
    CHECK(loop.results(token_of(1)).front().result < static_cast<std::int32_t>(frame.size()));
    // The first operation fails with -ECONNRESET, the others with -ENOTCONN.
    CHECK(loop.results(token_of(2)).front().result < 0);
    CHECK(loop.results(token_of(3)).front().result > 0);
    CHECK(loop.seen().size() == 4);
}

TEST_CASE("aborting a TCP viewer on the zero-copy send path releases every page", "[io_uring]") {
    Loop loop;
    const Connection connection = connect_tcp(stalled_peer);
    const Frame frame(loop);
    constexpr std::uint32_t send_count = 40;
    for (std::uint32_t slot = 0; slot < send_count; ++slot) {
        loop.engine().send_zero_copy(token_of(slot), connection.server.get(), frame.memory.bytes(),
                                     frame.buffer, {});
    }
    // The socket buffer takes some sends completely and has no room for the rest.
    loop.turn_until([&] { return loop.seen().size() >= 2; });
    REQUIRE(loop.seen().size() < send_count);
    REQUIRE(notification_count(loop) == 0);
    loop.engine().abort(token_of(100), connection.server.get(), io::Transport::tcp);
    loop.turn_until(
        [&] { return all_answered(loop, 0, send_count) && !loop.results(token_of(100)).empty(); });
    CHECK(loop.results(token_of(100)).front().result == 0);
    std::size_t announced = 0;
    std::size_t cut_short = 0;
    for (std::uint32_t slot = 0; slot < send_count; ++slot) {
        const io::Completion result = loop.results(token_of(slot)).front();
        announced += result.more ? 1U : 0U;
        cut_short += result.result < static_cast<std::int32_t>(frame_bytes) ? 1U : 0U;
    }
    CHECK(announced >= 2);
    CHECK(cut_short >= 1);
    CHECK(notification_count(loop) == announced);

    // The memory can be used for the next viewer.
    const Connection next = connect_tcp();
    loop.engine().send_zero_copy(token_of(200), next.server.get(), frame.memory.bytes(),
                                 frame.buffer, {});
    CHECK(read_all(loop, next.viewer.get(), frame_bytes).size() == frame_bytes);
    loop.turn_until([&] { return all_answered(loop, 200, 1); });
}

TEST_CASE("aborting an idle TCP viewer completes its pending operations") {
    Loop loop;
    const Connection connection = connect_tcp();
    std::array<std::byte, 16> into{};
    loop.engine().receive(token_of(1), connection.server.get(), into);
    loop.turn(0ns);
    loop.engine().abort(token_of(2), connection.server.get(), io::Transport::tcp);
    loop.turn_until([&] { return all_answered(loop, 1, 2); });
    CHECK(loop.results(token_of(1)).front().result < 0);
    CHECK(loop.results(token_of(2)).front().result == 0);
    std::byte end{};
    CHECK(::recv(connection.viewer.get(), &end, 1, 0) == -1);
    CHECK(errno == ECONNRESET);
}

TEST_CASE("closing alone releases no page: the kernel goes on sending", "[io_uring]") {
    Loop loop;
    Connection connection = connect_tcp(stalled_peer);
    const Frame frame(loop);
    loop.engine().send_zero_copy(token_of(1), connection.server.get(), frame.memory.bytes(),
                                 frame.buffer, {});
    REQUIRE(loop.result_of(token_of(1)).more);
    loop.engine().close(token_of(2), connection.server.release());
    REQUIRE(loop.result_of(token_of(2)).result == 0);
    CHECK(notification_count(loop) == 0);
    CHECK(read_all(loop, connection.viewer.get(), frame_bytes).size() == frame_bytes);
    loop.turn_until([&] { return all_answered(loop, 1, 1); });
    CHECK(notification_count(loop) == 1);
}

TEST_CASE("aborting a UNIX viewer completes every operation") {
    Loop loop;
    const Connection connection = connect_unix();
    const std::vector<std::byte> frame = make_pattern(1024UL * 1024UL);
    std::array<std::byte, 16> into{};
    loop.engine().receive(token_of(2), connection.server.get(), into);
    loop.engine().poll(token_of(3), connection.server.get(), io::PollEvents::hangup);
    // Sends complete with partial results until one finds no room at all and stays pending.
    constexpr std::uint32_t send_first = 10;
    constexpr std::uint32_t send_count_max = 100;
    std::uint32_t send_slot = send_first;
    for (; send_slot < send_first + send_count_max; ++send_slot) {
        loop.engine().send(token_of(send_slot), connection.server.get(), frame,
                           {.wait_all = false});
        loop.turn(0ns);
        if (loop.results(token_of(send_slot)).empty()) {
            break;
        }
    }
    REQUIRE(send_slot > send_first);
    REQUIRE(send_slot < send_first + send_count_max);
    loop.engine().abort(token_of(4), connection.server.get(), io::Transport::unix_socket);
    loop.turn_until([&] { return all_answered(loop, 2, 3) && all_answered(loop, send_slot, 1); });
    CHECK(loop.results(token_of(4)).front().result == 0);
    CHECK(loop.results(token_of(2)).front().result == 0);
    CHECK(loop.results(token_of(3)).front().result > 0);
    CHECK(loop.results(token_of(send_slot)).front().result == -EPIPE);
}

TEST_CASE("the engine can be destroyed while the kernel holds pages", "[io_uring]") {
    const Connection connection = connect_tcp(stalled_peer);
    auto loop = std::make_unique<Loop>();
    {
        const Frame frame(*loop);
        loop->engine().send_zero_copy(token_of(1), connection.server.get(), frame.memory.bytes(),
                                      frame.buffer, {});
        REQUIRE(loop->result_of(token_of(1)).more);
        loop.reset();
    }
    SUCCEED("the peer may go on reading");
}
