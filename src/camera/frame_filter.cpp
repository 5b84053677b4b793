#include "camera/frame_filter.hpp"

namespace ringcast::camera {

FrameFilter::Verdict FrameFilter::judge(const CapturedFrame& frame) noexcept {
    if (frame.refused) {
        ++counters_.driver_failed;
        return Verdict::refused;
    }
    // Damaged frames have sequence numbers, too: without them they would be counted as dropped.
    const bool in_order = order_.in_order(frame.sequence, frame.captured_at);
    if (!frame.whole) {
        ++counters_.driver_failed;
        return Verdict::damaged;
    }
    ++counters_.captured;
    if (!in_order || !settling_.take(frame.captured_at, frame.exposure_settled) || frame.startup) {
        return Verdict::skip;
    }
    if (!rate_limit_.take(frame.captured_at)) {
        ++counters_.skipped_for_rate;
        return Verdict::skip;
    }
    return Verdict::publish;
}

} // namespace ringcast::camera
