#pragma once
// Connections over loopback, and an engine that runs until a condition holds.

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
#include "kernel/tested_engine.hpp"
#include "uring/uring_engine.hpp"

namespace ringcast::kernel_test {

/// Both ends of a connection: the relay's and the viewer's.
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
/// Bound to an abstract address that the kernel chooses.
[[nodiscard]] UniqueFd listen_unix();
/// Connects to the address of `listener`; the connection is not accepted yet.
[[nodiscard]] UniqueFd connect_to(int listener, int receive_bytes = 0);
[[nodiscard]] Connection connect_tcp(SocketBuffers buffers = {}, const char* address = "127.0.0.1");
[[nodiscard]] Connection connect_unix();

/// Reads at most `bytes_max` without waiting. Also returns nothing at the end of the stream.
[[nodiscard]] std::vector<std::byte> read_available(int socket, std::size_t bytes_max = 1U << 20U);

/// Bytes that depend on their position, so that a shifted or torn copy is detected.
[[nodiscard]] std::vector<std::byte> make_pattern(std::size_t bytes);

/// Tokens of the tests; the slot identifies the operation.
[[nodiscard]] inline io::OpToken token_of(std::uint32_t slot) {
    return {io::OpKind::control, slot, 1};
}

/// An engine and all its completions.
class Loop {
public:
    /// On the engine that this run of the tests is for.
    Loop() {
        auto created = test::make_tested_engine();
        REQUIRE(created);
        engine_ = std::move(*created);
    }
    explicit Loop(std::unique_ptr<io::Engine> engine) : engine_(std::move(engine)) {}
    explicit Loop(uring::UringSettings settings) {
        auto created = uring::UringEngine::create(settings);
        REQUIRE(created);
        engine_ = std::move(*created);
    }

    [[nodiscard]] io::Engine& engine() { return *engine_; }
    [[nodiscard]] const std::vector<io::Completion>& seen() const { return seen_; }

    /// Calls submit_and_reap once. Returns the number of completions.
    std::size_t turn(Duration wait, std::size_t expected = 1, std::size_t room = 64);
    /// Turns until `done()`. The test fails, instead of hanging, when that never becomes true.
    template <typename Done>
    void turn_until(Done done, std::size_t expected = 1, std::size_t room = 64) {
        constexpr std::size_t turns_max = 4000;
        for (std::size_t turns = 0; turns < turns_max && !done(); ++turns) {
            turn(std::chrono::milliseconds(5), expected, room);
        }
        REQUIRE(done());
    }

    /// Results (not notifications) with `token`.
    [[nodiscard]] std::vector<io::Completion> results(io::OpToken token) const;
    [[nodiscard]] std::vector<io::Completion> notifications(io::OpToken token) const;
    /// Turns until there is a result with `token`. Returns the first.
    io::Completion result_of(io::OpToken token);

private:
    std::unique_ptr<io::Engine> engine_;
    std::vector<io::Completion> seen_;
};

/// Turns the loop until at least `bytes` have been read from the viewer's socket, and returns them.
[[nodiscard]] std::vector<std::byte> read_all(Loop& loop, int socket, std::size_t bytes);

} // namespace ringcast::kernel_test
