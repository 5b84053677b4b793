#pragma once
// Decides for each frame of a camera whether it is published, without looking at its picture, and
// counts the frames that are not. No I/O, no clock.

#include <cstddef>
#include <cstdint>

#include "camera/captured_frame.hpp"
#include "camera/exposure_settling.hpp"
#include "camera/frame_order.hpp"
#include "camera/rate_limit.hpp"

namespace ringcast::camera {

/// Monotonic, across all openings of the camera.
struct FilterCounters {
    std::uint64_t captured = 0;         ///< whole frames, published or not
    std::uint64_t driver_failed = 0;    ///< damaged frames and refused buffers
    std::uint64_t skipped_for_rate = 0; ///< frames above the configured rate
};

class FrameFilter {
public:
    enum class Verdict : std::uint8_t {
        publish,
        skip,    ///< out of order, too early, or above the configured rate
        damaged, ///< the driver reports an error
        refused, ///< the driver rejected the buffer
    };

    /// A camera with this many buffers has been opened. At most `fps_max` frames per second are
    /// published, all of them if it is 0. With `settles` frames are skipped until exposure has
    /// settled.
    void begin(std::size_t buffers, double fps_max, bool settles) noexcept {
        order_.begin(buffers);
        rate_limit_.begin(fps_max);
        settles ? settling_.begin() : settling_.skip();
    }
    [[nodiscard]] Verdict judge(const CapturedFrame& frame) noexcept;

    /// True exactly when no frame is skipped for its exposure any more.
    [[nodiscard]] bool settled() const noexcept { return settling_.settled(); }
    [[nodiscard]] const FrameOrder& order() const noexcept { return order_; }
    [[nodiscard]] const FilterCounters& counters() const noexcept { return counters_; }

private:
    FrameOrder order_;
    ExposureSettling settling_;
    RateLimit rate_limit_;
    FilterCounters counters_;
};

} // namespace ringcast::camera
