#pragma once
// Virtual time: scheduled events in order. Reads no clock, and allocates only while it grows.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "base/time.hpp"

namespace ringcast::sim {

/// A function object in place: a lambda whose captures are plain data.
class EventAction {
public:
    EventAction() = default;
    template <class Function>
        requires(!std::is_same_v<std::remove_cvref_t<Function>, EventAction>)
    EventAction(Function&& function) noexcept // NOLINT(google-explicit-constructor)
        : run_([](void* stored) {
              (*std::launder(static_cast<std::remove_cvref_t<Function>*>(stored)))();
          }) {
        using Stored = std::remove_cvref_t<Function>;
        static_assert(sizeof(Stored) <= bytes_max && alignof(Stored) <= alignof(std::max_align_t));
        static_assert(std::is_trivially_copyable_v<Stored>);
        std::construct_at(reinterpret_cast<Stored*>(stored_.data()),
                          std::forward<Function>(function));
    }

    void operator()() { run_(stored_.data()); }

private:
    static constexpr std::size_t bytes_max = 96;

    alignas(std::max_align_t) std::array<std::byte, bytes_max> stored_;
    void (*run_)(void*) = nullptr;
};

class EventQueue {
public:
    [[nodiscard]] Instant now() const noexcept { return now_; }
    /// Events of the same instant run in the order in which they were scheduled.
    void at(Instant when, const EventAction& action) {
        std::size_t place = actions_.size();
        if (free_.empty()) {
            actions_.push_back(action);
        } else {
            place = free_.back();
            free_.pop_back();
            actions_[place] = action;
        }
        events_.push_back({std::max(when, now_), order_++, place});
        std::push_heap(events_.begin(), events_.end(), Later{});
    }
    void after(Duration delay, const EventAction& action) { at(now_ + delay, action); }

    /// Time of the next event; `never` if none is scheduled.
    [[nodiscard]] Instant next() const noexcept {
        return events_.empty() ? never : events_.front().when;
    }
    void run_next() {
        RINGCAST_ASSERT(!events_.empty());
        std::pop_heap(events_.begin(), events_.end(), Later{});
        const Event event = events_.back();
        events_.pop_back();
        now_ = event.when;
        EventAction action = actions_[event.action];
        free_.push_back(event.action);
        action();
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
        std::size_t action = 0; ///< index into `actions_`
    };
    struct Later {
        bool operator()(const Event& left, const Event& right) const noexcept {
            return left.when != right.when ? left.when > right.when : left.order > right.order;
        }
    };

    /// Starts well after zero, so that no deadline in the past is negative.
    Instant now_ = Instant{} + std::chrono::seconds(1000);
    std::uint64_t order_ = 0;
    std::vector<Event> events_; ///< a heap
    std::vector<EventAction> actions_;
    std::vector<std::size_t> free_; ///< indices into `actions_`
};

} // namespace ringcast::sim
