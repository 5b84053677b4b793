#pragma once
// One connection to an upstream server at a time: looks its name up, connects, sends and receives,
// and joins every operation before it closes the socket. Knows neither HTTP nor frames.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"
#include "io/resolver.hpp"
#include "upstream/dialer.hpp"

namespace ringcast::upstream {

/// Where to connect to.
struct ServerAddress {
    std::string host; ///< a name or an address; IPv6 in brackets
    std::uint16_t port = 80;
    std::string socket_path; ///< of a UNIX socket; empty: TCP
};

class Connection {
public:
    enum class Event : std::uint8_t {
        none,      ///< another completion is due, or the connection is being closed
        connected, ///< `send` and `receive` may be called
        sent,      ///< all bytes
        received,  ///< `Step::bytes`
        ended,     ///< by the server
        failed,    ///< `failure` says why
    };
    struct Step {
        Event event = Event::none;
        std::size_t bytes = 0; ///< of a receive, more than 0
    };

    Connection(io::Engine& engine, std::unique_ptr<io::Resolver> resolver)
        : engine_(engine), resolver_(std::move(resolver)), dialer_(engine) {}

    /// Begins; operations use tokens of `stream`. Precondition: `closed`. Throws std::bad_alloc; then
    /// nothing has begun.
    [[nodiscard]] Step open(const ServerAddress& server, io::StreamId stream);
    /// Precondition: connected, and neither a send nor a receive is under way. `bytes` and `into`
    /// stay valid until the event. `all`: the event follows when `into` is full, or nothing more
    /// arrives.
    void send(ConstByteSpan bytes) noexcept;
    void receive(ByteSpan into, bool all = false) noexcept;
    /// Begins to close; no more events follow.
    void close() noexcept;
    /// True exactly when there is no connection and the engine holds no operation of one.
    [[nodiscard]] bool closed() const noexcept;

    /// A completion with a token of the stream, also of an earlier connection.
    [[nodiscard]] Step on_completion(const io::Completion& completion);
    [[nodiscard]] Instant deadline() const noexcept { return dialer_.deadline(); }
    [[nodiscard]] Step on_deadline(Instant now);

    [[nodiscard]] bool looking_up() const noexcept { return looking_up_; }
    /// In words for viewers.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    /// Numeric address of the server; empty if there is no connection.
    [[nodiscard]] std::string peer() const { return socket_ >= 0 ? peer_ : std::string(); }
    [[nodiscard]] Instant connected_at() const noexcept { return connected_at_; }
    /// Connections made so far.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

private:
    enum Operation : std::uint8_t { look_up, send_bytes, receive_bytes, connect_first };

    [[nodiscard]] Step on_looked_up();
    [[nodiscard]] Step on_dialed();
    [[nodiscard]] Step on_result(std::uint8_t operation, std::int32_t result);
    [[nodiscard]] Step fail(std::string why);
    void send_on() noexcept;
    void receive_on() noexcept;
    void close_socket() noexcept;
    [[nodiscard]] io::OpToken token(std::uint8_t operation) const noexcept {
        return io::source_token(stream_, operation, run_);
    }

    io::Engine& engine_;
    std::unique_ptr<io::Resolver> resolver_;
    io::StreamId stream_;
    std::uint16_t run_ = 0; ///< number of the connection: the generation of its tokens
    bool looking_up_ = false;
    Dialer dialer_;
    int socket_ = -1;
    io::Transport transport_ = io::Transport::tcp;
    std::optional<Operation> in_flight_; ///< a send or receive
    bool closing_ = true;
    ConstByteSpan unsent_;
    ByteSpan into_;
    bool all_ = false;
    std::string peer_;
    Instant connected_at_{};
    std::uint64_t count_ = 0;
    std::string failure_;
};

} // namespace ringcast::upstream
