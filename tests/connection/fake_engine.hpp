#pragma once
// An engine for the tests of connections: keeps each operation until the test answers it, in
// virtual time. No sockets.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "base/assert.hpp"
#include "io/engine.hpp"

namespace ringcast::connection::test {

enum class Call : std::uint8_t {
    receive,
    send,
    send_zero_copy,
    poll,
    abort,
    shutdown,
    close,
    cancel,
};

struct Operation {
    Call call = Call::receive;
    io::OpToken token{};
    int socket = -1;
    ByteSpan into{};                      ///< of a receive
    ConstByteSpan bytes{};                ///< of a send
    io::SendOptions options{};            ///< of a send
    std::optional<io::BufferId> buffer{}; ///< of a zero-copy send
    io::OpToken target{};                 ///< of a cancel
};

class FakeEngine final : public io::Engine {
public:
    std::vector<Operation> operations; ///< oldest first
    Instant monotonic{std::chrono::seconds(1000)};
    bool zero_copy = true;
    std::size_t zero_copy_min = 0;
    io::SocketProgress progress;             ///< the answer for each socket
    int progress_socket = -1;                ///< the socket that was asked for last
    std::optional<io::Transport> aborted_as; ///< the transport of the last abort

    [[nodiscard]] std::size_t count(Call call) const {
        return static_cast<std::size_t>(
            std::count_if(operations.begin(), operations.end(),
                          [&](const Operation& operation) { return operation.call == call; }));
    }
    /// The newest operation of this kind; it exists.
    [[nodiscard]] const Operation& newest(Call call) const {
        REQUIRE(count(call) > 0);
        return *std::find_if(operations.rbegin(), operations.rend(),
                             [&](const Operation& operation) { return operation.call == call; });
    }
    /// Removes the oldest operation of this kind; it exists.
    Operation take(Call call) {
        REQUIRE(count(call) > 0);
        const auto found =
            std::find_if(operations.begin(), operations.end(),
                         [&](const Operation& operation) { return operation.call == call; });
        const Operation operation = *found;
        operations.erase(found);
        return operation;
    }

    [[nodiscard]] Instant now() const noexcept override { return monotonic; }
    [[nodiscard]] WallTime wall_now() const noexcept override { return {}; }
    void read_clocks() noexcept override {}
    void receive(io::OpToken token, int socket, ByteSpan into) noexcept override {
        operations.push_back(
            {.call = Call::receive, .token = token, .socket = socket, .into = into});
    }
    void send(io::OpToken token, int socket, ConstByteSpan bytes,
              io::SendOptions options) noexcept override {
        operations.push_back({.call = Call::send,
                              .token = token,
                              .socket = socket,
                              .bytes = bytes,
                              .options = options});
    }
    void send_zero_copy(io::OpToken token, int socket, ConstByteSpan bytes, io::BufferId buffer,
                        io::SendOptions options) noexcept override {
        operations.push_back({.call = Call::send_zero_copy,
                              .token = token,
                              .socket = socket,
                              .bytes = bytes,
                              .options = options,
                              .buffer = buffer});
    }
    void poll(io::OpToken token, int fd, io::PollEvents events) noexcept override {
        RINGCAST_ASSERT(events == io::PollEvents::hangup);
        operations.push_back({.call = Call::poll, .token = token, .socket = fd});
    }
    void abort(io::OpToken token, int socket, io::Transport transport) noexcept override {
        operations.push_back({.call = Call::abort, .token = token, .socket = socket});
        aborted_as = transport;
    }
    void shutdown_writing(io::OpToken token, int socket) noexcept override {
        operations.push_back({.call = Call::shutdown, .token = token, .socket = socket});
    }
    void close(io::OpToken token, int fd) noexcept override {
        operations.push_back({.call = Call::close, .token = token, .socket = fd});
    }
    void cancel(io::OpToken token, io::OpToken target) noexcept override {
        operations.push_back({.call = Call::cancel, .token = token, .target = target});
    }
    void shorten_queue(int /*socket*/) noexcept override {}
    [[nodiscard]] io::SocketProgress socket_progress(int socket, io::Transport) noexcept override {
        progress_socket = socket;
        return progress;
    }
    [[nodiscard]] bool zero_copy_supported() const noexcept override { return zero_copy; }
    [[nodiscard]] std::size_t zero_copy_bytes_min() const noexcept override {
        return zero_copy_min;
    }

    // A connection uses none of these.
    void accept(io::OpToken, int) noexcept override { std::abort(); }
    void read(io::OpToken, int, ByteSpan) noexcept override { std::abort(); }
    void receive_all(io::OpToken, int, ByteSpan) noexcept override { std::abort(); }
    void connect(io::OpToken, int, const io::SocketAddress&) noexcept override { std::abort(); }
    [[nodiscard]] int open_socket(const io::SocketAddress&) noexcept override { std::abort(); }
    [[nodiscard]] io::Peer describe_peer(int) noexcept override { std::abort(); }
    [[nodiscard]] Result<io::BufferId> register_buffer(ByteSpan, io::OpToken) override {
        std::abort();
    }
    void release_buffer(io::BufferId) noexcept override { std::abort(); }
    [[nodiscard]] std::uint64_t system_calls() const noexcept override { return 0; }
    [[nodiscard]] std::size_t submit_and_reap(std::span<io::Completion>, Instant,
                                              std::size_t) noexcept override {
        std::abort();
    }
};

} // namespace ringcast::connection::test
