#pragma once
// Virtual time: scheduled events in order. Reads no clock.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/time.hpp"

namespace ringcast::sim {

class EventQueue {
public:
    using Action = std::function<void()>;

    [[nodiscard]] Instant now() const noexcept { return now_; }
    /// Events of the same instant run in the order in which they were scheduled.
    void at(Instant when, Action action) {
        events_.push_back({std::max(when, now_), order_++, std::move(action)});
        std::push_heap(events_.begin(), events_.end(), Later{});
    }
    void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

    /// Time of the next event; `never` if none is scheduled.
    [[nodiscard]] Instant next() const noexcept {
        return events_.empty() ? never : events_.front().when;
    }
    void run_next() {
        RINGCAST_ASSERT(!events_.empty());
        std::pop_heap(events_.begin(), events_.end(), Later{});
        Event event = std::move(events_.back());
        events_.pop_back();
        now_ = event.when;
        event.action();
    }
    /// Advances the time to `when` and runs all events until then.
    void run_until(Instant when) {
        while (next() <= when) {
            run_next();
        }
        now_ = std::max(now_, when);
    }

private:
    struct Event {
        Instant when;
        std::uint64_t order = 0;
        Action action;
    };
    struct Later {
        bool operator()(const Event& left, const Event& right) const noexcept {
            return left.when != right.when ? left.when > right.when : left.order > right.order;
        }
    };

    /// Starts well after zero, so that no deadline in the past is negative.
    Instant now_ = Instant{} + std::chrono::seconds(1000);
    std::uint64_t order_ = 0;
    std::vector<Event> events_;
};

} // namespace ringcast::sim
