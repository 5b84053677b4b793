#pragma once
// Decides when a producer (a program, another server) has delivered no frame for so long that it is
// restarted. No I/O, no clock.
//
// The patience starts at the configured timeout. It doubles, up to `patience_max`, each time that a
// producer is restarted after it had delivered frames: it may be a timelapse whose frames are
// further apart. It returns to the timeout when frames have arrived for `settle_time` without a
// longer gap, so that a camera that hangs once a day does not take longer each time.

#include <algorithm>
#include <chrono>

#include "base/time.hpp"

namespace ringcast::source {

class SilenceWatch {
public:
    static constexpr Duration patience_max = std::chrono::minutes(5);
    /// As long as patience_max, so that bursts of frames with gaps up to that do not end it.
    static constexpr Duration settle_time = patience_max;

    /// A timeout of 0 disables the watch.
    explicit SilenceWatch(Duration timeout) noexcept : timeout_(timeout), patience_(timeout) {}

    /// A run of the producer begins.
    void begin(Instant now) noexcept {
        had_frame_ = false;
        last_ = now;
    }
    void on_frame(Instant now) noexcept {
        if (!had_frame_ || now - last_ > timeout_) {
            steady_since_ = now;
        }
        if (now - steady_since_ >= settle_time) {
            patience_ = timeout_;
        }
        had_frame_ = true;
        last_ = now;
    }
    /// The producer could not deliver, for a reason that is not its own: the time counts from now.
    void excuse(Instant now) noexcept { last_ = now; }
    /// The producer is restarted for its silence. Returns the patience that was exhausted.
    Duration on_restart() noexcept {
        const Duration exhausted = patience_;
        if (had_frame_) {
            patience_ = std::max(timeout_, std::min(2 * patience_, patience_max));
        }
        return exhausted;
    }

    /// When the producer is restarted unless a frame arrives before; `never` if disabled.
    [[nodiscard]] Instant deadline() const noexcept {
        return timeout_ > Duration::zero() ? last_ + patience_ : never;
    }

private:
    Duration timeout_;
    Duration patience_;
    bool had_frame_ = false; ///< in this run
    Instant last_{};         ///< the last frame, or what restarted the count
    Instant steady_since_{}; ///< of this run: no gap longer than the timeout since
};

} // namespace ringcast::source
