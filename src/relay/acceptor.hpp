#pragma once
// Accepts connections on all listeners, never more than there are places for, and pauses where
// accepting fails. Knows no connections.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "api/status.hpp"
#include "base/time.hpp"
#include "io/engine.hpp"

namespace ringcast::relay {

struct AcceptorSettings {
    Duration pause{};              ///< from an error to the next try
    std::uint32_t accepts_max = 1; ///< under way on all listeners together
};

class Acceptor {
public:
    /// `sockets` are listening; the caller owns them, and keeps them open while they are in use.
    Acceptor(io::Engine& engine, std::span<const int> sockets, AcceptorSettings settings,
             api::RelayCounters& counters);

    /// Accepts up to `places` connections from here on, those of accepts under way included. Called
    /// once per turn. Each accept ends with one connection, so a full table leaves newcomers in the
    /// kernel's queue, and a multishot accept would return all of that queue at once.
    void accept_up_to(std::uint32_t places) noexcept;
    /// Accepts on another socket too; in a place of the list that is `vacant`, or behind the last.
    void add(std::uint32_t listener, int socket);
    /// Accepts nothing more on the listener. Its socket is in use until its place is `vacant`.
    void remove(std::uint32_t listener) noexcept;
    /// True when the listener was removed, and no accept on it is under way.
    [[nodiscard]] bool vacant(std::uint32_t listener) const noexcept;
    /// Places in the list of listeners, vacant ones included.
    [[nodiscard]] std::uint32_t place_count() const noexcept {
        return static_cast<std::uint32_t>(listeners_.size());
    }
    void stop() noexcept;
    /// True exactly when no accept is under way.
    [[nodiscard]] bool stopped() const noexcept { return under_way_ == 0; }

    struct Accepted {
        int socket = -1;
        std::uint32_t listener = 0; ///< index into `sockets`, or the place of one that was added
    };
    /// Handles the completion of an accept; returns empty if there is no new connection.
    [[nodiscard]] std::optional<Accepted> on_accept(const io::Completion& completion) noexcept;

    /// When the first pause is over, and `accept_up_to` has something to do.
    [[nodiscard]] Instant deadline() const noexcept;
    /// True while a listener waits after an error.
    [[nodiscard]] bool paused() const noexcept { return deadline() != never; }

private:
    /// Bits of a word say which of a listener's accepts are under way.
    static constexpr std::uint32_t accepts_per_listener_max = 64;

    struct Listener {
        int socket = -1; ///< -1: removed
        std::uint64_t under_way = 0;
        Instant paused_until = never; ///< `never`: not paused
        bool failing = false;         ///< since the last error nothing has been accepted
    };

    void share_accepts() noexcept;
    void prepare(std::uint32_t listener, std::uint32_t places) noexcept;
    void cancel(std::uint32_t listener, std::uint64_t accepts) noexcept;
    void pause(Listener& listener, std::int32_t error) noexcept;

    io::Engine& engine_;
    Duration pause_;
    std::uint32_t accepts_max_;
    api::RelayCounters& counters_;
    std::vector<Listener> listeners_;
    std::uint32_t per_listener_ = 1; ///< accepts under way on one listener, at most
    std::uint32_t under_way_ = 0;
    bool stopping_ = false;
};

} // namespace ringcast::relay
