#pragma once
// Whether a stream has a signal, and since when it has none. No I/O, no clock: the stream reports
// what its source does, and asks what time makes of it.

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
    explicit Signal(const StreamSettings& settings);

    void start(Instant now) noexcept;
    /// A frame has arrived. Returns the state before.
    StreamState on_frame(Instant now) noexcept;
    /// The source itself reports that it has no picture, so silence until the next frame says
    /// nothing about its usual intervals.
    void note_source_paused() noexcept { paused_by_source_ = true; }
    /// The signal is lost. Returns false when it was lost for the same reason already.
    bool lose(std::string_view reason) noexcept;
    /// The source makes no frames because nobody watches.
    void pause(Instant now) noexcept;
    /// Somebody watches now, or nobody any more.
    void set_watched(bool watched, Instant now) noexcept;
    /// Why the signal counts as lost at `now`; empty when it does not.
    [[nodiscard]] std::string_view overdue(Instant now) const noexcept;
    /// When `overdue` may have an answer; `never` while no frames are expected.
    [[nodiscard]] Instant deadline() const noexcept;

    [[nodiscard]] StreamState state() const noexcept { return state_; }
    /// Frames arrive, or would if anybody watched.
    [[nodiscard]] bool healthy() const noexcept {
        return state_ == StreamState::live || state_ == StreamState::paused;
    }
    /// Empty while the stream is live or paused.
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
    [[nodiscard]] Instant last_frame_at() const noexcept { return last_frame_at_; }
    /// Smoothed time between frames; zero before the second frame.
    [[nodiscard]] Duration period() const noexcept { return period_; }
    /// A live stream's newest frame is no older than frames usually get.
    [[nodiscard]] bool fresh(Instant now) const noexcept {
        return state_ == StreamState::live && now - last_frame_at_ <= silence_bound();
    }

private:
    /// Silence for so long means that the signal is lost.
    [[nodiscard]] Duration silence_bound() const noexcept;

    const StreamSettings& settings_;
    StreamState state_ = StreamState::starting;
    bool watched_ = false;
    bool has_frames_ = false;
    bool paused_by_source_ = false; ///< since the last frame
    std::string reason_;
    Instant started_{};
    Instant last_frame_at_{};
    Instant wanted_since_{};  ///< of a paused source's frames
    Duration period_{};       ///< smoothed
    Duration interval_max_{}; ///< the longest recent interval, silences included
};

} // namespace ringcast::stream
