#pragma once
// Sockets that end on this machine, and an engine that is turned until a condition holds.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "base/bytes.hpp"
#include "base/unique_fd.hpp"
#include "io/engine.hpp"
#include "uring/uring_engine.hpp"

namespace ringcast::kernel_test {

/// One connection: what the relay would hold, and what the viewer would.
struct Connection {
    UniqueFd server;
    UniqueFd viewer;
};

struct SocketBuffers {
    int server_send_bytes = 0;    ///< SO_SNDBUF; 0 leaves it to the kernel
    int viewer_receive_bytes = 0; ///< SO_RCVBUF; 0 leaves it to the kernel
};

/// Non-blocking, bound to an unused port of `address` (IPv4 or IPv6).
[[nodiscard]] UniqueFd listen_tcp(const char* address = "127.0.0.1");
/// At an abstract address that the kernel chooses.
[[nodiscard]] UniqueFd listen_unix();
/// Connects to what `listener` listens on; the connection is not accepted yet.
[[nodiscard]] UniqueFd connect_to(int listener, int receive_bytes = 0);
[[nodiscard]] Connection connect_tcp(SocketBuffers buffers = {}, const char* address = "127.0.0.1");
[[nodiscard]] Connection connect_unix();

/// Reads what is there, at most `bytes_max`, without waiting. Empty also at the end of the stream.
[[nodiscard]] std::vector<std::byte> read_available(int socket, std::size_t bytes_max = 1U << 20U);

/// Bytes that differ from place to place, so that a shifted or torn copy is noticed.
[[nodiscard]] std::vector<std::byte> make_pattern(std::size_t bytes);

/// Tokens of the tests: the slot tells operations apart.
[[nodiscard]] inline io::OpToken token_of(std::uint32_t slot) {
    return {io::OpKind::control, slot, 1};
}

/// An engine and everything that it has answered.
class Loop {
public:
    explicit Loop(uring::UringSettings settings = {}) {
        auto created = uring::UringEngine::create(settings);
        REQUIRE(created);
        engine_ = std::move(*created);
    }

    [[nodiscard]] uring::UringEngine& engine() { return *engine_; }
    [[nodiscard]] const std::vector<io::Completion>& seen() const { return seen_; }

    /// One call of submit_and_reap; returns how many completions it brought.
    std::size_t turn(Duration wait, std::size_t expected = 1, std::size_t room = 64);
    /// Turns until `done()`. A condition that never comes fails the test instead of hanging it.
    template <typename Done>
    void turn_until(Done done, std::size_t expected = 1, std::size_t room = 64) {
        constexpr std::size_t turns_max = 4000;
        for (std::size_t turns = 0; turns < turns_max && !done(); ++turns) {
            turn(std::chrono::milliseconds(5), expected, room);
        }
        REQUIRE(done());
    }

    /// Results (not notifications) under `token`.
    [[nodiscard]] std::vector<io::Completion> results(io::OpToken token) const;
    [[nodiscard]] std::vector<io::Completion> notifications(io::OpToken token) const;
    /// Turns until `token` has a result and returns the first.
    io::Completion result_of(io::OpToken token);

private:
    std::unique_ptr<uring::UringEngine> engine_;
    std::vector<io::Completion> seen_;
};

/// Reads `bytes` that a viewer's socket gets, or more, while the loop turns.
[[nodiscard]] std::vector<std::byte> read_all(Loop& loop, int socket, std::size_t bytes);

} // namespace ringcast::kernel_test
