#pragma once
// The state of a stream's signal, derived from reports of its source and from the time since the
// last frame. No I/O, no clock: the stream passes both.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "stream/settings.hpp"

namespace ringcast::stream {

enum class StreamState : std::uint8_t {
    starting, ///< no frame has arrived yet
    live,
    lost,
    paused, ///< the source makes no frames because nobody watches
};
/// As status and metrics spell it. A paused stream is called "resting" there.
[[nodiscard]] std::string_view stream_state_name(StreamState state) noexcept;

class Signal {
public:
    /// `period_expected`: time between two frames according to the configuration; zero: unknown.
    Signal(const StreamSettings& settings, Duration period_expected);

    void start(Instant now) noexcept;
    /// A frame has arrived. Returns the state before.
    StreamState on_frame(Instant now) noexcept;
    /// The source itself reports that it has no picture, so the interval until the next frame does
    /// not count as one of its usual intervals.
    void note_source_paused() noexcept {
        paused_by_source_ = true;
        awaited_ = false;
    }
    /// As `note_source_paused`, by a source that has just begun.
    void note_source_started() noexcept { paused_by_source_ = awaited_ = true; }
    /// The signal is lost. Returns false when it was lost for the same reason already.
    bool lose(std::string_view reason) noexcept;
    /// The source makes no frames because nobody watches.
    void pause(Instant now) noexcept;
    /// Whether anybody watches the stream has changed.
    void set_watched(bool watched, Instant now) noexcept;
    /// The reason why the signal counts as lost at `now`; empty if it does not.
    [[nodiscard]] std::string_view overdue(Instant now) const noexcept;
    /// Earliest time at which `overdue` may return a reason; `never` while no frames are expected.
    [[nodiscard]] Instant deadline() const noexcept;

    [[nodiscard]] StreamState state() const noexcept { return state_; }
    /// How often the state or the reason has changed.
    [[nodiscard]] std::uint32_t changes() const noexcept { return changes_; }
    /// True if frames arrive, or would arrive if anybody watched.
    [[nodiscard]] bool healthy() const noexcept {
        return state_ == StreamState::live || state_ == StreamState::paused;
    }
    /// True while the first frame since the source began, or since it paused, is awaited and the
    /// source has reported no problem.
    [[nodiscard]] bool starting() const noexcept {
        if (state_ == StreamState::paused) {
            return watched_;
        }
        return awaited_ || (!has_frames_ && !paused_by_source_);
    }
    /// Empty while the stream is live or paused.
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
    [[nodiscard]] Instant last_frame_at() const noexcept { return last_frame_at_; }
    /// Smoothed time between frames; zero before the second frame.
    [[nodiscard]] Duration period() const noexcept { return period_; }
    /// True if the stream is live and its newest frame is not older than `silence_bound`.
    [[nodiscard]] bool fresh(Instant now) const noexcept {
        return state_ == StreamState::live && now - last_frame_at_ <= silence_bound();
    }

private:
    /// Silence for so long means that the signal is lost.
    [[nodiscard]] Duration silence_bound() const noexcept;
    /// `lost`: the signal counted as lost before the frame that ended the interval.
    void learn_interval(Duration interval, bool lost) noexcept;

    const StreamSettings& settings_;
    StreamState state_ = StreamState::starting;
    std::uint32_t changes_ = 0;
    bool watched_ = false;
    bool has_frames_ = false;
    bool paused_by_source_ = false; ///< since the last frame
    bool awaited_ = false;          ///< the source has begun, and reported nothing since
    std::string reason_;
    Instant started_{};
    Instant last_frame_at_{};
    Instant wanted_since_{}; ///< paused source: since when somebody has been watching
    Duration period_{};      ///< smoothed
    /// The longest interval that is usual for the stream: the configured one at first; zero while
    /// none is known.
    Duration interval_usual_max_;
    Duration interval_before_{}; ///< the one before the newest frame, outages included
};

} // namespace ringcast::stream
