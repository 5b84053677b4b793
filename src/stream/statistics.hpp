#pragma once
// Statistics of a stream's frames for the status. Plain numbers.

#include <cstdint>

#include "frame/slot.hpp"
#include "metrics/histogram.hpp"

namespace ringcast::stream {

struct FrameStatistics {
    std::uint16_t width = 0; ///< pixels, of the newest frame
    std::uint16_t height = 0;
    std::uint64_t frames = 0;
    std::uint64_t bytes_last = 0;
    std::uint64_t bytes_total = 0;
    metrics::LatencyHistogram latency; ///< from capture to the end of a send

    void add(const frame::FrameInfo& info) noexcept {
        width = info.width;
        height = info.height;
        bytes_last = info.jpeg_bytes;
        bytes_total += info.jpeg_bytes;
        ++frames;
    }
    [[nodiscard]] std::uint64_t bytes_mean() const noexcept {
        return frames == 0 ? 0 : bytes_total / frames;
    }
};

} // namespace ringcast::stream
