#pragma once
// A bounded lock-free queue between one producer thread and one consumer thread. Neither call
// blocks. Waking the other thread is up to the caller.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/immovable.hpp"

namespace ringcast::container {

/// Holds up to `capacity` values. `Value` must be default-constructible and movable.
template <typename Value, std::size_t capacity>
class SpscQueue : private Immovable {
public:
    static_assert(capacity > 0);

    ~SpscQueue() = default;

    /// False when the queue is full; `value` has then not been moved from. Producer thread only.
    [[nodiscard]] bool push(Value&& value) noexcept {
        const std::uint64_t pushed = pushed_.load(std::memory_order_relaxed);
        if (pushed - popped_.load(std::memory_order_acquire) == capacity) {
            return false;
        }
        values_[pushed % capacity] = std::move(value);
        pushed_.store(pushed + 1, std::memory_order_release);
        return true;
    }

    /// Empty when the queue is empty. Consumer thread only.
    [[nodiscard]] std::optional<Value> pop() noexcept {
        const std::uint64_t popped = popped_.load(std::memory_order_relaxed);
        if (popped == pushed_.load(std::memory_order_acquire)) {
            return std::nullopt;
        }
        std::optional<Value> value(std::move(values_[popped % capacity]));
        popped_.store(popped + 1, std::memory_order_release);
        return value;
    }

private:
    // Both counters are monotonic and, with 64 bits, never wrap. Each has a cache line of its own
    // to avoid false sharing (64 bytes on x86 and on the cores of the Raspberry Pi).
    static constexpr std::size_t cache_line_bytes = 64;

    alignas(cache_line_bytes) std::atomic<std::uint64_t> pushed_{0};
    alignas(cache_line_bytes) std::atomic<std::uint64_t> popped_{0};
    alignas(cache_line_bytes) std::array<Value, capacity> values_{};
};

} // namespace ringcast::container
