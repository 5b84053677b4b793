#pragma once
// What is done to the pictures of a stream before viewers see them, and what it costs: plain data for
// status.

#include <cstdint>
#include <string_view>

#include "base/picture_turn.hpp"
#include "metrics/histogram.hpp"

namespace ringcast::source {

struct PictureStatus {
    PictureTurn turn;     ///< as configured
    bool overlay = false; ///< a text is drawn into them
    /// Who turns them, or how: "camera", "raw" (before they are encoded), "lossless", "recompressed";
    /// static text. Empty before the first frame.
    std::string_view how;
    // Counters of what is done by ringcast itself. Monotonic.
    std::uint64_t made = 0;
    std::uint64_t lossless = 0;     ///< of `made`
    std::uint64_t missed = 0;       ///< a newer frame had come before the worker was idle
    std::uint64_t without_slot = 0; ///< viewers held all slots
    std::uint64_t damaged = 0;      ///< the frame could not be decoded
    std::uint64_t oversized = 0;    ///< the result was larger than frame_max
    std::uint64_t failed = 0;       ///< no memory or no thread was available
    metrics::TimeHistogram work;    ///< time that a worker took for a frame
};

} // namespace ringcast::source
