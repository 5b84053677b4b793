#pragma once
// Frames per second that one viewer was sent, measured over windows of some seconds. No clock.

#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::connection {

class FrameRate {
public:
    void begin(Instant now) noexcept { window_begin_ = now; }
    /// `frames`: how many were sent so far. Called from time to time.
    void update(std::uint64_t frames, Instant now) noexcept {
        constexpr Duration window = std::chrono::seconds(2);
        if (now - window_begin_ < window) {
            return;
        }
        const double seconds = std::chrono::duration<double>(now - window_begin_).count();
        per_second_ = static_cast<double>(frames - window_frames_) / seconds;
        window_begin_ = now;
        window_frames_ = frames;
    }
    /// Zero until the first window is over.
    [[nodiscard]] double per_second() const noexcept { return per_second_; }

private:
    Instant window_begin_{};
    std::uint64_t window_frames_ = 0; ///< sent before the window began
    double per_second_ = 0;
};

} // namespace ringcast::connection
