#include "stream/signal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/printable.hpp"

namespace ringcast::stream {

namespace {

/// A new interval weighs this much in the smoothed period.
constexpr int period_smoothing = 8;
/// Usual intervals without a frame until the signal counts as lost.
constexpr int silent_intervals_max = 4;
/// Intervals are similar when the longer one is at most so many times the shorter one: sources with
/// one frame a minute, such as timelapse scripts, are rarely exact.
constexpr int similar_ratio_max = 2;
/// Longer reasons are cut.
constexpr std::size_t reason_bytes_max = 256;

} // namespace

std::string_view stream_state_name(StreamState state) noexcept {
    switch (state) {
    case StreamState::starting:
        return "starting";
    case StreamState::live:
        return "live";
    case StreamState::lost:
        return "lost";
    case StreamState::paused:
        return "resting";
    }
    return {};
}

Signal::Signal(const StreamSettings& settings, Duration period_expected)
    : settings_(settings), interval_usual_max_(period_expected) {
    // Allocated now, so that the loss of a signal allocates nothing.
    reason_.reserve(reason_bytes_max);
}

void Signal::start(Instant now) noexcept {
    started_ = now;
    last_frame_at_ = now;
}

StreamState Signal::on_frame(Instant now) noexcept {
    const StreamState before = std::exchange(state_, StreamState::live);
    const Duration interval = now - last_frame_at_;
    if (before != StreamState::live) {
        ++changes_;
        reason_.clear();
    } else if (period_ == Duration::zero()) {
        period_ = interval;
    } else {
        period_ += (interval - period_) / period_smoothing;
    }
    if (has_frames_ && !paused_by_source_) {
        learn_interval(interval, before == StreamState::lost);
    }
    has_frames_ = true;
    paused_by_source_ = awaited_ = false;
    last_frame_at_ = now;
    return before;
}

/// One long interval may be an outage, after which a frozen picture must not count as live for any
/// longer than before. Two similar ones in a row are how the stream is: a source with one frame a
/// minute keeps its signal from its third frame on.
void Signal::learn_interval(Duration interval, bool lost) noexcept {
    const Duration shorter = std::min(interval, interval_before_);
    const bool repeated = std::max(interval, interval_before_) <= similar_ratio_max * shorter;
    const bool first_known = interval_usual_max_ == Duration::zero() && !lost;
    if (interval <= interval_usual_max_) {
        interval_usual_max_ -= (interval_usual_max_ - interval) / period_smoothing;
    } else if (first_known) {
        interval_usual_max_ = interval;
    } else if (repeated) {
        interval_usual_max_ = std::max(interval_usual_max_, shorter);
    }
    interval_before_ = interval;
}

bool Signal::lose(std::string_view reason) noexcept {
    std::array<char, reason_bytes_max> text{};
    const std::size_t length = reason.copy(text.data(), text.size());
    const std::string_view shown(text.data(), make_printable({text.data(), length}));
    if (state_ == StreamState::lost && reason_ == shown) {
        return false;
    }
    ++changes_;
    state_ = StreamState::lost;
    reason_.assign(shown);
    return true;
}

void Signal::pause(Instant now) noexcept {
    paused_by_source_ = true;
    changes_ += state_ == StreamState::paused ? 0 : 1;
    state_ = StreamState::paused;
    reason_.clear();
    wanted_since_ = now;
}

void Signal::set_watched(bool watched, Instant now) noexcept {
    watched_ = watched;
    wanted_since_ = now;
}

Duration Signal::silence_bound() const noexcept {
    // After the first frame of a source of unknown rate: it may be a slow one.
    const bool first_interval = state_ == StreamState::live &&
                                interval_usual_max_ == Duration::zero() &&
                                interval_before_ == Duration::zero();
    return std::max((first_interval ? 2 : 1) * settings_.silence_max,
                    silent_intervals_max * interval_usual_max_);
}

Instant Signal::deadline() const noexcept {
    switch (state_) {
    case StreamState::starting:
        return started_ + settings_.first_frame_wait;
    case StreamState::live:
        return last_frame_at_ + silence_bound();
    case StreamState::paused:
        return watched_ ? wanted_since_ + silence_bound() : never;
    case StreamState::lost:
        return never;
    }
    return never;
}

std::string_view Signal::overdue(Instant now) const noexcept {
    if (now < deadline()) {
        return {};
    }
    return state_ == StreamState::starting ? "no picture has come yet" : "no picture for a while";
}

} // namespace ringcast::stream
