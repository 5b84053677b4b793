#pragma once
// A place for one value between two threads: one puts, the other takes and may wait for it.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::threads {

template <typename Value>
class Mailbox {
public:
    /// What was put before has been taken.
    void put(Value value) noexcept {
        {
            const std::lock_guard lock(mutex_);
            RINGCAST_ASSERT(!value_.has_value());
            value_.emplace(std::move(value));
        }
        changed_.notify_one();
    }
    /// Nobody will wait any more.
    void close() noexcept {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        changed_.notify_one();
    }

    /// At once; none when there is none.
    [[nodiscard]] std::optional<Value> take() noexcept {
        const std::lock_guard lock(mutex_);
        return std::exchange(value_, std::nullopt);
    }
    /// Waits for it. None when the mailbox is closed, and what is in it stays there.
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
