#include "camera/frame_order.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::camera {

void FrameOrder::begin(std::size_t buffers) noexcept {
    constexpr std::size_t buffers_max = 64; // bits in `seen_`
    RINGCAST_ASSERT(buffers > 0);
    RINGCAST_ASSERT(buffers <= buffers_max);
    buffers_ = buffers;
    counting_ = false;
}

/// After a damaged frame uvcvideo queues its buffer behind the others. Frames are completed in the
/// order of buffers, so numbers and times run backwards for a moment (0 1 6 3 4 7). A frame can't
/// be overtaken by more frames than the camera has buffers: if more seem to be out of order, the
/// driver has restarted its numbers.
bool FrameOrder::in_order(std::uint32_t sequence, Instant captured_at) noexcept {
    const bool first = !std::exchange(counting_, true);
    const auto ahead = static_cast<std::int32_t>(sequence - newest_);
    const bool late = (!first && ahead <= 0) || captured_at < newest_captured_at_;
    const bool restarted = late && late_in_a_row_ >= buffers_;
    if (first || restarted) {
        newest_ = sequence;
        seen_ = ~std::uint64_t{0};
    } else {
        count_gaps(sequence);
    }
    if (late && !restarted) {
        ++late_in_a_row_;
        ++overtaken_;
        return false;
    }
    late_in_a_row_ = 0;
    newest_captured_at_ = captured_at;
    return true;
}

/// A frame counts as dropped once it can't arrive any more: once as many later frames have arrived
/// as the camera has buffers.
void FrameOrder::count_gaps(std::uint32_t sequence) noexcept {
    const auto ahead = static_cast<std::int32_t>(sequence - newest_);
    const auto window = static_cast<std::int32_t>(buffers_);
    if (ahead <= 0) {
        if (-ahead < window) {
            seen_ |= std::uint64_t{1} << static_cast<unsigned>(-ahead);
        }
        return;
    }
    for (std::int32_t step = 0; step < std::min(ahead, window); ++step) {
        gaps_ += 1 - ((seen_ >> static_cast<unsigned>(window - 1)) & 1U);
        seen_ <<= 1U;
    }
    gaps_ += static_cast<std::uint64_t>(std::max(ahead - window, 0));
    seen_ |= 1U;
    newest_ = sequence;
}

} // namespace ringcast::camera
