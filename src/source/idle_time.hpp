#pragma once
// How long a source on demand stays on after its last viewer. A client that asks for a picture from
// time to time, and gives up before the source has started, would never get one if it were
// off again at each of its visits. So after a visit without a frame the source stays on until the
// next one is overdue. No I/O, no clock.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::source {

class IdleTime {
public:
    /// Visits further apart are no rhythm: the source would never be off.
    static constexpr Duration interval_limit = std::chrono::minutes(10);
    /// After a visit without a frame, at least: cameras need some seconds to start.
    static constexpr Duration unserved_min = std::chrono::seconds(10);

    /// `idle_after`: the configured time, which is enough for visitors that get a frame.
    explicit IdleTime(Duration idle_after) noexcept : idle_after_(idle_after) {}

    /// Somebody watches. `frames`: number of frames published so far.
    void on_watched(Instant now, std::uint64_t frames) noexcept {
        frames_before_ = frames;
        if (watched_before_) {
            note_interval(now - watched_at_);
        }
        watched_before_ = true;
        watched_at_ = now;
    }
    /// Nobody watches any more. `works`: the source has no known problem. Returns how long it stays
    /// on.
    [[nodiscard]] Duration on_unwatched(std::uint64_t frames, bool works) noexcept {
        follows_ = follows_ || (works && frames == frames_before_);
        return follows_ ? std::max({idle_after_, unserved_min, interval_ + interval_ / 2})
                        : idle_after_;
    }
    /// The source is stopped because nobody has watched: the visits have ended.
    void on_stopped() noexcept { follows_ = false; }

private:
    /// Grows at once and shrinks slowly, because the visits of several clients alternate.
    void note_interval(Duration interval) noexcept {
        constexpr int smoothing = 8;
        interval_ = interval > interval_limit
                        ? Duration::zero()
                        : std::max(interval, interval_ - (interval_ - interval) / smoothing);
    }

    Duration idle_after_;
    bool watched_before_ = false;
    Instant watched_at_{};
    Duration interval_{}; ///< from one visit to the next; zero if there is no rhythm
    std::uint64_t frames_before_ = 0;
    bool follows_ = false; ///< a visit has ended too early since the source was stopped
};

} // namespace ringcast::source
