#pragma once
// Connects to the first of several addresses that answers (RFC 8305 in its simplest form): they are
// tried in turn, the next one as soon as the one before has failed, or has not answered for 250 ms.
// Owns its sockets until it hands one over. Knows nothing of HTTP.

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "io/engine.hpp"

namespace ringcast::upstream {

class Dialer {
public:
    /// RFC 8305, 5 and 8: the recommended delay between two attempts.
    static constexpr Duration attempt_delay = std::chrono::milliseconds(250);
    /// How many sockets connect at the same time.
    static constexpr std::uint8_t attempts_max = 4;

    explicit Dialer(io::Engine& engine) noexcept : engine_(&engine) {}

    /// Begins. `addresses`, not empty, are in the order of preference; the families are alternated
    /// (RFC 8305, 4). Operations use tokens of `stream` and `run` with the operation numbers
    /// [operation, operation + attempts_max). Precondition: `idle`. Throws std::bad_alloc.
    void begin(std::span<const io::SocketAddress> addresses, io::StreamId stream,
               std::uint8_t operation, std::uint16_t run);
    void on_completion(const io::Completion& completion) noexcept;
    [[nodiscard]] Instant deadline() const noexcept;
    void on_deadline(Instant now) noexcept;
    /// Gives up. The dialer is idle once the operations have ended.
    void cancel() noexcept;

    /// True exactly when the engine holds no operation of the dialer and it owns no socket but a
    /// connected one that has not been taken.
    [[nodiscard]] bool idle() const noexcept;
    /// The connected socket; -1 when there is none. The caller owns it from then on.
    [[nodiscard]] int take_socket() noexcept { return std::exchange(connected_, -1); }
    [[nodiscard]] const io::SocketAddress& address() const noexcept { return connected_address_; }
    [[nodiscard]] bool connected() const noexcept { return connected_ >= 0; }
    /// errno of the last failed attempt.
    [[nodiscard]] int error_number() const noexcept { return error_number_; }

private:
    struct Attempt {
        int socket = -1; ///< -1: unused
        bool cancelled = false;
        io::SocketAddress address;
    };

    void start_next() noexcept;
    void cancel_attempts() noexcept;
    [[nodiscard]] io::OpToken token(std::size_t attempt) const noexcept;

    io::Engine* engine_;
    io::StreamId stream_;
    std::uint8_t operation_ = 0;
    std::uint16_t run_ = 0;
    std::vector<io::SocketAddress> waiting_; ///< not tried yet, the next one last
    std::array<Attempt, attempts_max> attempts_;
    Instant next_at_ = never;
    int connected_ = -1;
    io::SocketAddress connected_address_;
    int error_number_ = 0;
};

} // namespace ringcast::upstream
