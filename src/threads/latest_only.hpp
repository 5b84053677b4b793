#pragma once
// What is encoded next when pictures come faster than they are encoded: one is being encoded, one
// waits, and a newer one takes the place of that. Pure; knows neither pictures nor threads.

#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::threads {

/// `Value` stands for a picture, such as the index of its buffer.
template <typename Value>
class LatestOnly {
public:
    /// A new picture waits now. Returns the one whose place it takes, which nobody will encode: it
    /// goes back to where it came from at once.
    [[nodiscard]] std::optional<Value> offer(Value value) noexcept {
        return std::exchange(waiting_, std::move(value));
    }

    /// What to encode now; none while a picture is being encoded, or none waits.
    [[nodiscard]] std::optional<Value> begin() noexcept {
        if (encoding_ || !waiting_.has_value()) {
            return std::nullopt;
        }
        encoding_ = true;
        return std::exchange(waiting_, std::nullopt);
    }
    /// The one that was begun is done.
    void finish() noexcept {
        RINGCAST_ASSERT(encoding_);
        encoding_ = false;
    }
    /// The one that waits, if any, because nobody wants it any more.
    [[nodiscard]] std::optional<Value> withdraw() noexcept {
        return std::exchange(waiting_, std::nullopt);
    }

    [[nodiscard]] bool encoding() const noexcept { return encoding_; }
    [[nodiscard]] bool waiting() const noexcept { return waiting_.has_value(); }

private:
    std::optional<Value> waiting_;
    bool encoding_ = false;
};

} // namespace ringcast::threads
