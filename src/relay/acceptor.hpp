#pragma once
// Accepts connections on all listeners, and pauses where accepting fails. Knows no connections.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "api/status.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"

namespace ringcast::relay {

class Acceptor {
public:
    /// `sockets` are listening; the caller owns them. `pause`: time from an error to the next try.
    Acceptor(io::Engine& engine, std::span<const int> sockets, Duration pause,
             api::RelayCounters& counters);

    void start() noexcept;
    void stop() noexcept;
    /// True exactly when no accept is under way.
    [[nodiscard]] bool stopped() const noexcept;

    struct Accepted {
        int socket = -1;
        std::uint32_t listener = 0; ///< index into `sockets`
    };
    /// Handles the completion of an accept; returns empty if there is no new connection.
    [[nodiscard]] std::optional<Accepted> on_accept(const io::Completion& completion) noexcept;

    [[nodiscard]] Instant deadline() const noexcept;
    void on_deadline(Instant now) noexcept;
    /// True while a listener waits after an error.
    [[nodiscard]] bool paused() const noexcept { return deadline() != never; }

private:
    struct Listener {
        int socket = -1;
        bool armed = false;
        Instant rearm_at = never;
    };

    void arm(std::uint32_t listener) noexcept;
    void rearm(std::uint32_t listener, std::int32_t result) noexcept;

    io::Engine& engine_;
    Duration pause_;
    api::RelayCounters& counters_;
    std::vector<Listener> listeners_;
    bool stopping_ = false;
};

} // namespace ringcast::relay
