// Buffers that are registered and released while the loop runs: a release completes when the kernel
// no longer uses the buffer, and the buffer's table entry can be used for the next one.

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "kernel/loopback.hpp"
#include "os/mapped_memory.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_bytes = 64UL * 1024UL;
const io::OpToken released = token_of(50);
const io::OpToken released_next = token_of(51);
constexpr uring::UringSettings one_entry{.sq_entries = 8, .cq_entries = 64, .buffer_table_size = 1};

/// The peer's receive buffer holds far less than a frame, the server's send buffer several frames.
constexpr SocketBuffers stalled_peer{.server_send_bytes = 200 * 1024, .viewer_receive_bytes = 8192};

os::MappedMemory make_memory(std::byte fill) {
    auto mapped = os::MappedMemory::create(frame_bytes);
    REQUIRE(mapped);
    std::ranges::fill(mapped->bytes(), fill);
    return std::move(*mapped);
}

io::BufferId register_in(Loop& loop, const os::MappedMemory& memory, io::OpToken token) {
    const auto buffer = loop.engine().register_buffer(memory.bytes(), token);
    REQUIRE(buffer);
    return *buffer;
}

/// Reads a whole frame. True when every byte is `fill`.
bool peer_receives(Loop& loop, int socket, std::byte fill) {
    std::vector<std::byte> received;
    loop.turn_until([&] {
        const std::vector<std::byte> more = read_available(socket);
        received.insert(received.end(), more.begin(), more.end());
        return received.size() >= frame_bytes;
    });
    return received.size() == frame_bytes &&
           std::ranges::all_of(received, [fill](std::byte byte) { return byte == fill; });
}

std::size_t place_of(const Loop& loop, io::OpToken token, bool notification) {
    const auto found = std::ranges::find_if(loop.seen(), [&](const io::Completion& completion) {
        return completion.token == token && completion.notification == notification;
    });
    return static_cast<std::size_t>(found - loop.seen().begin());
}

} // namespace

TEST_CASE("the release of a buffer completes only after the last send from it", "[io_uring]") {
    Loop loop;
    const Connection connection = connect_tcp(stalled_peer);
    const os::MappedMemory memory = make_memory(std::byte{1});
    const io::BufferId buffer = register_in(loop, memory, released);
    loop.engine().send_zero_copy(token_of(1), connection.server.get(), memory.bytes(), buffer, {});
    REQUIRE(loop.result_of(token_of(1)).more);
    loop.engine().release_buffer(buffer);
    loop.turn(50ms);
    CHECK(loop.results(released).empty());
    CHECK(loop.notifications(token_of(1)).empty());

    CHECK(peer_receives(loop, connection.viewer.get(), std::byte{1}));
    const io::Completion answer = loop.result_of(released);
    CHECK(answer.result == 0);
    CHECK_FALSE(answer.more);
    CHECK(place_of(loop, token_of(1), true) < place_of(loop, released, false));
}

TEST_CASE("the release of an unused buffer completes soon, and once", "[io_uring]") {
    Loop loop;
    const os::MappedMemory memory = make_memory(std::byte{1});
    loop.engine().release_buffer(register_in(loop, memory, released));
    static_cast<void>(loop.result_of(released));
    loop.turn(20ms);
    CHECK(loop.results(released).size() == 1);
}

TEST_CASE("a release without a token has no completion", "[io_uring]") {
    Loop loop(one_entry);
    const os::MappedMemory memory = make_memory(std::byte{1});
    loop.engine().release_buffer(register_in(loop, memory, {}));
    loop.engine().release_buffer(register_in(loop, memory, released)); // completes after the first
    static_cast<void>(loop.result_of(released));
    CHECK(loop.seen().size() == 1);
}

TEST_CASE("the table entry of a released buffer can be used for the next one, while the kernel "
          "still uses the old one") {
    Loop loop(one_entry);
    const Connection stalled = connect_tcp(stalled_peer);
    const os::MappedMemory old_memory = make_memory(std::byte{1});
    const io::BufferId old_buffer = register_in(loop, old_memory, released);
    loop.engine().send_zero_copy(token_of(1), stalled.server.get(), old_memory.bytes(), old_buffer,
                                 {});
    REQUIRE(loop.result_of(token_of(1)).more);
    loop.engine().release_buffer(old_buffer);

    const os::MappedMemory new_memory = make_memory(std::byte{2});
    const io::BufferId new_buffer = register_in(loop, new_memory, released_next);
    CHECK(new_buffer == old_buffer);
    const Connection connection = connect_tcp();
    loop.engine().send_zero_copy(token_of(2), connection.server.get(), new_memory.bytes(),
                                 new_buffer, {});
    CHECK(peer_receives(loop, connection.viewer.get(), std::byte{2}));
    CHECK(loop.results(released).empty());

    CHECK(peer_receives(loop, stalled.viewer.get(), std::byte{1}));
    static_cast<void>(loop.result_of(released));
    loop.turn_until([&] { return !loop.notifications(token_of(2)).empty(); });
    CHECK(loop.results(released_next).empty());
    loop.engine().release_buffer(new_buffer);
    static_cast<void>(loop.result_of(released_next));
}

TEST_CASE("a failed registration leaves the table entry free", "[io_uring]") {
    Loop loop(one_entry);
    // An address range without a mapping, where the kernel finds no pages.
    auto gone = os::MappedMemory::create(frame_bytes);
    REQUIRE(gone);
    const ByteSpan nowhere = gone->bytes();
    *gone = os::MappedMemory();
    CHECK_FALSE(loop.engine().register_buffer(nowhere, released));
    const os::MappedMemory memory = make_memory(std::byte{1});
    const io::BufferId buffer = register_in(loop, memory, released);
    CHECK_FALSE(loop.engine().register_buffer(memory.bytes(), released_next));
    loop.engine().release_buffer(buffer);
    static_cast<void>(loop.result_of(released));
    loop.turn(20ms);
    CHECK(loop.seen().size() == 1); // no completion for the failed registrations
}

TEST_CASE("sets of camera buffers can be registered and released again and again", "[io_uring]") {
    Loop loop({.sq_entries = 8, .cq_entries = 64, .buffer_table_size = 4});
    const Connection connection = connect_tcp();
    std::vector<os::MappedMemory> memories;
    for (std::uint8_t i = 0; i < 4; ++i) {
        memories.push_back(make_memory(std::byte{i}));
    }
    constexpr std::uint32_t sets = 20;
    for (std::uint32_t set = 0; set < sets; ++set) {
        const std::uint32_t first = 1000 + set * 4;
        std::vector<io::BufferId> buffers;
        for (std::uint32_t i = 0; i < memories.size(); ++i) {
            buffers.push_back(register_in(loop, memories[i], token_of(first + i)));
        }
        const std::uint32_t sent = set % 4;
        loop.engine().send_zero_copy(token_of(set), connection.server.get(), memories[sent].bytes(),
                                     buffers[sent], {});
        REQUIRE(peer_receives(loop, connection.viewer.get(), static_cast<std::byte>(sent)));
        for (const io::BufferId buffer : buffers) {
            loop.engine().release_buffer(buffer);
        }
        for (std::uint32_t i = 0; i < memories.size(); ++i) {
            static_cast<void>(loop.result_of(token_of(first + i)));
        }
    }
}
