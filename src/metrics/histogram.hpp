#pragma once
// A histogram of times with fixed buckets. Adding a value allocates nothing and takes no lock.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::metrics {

class TimeHistogram {
public:
    /// Upper bounds of the buckets, inclusive; one more bucket counts values above the last. The
    /// range is from half a frame period at 1000 frames/s to delays that are not live any more.
    static constexpr std::array<Duration, 14> bounds = {
        std::chrono::microseconds(500),  std::chrono::milliseconds(1),
        std::chrono::milliseconds(2),    std::chrono::milliseconds(5),
        std::chrono::milliseconds(10),   std::chrono::milliseconds(20),
        std::chrono::milliseconds(50),   std::chrono::milliseconds(100),
        std::chrono::milliseconds(200),  std::chrono::milliseconds(500),
        std::chrono::milliseconds(1000), std::chrono::milliseconds(2000),
        std::chrono::milliseconds(5000), std::chrono::milliseconds(10000),
    };
    static constexpr std::size_t bucket_count = bounds.size() + 1;

    /// A negative time (the wall clock was set back) counts as zero.
    void add(Duration time) noexcept;

    /// The number of values in bucket `index`, not cumulative.
    [[nodiscard]] std::uint64_t count_in(std::size_t index) const noexcept {
        return counts_[index];
    }
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    [[nodiscard]] Duration sum() const noexcept { return sum_; }

private:
    std::array<std::uint64_t, bucket_count> counts_{};
    std::uint64_t count_ = 0;
    Duration sum_{};
};

} // namespace ringcast::metrics
