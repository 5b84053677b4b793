#pragma once
// Selects frames of a camera whose frame rate is higher than the configured one. No I/O, no clock:
// the times are those of the frames.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace ringcast::camera {

class RateLimit {
public:
    /// The camera has been opened. At most `fps` frames per second pass; 0: all of them.
    void begin(double fps) noexcept {
        period_ns_ = fps > 0 ? 1e9 / fps : 0;
        begun_ = false;
    }

    /// True exactly when the frame passes: when it is the first one at or after a due time. Due
    /// times are multiples of the period after the first frame, so that the mean rate is exact for
    /// any rate of the camera. Due times at which no frame arrived are left out.
    [[nodiscard]] bool take(Instant captured_at) noexcept {
        if (period_ns_ == 0) {
            return true;
        }
        if (!begun_) {
            begun_ = true;
            first_ = captured_at;
            due_ = 0;
        }
        const double periods = static_cast<double>((captured_at - first_).count()) / period_ns_;
        // The frames of a camera with exactly this rate jitter around the due times: keep them all.
        constexpr double early_max = 0.25;
        if (periods < due_ - early_max) {
            return false;
        }
        // One late frame is compensated for, several are not.
        due_ = std::max(due_ + 1, std::floor(periods));
        return true;
    }

private:
    double period_ns_ = 0; ///< 0: no limit
    bool begun_ = false;
    Instant first_{};
    double due_ = 0; ///< whole periods since the first frame
};

/// How a configured frame rate is achieved.
struct RatePlan {
    double limit = 0; ///< for RateLimit
    std::string note; ///< for the log; empty if the camera has the configured rate
};

/// `actual`: the camera's own rate; none if it can't be set and isn't known.
[[nodiscard]] RatePlan plan_rate(double wanted, std::optional<double> actual);

} // namespace ringcast::camera
