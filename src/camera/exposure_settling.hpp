#pragma once
// Skips the first frames of a camera that has just been started, which are too dark or too bright,
// until its exposure has settled. No I/O, no clock.

#include <optional>

#include "base/time.hpp"

namespace ringcast::camera {

class ExposureSettling {
public:
    /// Limit of the wait for a camera that reports whether its exposure has settled, and the whole
    /// wait for a camera that does not, such as USB cameras. Values reported by other projects: 5
    /// frames for one camera; 25 for another, of which 10 were still overexposed
    /// (realsenseai/librealsense issue 2269, iot-root/garden-of-eden issue 143). Without
    /// `on_demand` the camera always runs, and frames appear without this wait.
    static constexpr Duration settling_max = std::chrono::seconds(1);

    /// The camera has been started.
    void begin() noexcept { first_.reset(), settled_ = false; }
    /// The camera runs all the time: nothing to wait for.
    void skip() noexcept { settled_ = true; }
    [[nodiscard]] bool settled() const noexcept { return settled_; }

    /// True exactly when the frame may be shown.
    [[nodiscard]] bool take(Instant captured_at, std::optional<bool> exposure_settled) noexcept {
        if (!first_) {
            first_ = captured_at;
        }
        settled_ =
            settled_ || exposure_settled.value_or(false) || captured_at - *first_ >= settling_max;
        return settled_;
    }

private:
    std::optional<Instant> first_;
    bool settled_ = true;
};

} // namespace ringcast::camera
