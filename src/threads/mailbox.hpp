#pragma once
// Hands one value at a time from one thread to another, which may block until it arrives.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::threads {

template <typename Value>
class Mailbox {
public:
    /// Precondition: the previous value has been taken.
    void put(Value value) noexcept {
        {
            const std::lock_guard lock(mutex_);
            RINGCAST_ASSERT(!value_.has_value());
            value_.emplace(std::move(value));
        }
        changed_.notify_one();
    }
    /// Wakes the waiting thread; from now on `wait_and_take` returns none.
    void close() noexcept {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        changed_.notify_one();
    }

    /// Does not block; none when the mailbox is empty.
    [[nodiscard]] std::optional<Value> take() noexcept {
        const std::lock_guard lock(mutex_);
        return std::exchange(value_, std::nullopt);
    }
    /// Blocks until a value arrives. None once the mailbox is closed, even when it holds a value.
    [[nodiscard]] std::optional<Value> wait_and_take() noexcept {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closed_ || value_.has_value(); });
        return closed_ ? std::nullopt : std::exchange(value_, std::nullopt);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Value> value_;
    bool closed_ = false;
};

} // namespace ringcast::threads
