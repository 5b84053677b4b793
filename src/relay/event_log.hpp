#pragma once
// The newest events, each as the text that all clients are sent. Bounded: a new one takes the place of
// the oldest. No clock.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "api/event.hpp"
#include "base/time.hpp"
#include "connection/shared_text.hpp"

namespace ringcast::relay {

class EventLog {
public:
    /// Days of a quiet server, and hours of one with much trouble.
    static constexpr std::size_t count_max = 256;

    /// `instance`: the id of the process, so that a client's last id of an earlier one is recognised.
    explicit EventLog(std::string instance) : instance_(std::move(instance)) {}

    /// Without memory the event is left out, and only its number is used.
    void add(const api::Event& event, WallTime now) noexcept;

    struct Entry {
        std::uint64_t number = 0;
        std::string stream; ///< empty: it is about none
        bool confidential = false;
        connection::SharedText text;
    };
    /// The first one with this number or a higher one; null if there is none.
    [[nodiscard]] const Entry* find(std::uint64_t number) const noexcept;
    /// Number of the event that is added next; the first one is 1.
    [[nodiscard]] std::uint64_t next_number() const noexcept { return next_number_; }
    /// Number of the event after the one that a client has got last (Last-Event-ID); 0, which is before
    /// all, if that is none of this process.
    [[nodiscard]] std::uint64_t number_after(std::string_view last_id) const noexcept;
    /// Memory of the texts, those included that are still being sent.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
    [[nodiscard]] Entry make_entry(const api::Event& event, std::uint64_t number, WallTime now);

    std::string instance_;
    std::size_t bytes_ = 0;
    std::deque<Entry> entries_; ///< in the order of their numbers
    std::uint64_t next_number_ = 1;
};

} // namespace ringcast::relay
