#pragma once
// Decides when one viewer is sent its next frame, and counts skipped frames by reason. No I/O, no
// clock.

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/time.hpp"
#include "connection/frame_send.hpp"

namespace ringcast::connection {

class Pacing {
public:
    /// `period_min`: 1/fps of `?fps=N`; zero: every frame.
    void set_period_min(Duration period_min) noexcept { period_min_ = period_min; }
    [[nodiscard]] Duration period_min() const noexcept { return period_min_; }

    // Frames are numbered in the order in which their stream has published them.

    /// The viewer became idle when the stream's newest frame was `latest`.
    void note_idle_from(std::uint64_t latest) noexcept { idle_from_ = latest; }
    /// The viewer watches another stream from now on, whose frames have numbers of their own.
    void begin_again() noexcept { last_ = 0; }
    /// The viewer was deferred while slots were short.
    void note_deferred() noexcept { deferred_ = true; }
    /// The frame with this number, higher than all before, is sent now. Returns the frames that
    /// were skipped since the one before, by reason.
    [[nodiscard]] SkipCounters on_send(std::uint64_t number, Instant now) noexcept {
        const SkipCounters skips = last_ == 0 ? SkipCounters{} : find_skips(number);
        skipped_ += skips;
        last_ = number;
        if (period_min_ > Duration::zero()) {
            due_ = due_ + period_min_ < now ? now : due_;
            due_ += period_min_;
        }
        return skips;
    }

    /// Earliest time of the next send.
    [[nodiscard]] Instant due() const noexcept { return due_; }
    [[nodiscard]] const SkipCounters& skipped() const noexcept { return skipped_; }

private:
    [[nodiscard]] SkipCounters find_skips(std::uint64_t number) noexcept {
        const std::uint64_t missed = number - last_ - 1;
        if (period_min_ > Duration::zero()) {
            return {.rate = missed};
        }
        if (std::exchange(deferred_, false)) {
            return {.memory = missed};
        }
        const std::uint64_t busy_until = std::min(idle_from_, number - 1);
        const std::uint64_t busy = busy_until > last_ ? busy_until - last_ : 0;
        return {.busy = busy, .late = missed - busy};
    }

    Duration period_min_{};
    Instant due_{};
    bool deferred_ = false;
    std::uint64_t last_ = 0; ///< the newest frame that was sent; 0 before the first
    std::uint64_t idle_from_ = 0;
    SkipCounters skipped_;
};

} // namespace ringcast::connection
