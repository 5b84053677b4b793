#pragma once
// The idle viewers of one stream that asked for a lower frame rate (?fps=N), by due time: a hashed
// timing wheel (Varghese and Lauck, 1987) of intrusive lists. Adding and removing a viewer and
// releasing all that are due take constant time, however many wait. No I/O, no clock.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/time.hpp"
#include "connection/connection.hpp"
#include "container/intrusive_list.hpp"

namespace ringcast::stream {

class RateSchedule {
public:
    using List = container::IntrusiveList<connection::Connection, connection::ConnectionListTag>;

    /// Due times are rounded down to ticks of 4.2 ms, which is little beside the time between two
    /// frames. The mean rate stays exact: the next due time is counted from the exact one.
    static constexpr int tick_shift = 22;
    static constexpr std::size_t bucket_count = 256; ///< one tick each: 1.07 s

    /// True exactly when a viewer that is due at `due` need not wait any more.
    [[nodiscard]] bool released(Instant due) const noexcept { return tick_of(due) < next_tick_; }

    /// The viewer's due time is not released. If it is beyond the last bucket, the viewer is
    /// released too early, and must be added again.
    void add(connection::Connection& viewer) noexcept {
        const std::int64_t tick = tick_of(viewer.frames().pacing().due());
        RINGCAST_ASSERT(tick >= next_tick_);
        const std::int64_t last = next_tick_ + static_cast<std::int64_t>(bucket_count) - 1;
        const std::size_t bucket = bucket_of(tick < last ? tick : last);
        buckets_[bucket].push_back(viewer);
        occupied_[bucket / word_bits] |= std::uint64_t{1} << bucket % word_bits;
    }

    /// Moves the viewers that are due by `until` to the end of `list`.
    void release(Instant until, List& list) noexcept {
        const std::int64_t end = tick_of(until) + 1;
        std::int64_t tick = next_tick_;
        for (std::size_t i = 0; i < bucket_count && tick < end; ++i, ++tick) {
            const std::size_t bucket = bucket_of(tick);
            list.append(buckets_[bucket]);
            occupied_[bucket / word_bits] &= ~(std::uint64_t{1} << bucket % word_bits);
        }
        next_tick_ = end > next_tick_ ? end : next_tick_;
    }

    /// When the first viewer is due, or was before it left; `never` if there is none.
    [[nodiscard]] Instant next_due() const noexcept {
        // The words are those of the ring, beginning in the middle of one, which is therefore
        // looked at twice.
        const std::size_t first = bucket_of(next_tick_);
        const std::size_t offset = first % word_bits;
        for (std::size_t i = 0; i <= word_count; ++i) {
            const std::size_t index = (first / word_bits + i) % word_count;
            const std::uint64_t ahead = ~std::uint64_t{0} << offset;
            const std::uint64_t mask = i == 0            ? ahead
                                       : i == word_count ? ~ahead
                                                         : ~std::uint64_t{0};
            if (const std::uint64_t word = occupied_[index] & mask; word != 0) {
                const std::size_t bucket =
                    index * word_bits + static_cast<std::size_t>(std::countr_zero(word));
                const std::size_t distance = (bucket - first) % bucket_count;
                return Instant(
                    Duration((next_tick_ + static_cast<std::int64_t>(distance)) << tick_shift));
            }
        }
        return never;
    }

private:
    static constexpr std::size_t word_bits = 64;
    static constexpr std::size_t word_count = bucket_count / word_bits;
    static_assert(std::has_single_bit(bucket_count));

    [[nodiscard]] static std::int64_t tick_of(Instant time) noexcept {
        return time.time_since_epoch().count() >> tick_shift;
    }
    [[nodiscard]] static std::size_t bucket_of(std::int64_t tick) noexcept {
        return static_cast<std::size_t>(tick) % bucket_count;
    }

    std::array<List, bucket_count> buckets_;
    std::array<std::uint64_t, word_count> occupied_{}; ///< buckets that may have viewers
    /// The first tick that is not released. Tick 0 always is: it is the due time of a viewer that
    /// has been sent nothing.
    std::int64_t next_tick_ = 1;
};

} // namespace ringcast::stream
