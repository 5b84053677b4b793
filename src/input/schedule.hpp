#pragma once
// Computes when frames of a fixed rate are due. No I/O, no clock. Each time is computed from the
// beginning, so that errors do not accumulate.

#include <cmath>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::input {

class Schedule {
public:
    /// The first frame is due at `begin`. `fps` is above 0.
    Schedule(double fps, Instant begin) noexcept : period_ns_(1e9 / fps), begin_(begin) {}

    [[nodiscard]] Instant due() const noexcept { return time_of(index_); }

    /// Moves on from the frame that was due: to the next one, or, when the one after that is due as
    /// well, to the latest frame that is due. Returns how many were skipped.
    [[nodiscard]] std::uint64_t advance(Instant now) noexcept {
        const std::uint64_t next = index_ + 1;
        index_ = next;
        if (time_of(next + 1) <= now) {
            const double elapsed_ns = static_cast<double>((now - begin_).count());
            index_ = static_cast<std::uint64_t>(elapsed_ns / period_ns_);
            // The division may be off by one.
            index_ = time_of(index_) > now ? index_ - 1 : index_;
            index_ = index_ < next ? next : index_;
        }
        return index_ - next;
    }

    /// Restarts: the first frame is due at `begin`.
    void restart(Instant begin) noexcept {
        begin_ = begin;
        index_ = 0;
    }

private:
    [[nodiscard]] Instant time_of(std::uint64_t index) const noexcept {
        return begin_ + Duration(std::llround(static_cast<double>(index) * period_ns_));
    }

    double period_ns_;
    Instant begin_;
    std::uint64_t index_ = 0;
};

} // namespace ringcast::input
