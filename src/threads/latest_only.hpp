#pragma once
// Decides which picture is encoded next when pictures arrive faster than they can be encoded: one
// is being encoded, one waits, and a newer one replaces the one that waits. No I/O, no threads.

#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::threads {

/// `Value` stands for a picture, such as the index of its buffer.
template <typename Value>
class LatestOnly {
public:
    /// Makes `value` the waiting picture. Returns the picture that it replaces, which will not be
    /// encoded and has to be recycled by the caller.
    [[nodiscard]] std::optional<Value> offer(Value value) noexcept {
        return std::exchange(waiting_, std::move(value));
    }

    /// Returns the picture to encode now; none while another is being encoded, or none waits.
    [[nodiscard]] std::optional<Value> begin() noexcept {
        if (encoding_ || !waiting_.has_value()) {
            return std::nullopt;
        }
        encoding_ = true;
        return std::exchange(waiting_, std::nullopt);
    }
    /// The picture that `begin` returned has been encoded.
    void finish() noexcept {
        RINGCAST_ASSERT(encoding_);
        encoding_ = false;
    }
    /// Takes back the waiting picture, if there is one.
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
