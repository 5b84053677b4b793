#pragma once
// What operators are told of while it happens: changes of state, as /api/events sends them. No I/O, no
// clock.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ringcast::api {

enum class EventKind : std::uint8_t {
    server_started,
    stream_live,     ///< frames arrive, for the first time or again
    stream_lost,     ///< no signal, or none for another reason than before
    stream_paused,   ///< nobody watches
    stream_added,    ///< by a reload,
    stream_replaced, ///< ... anew, under its name
    stream_removed,
    config_reloaded,
    config_refused,
    viewers_refused, ///< because of a limit
    places_taken,    ///< connections had to make room for others
    memory_short,    ///< clients were disconnected to free memory
    accept_paused,   ///< descriptors or memory had run out
    controls_changed,
};
inline constexpr std::size_t event_kind_count = 14;
/// "stream_live" and so on.
[[nodiscard]] std::string_view event_kind_name(EventKind kind) noexcept;

/// Fields that say nothing are empty. The texts belong to the caller.
struct Event {
    EventKind kind = EventKind::server_started;
    std::string_view stream{}; ///< its name
    std::string_view reason{}; ///< one line
    std::span<const std::string> lines{};
    std::uint64_t count =
        0; ///< how often it has happened since the event before, or how many lines

    /// For those alone who see everything.
    [[nodiscard]] bool confidential() const noexcept {
        return kind == EventKind::config_reloaded || kind == EventKind::config_refused ||
               kind == EventKind::controls_changed;
    }
};

/// In an event stream (WHATWG HTML, 9.2.6), with the empty line that ends it. Has at most so many
/// lines of the event, and of each text so many bytes: an event takes a few kilobytes at most.
[[nodiscard]] std::string event_text(const Event& event, std::string_view id, WallTime time);
inline constexpr std::size_t event_lines_max = 8;
inline constexpr std::size_t event_field_bytes_max = 256;

} // namespace ringcast::api
