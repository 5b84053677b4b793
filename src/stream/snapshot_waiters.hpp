#pragma once
// Connections that wait for a snapshot of one stream, and when they have to be looked at: after the
// newest frame or the signal has changed, and shortly before a deadline. So a turn of the loop in
// which nothing of this happens costs the same with thousands of them as with none.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"
#include "connection/connection.hpp"
#include "container/intrusive_list.hpp"

namespace ringcast::stream {

class SnapshotWaiters {
public:
    /// The first answer for a deadline is sent this long before it, which leaves time for its way
    /// to the client, together with those that are due up to as long after it. So deadlines cost at
    /// most one look at all waiters in this time.
    static constexpr Duration slack = std::chrono::milliseconds(25);

    /// Adds a connection that waits for a frame until its deadline.
    void add(connection::Connection& waiter) noexcept {
        list_.push_back(waiter);
        next_deadline_ = std::min(next_deadline_, waiter.deadline());
    }
    /// Moves all of `others` to the end.
    void take(SnapshotWaiters& others) noexcept {
        list_.append(others.list_);
        next_deadline_ = std::min(next_deadline_, others.next_deadline_);
    }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    /// The stream's newest frame or its signal has changed.
    void note_change() noexcept { changed_ = true; }
    /// When `answer_due` has something to do without a change.
    [[nodiscard]] Instant deadline() const noexcept {
        return list_.empty() || next_deadline_ == never ? never : next_deadline_ - slack;
    }
    /// Calls `answer(waiter, late)` for each waiter, if any may be due, until it has returned true
    /// `answers_max` times: it does so when it has answered, which removes the waiter from here. A
    /// waiter that is `late` has waited long enough and must be answered. Returns the number of
    /// answers; waiters that are left over are due in the next call.
    template <typename Answer>
    std::uint32_t answer_due(Instant now, std::uint32_t answers_max, Answer answer) noexcept {
        if (list_.empty() || (!changed_ && now < deadline())) {
            return 0;
        }
        std::uint32_t answered = 0;
        Instant next = never;
        connection::Connection* waiter = list_.first();
        while (waiter != nullptr && answered < answers_max) {
            connection::Connection* following = list_.next(*waiter);
            const Instant deadline = waiter->deadline();
            if (answer(*waiter, deadline <= now + 2 * slack)) {
                ++answered;
            } else {
                next = std::min(next, deadline);
            }
            waiter = following;
        }
        if (waiter == nullptr) {
            changed_ = false;
            next_deadline_ = next;
        }
        return answered;
    }

private:
    container::IntrusiveList<connection::Connection, connection::ConnectionListTag> list_;
    bool changed_ = false;          ///< since all were looked at
    Instant next_deadline_ = never; ///< not later than that of any waiter
};

} // namespace ringcast::stream
