#pragma once
// Which frames of a camera that makes more than are asked for are passed on. Pure: time is the
// frames' own.

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "base/time.hpp"

namespace ringcast::camera {

class RateLimit {
public:
    /// The camera has been opened. `fps` are passed on at most; 0: all are.
    void begin(double fps) noexcept {
        period_ns_ = fps > 0 ? 1e9 / fps : 0;
        begun_ = false;
    }

    /// A frame has come. True exactly when it is passed on: the first at or after its due time.
    /// Due times are one period apart, all reckoned from the first frame, so that the rate is kept
    /// in the mean, whatever the camera's is; where frames failed to come, due times are left out.
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
        // A camera of exactly this rate trembles about its due times, and is to lose nothing.
        constexpr double early_max = 0.25;
        if (periods < due_ - early_max) {
            return false;
        }
        // One that came late is made up for, more are not.
        due_ = std::max(due_ + 1, std::floor(periods));
        return true;
    }

private:
    double period_ns_ = 0; ///< 0: no limit
    bool begun_ = false;
    Instant first_{};
    double due_ = 0; ///< whole periods since the first frame
};

/// What comes of a rate that is asked for.
struct RatePlan {
    double limit = 0; ///< for RateLimit
    std::string note; ///< for the log; empty when the camera does what it was asked
};

/// `made`: the camera's own rate; nothing where it can't be set and isn't known.
[[nodiscard]] RatePlan plan_rate(double asked, std::optional<double> made);

} // namespace ringcast::camera
