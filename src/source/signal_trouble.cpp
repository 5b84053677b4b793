#include "source/signal_trouble.hpp"

#include <algorithm>

namespace ringcast::source {

void SignalTrouble::begin(Instant now) noexcept {
    on_good_frame(now);
    had_good_frame_ = false;
}

void SignalTrouble::on_good_frame(Instant now) noexcept {
    had_good_frame_ = true;
    last_good_ = now;
    bad_frames_ = 0;
    junk_bytes_ = 0;
    worst_ = Kind::none;
    reported_ = Kind::none;
}

void SignalTrouble::on_damaged_frame() noexcept {
    ++bad_frames_;
    note(Kind::damaged);
}

void SignalTrouble::on_oversized_frame(std::size_t bytes) noexcept {
    ++bad_frames_;
    oversized_bytes_ = bytes;
    note(Kind::oversized);
}

void SignalTrouble::on_skipped_bytes(std::uint64_t bytes) noexcept {
    junk_bytes_ += bytes;
    note(Kind::not_jpeg);
}

void SignalTrouble::note(Kind kind) noexcept {
    worst_ = std::max(worst_, kind);
}

bool SignalTrouble::certain() const noexcept {
    return !had_good_frame_ || bad_frames_ >= bad_frames_min || junk_bytes_ >= junk_bytes_min;
}

Instant SignalTrouble::due() const noexcept {
    return last_good_ + (worst_ == Kind::oversized ? oversized_time_max : silence_time_max);
}

std::optional<SignalTrouble::Kind> SignalTrouble::take_report(Instant now) noexcept {
    if (now < due() || !certain()) {
        return std::nullopt;
    }
    note(Kind::silent);
    if (reported_ >= worst_) {
        return std::nullopt;
    }
    reported_ = worst_;
    return worst_;
}

Instant SignalTrouble::deadline() const noexcept {
    return !had_good_frame_ && reported_ == Kind::none ? due() : never;
}

} // namespace ringcast::source
