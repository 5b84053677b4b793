#pragma once
// Statistics of a stream's frames for the status. Plain numbers.

#include <cstdint>
#include <string>

#include "frame/slot.hpp"
#include "metrics/histogram.hpp"
#include "stream/loss_counts.hpp"

namespace ringcast::stream {

/// Where the time of a stream's frames goes.
struct FrameTimes {
    metrics::TimeHistogram arrival; ///< from capture until the stream has the frame
    metrics::TimeHistogram send;    ///< from the start of a send until its bytes are in the socket
    metrics::TimeHistogram latency; ///< from capture to the end of a send
    /// Of the newest frame that a viewer's kernel has: some of the viewers, several times a second.
    metrics::TimeHistogram delivered_age;
};

/// What was made for one rendition of a stream, since the stream began.
struct RenditionTotals {
    std::string name;
    std::uint64_t made = 0;
    std::uint64_t of_raw = 0;       ///< frames that were made of the raw picture, not the JPEG
    std::uint64_t missed = 0;       ///< a newer frame had come before a worker was idle
    std::uint64_t without_slot = 0; ///< viewers held all slots
    std::uint64_t damaged = 0;      ///< the frame could not be decoded
    std::uint64_t oversized = 0;    ///< the smaller picture was larger than its slot
    std::uint64_t failed = 0;       ///< no memory or no thread was available
    metrics::TimeHistogram work;    ///< time that a worker took for a frame
};

struct FrameStatistics {
    std::uint16_t width = 0; ///< pixels, of the newest frame
    std::uint16_t height = 0;
    std::uint64_t frames = 0;
    std::uint64_t bytes_last = 0;
    std::uint64_t bytes_total = 0;
    double bytes_smoothed = 0.0; ///< of the newest frames
    FrameTimes times;
    LossCounts losses; ///< of a picture that was there

    void add(const frame::FrameInfo& info) noexcept {
        width = info.width;
        height = info.height;
        bytes_last = info.jpeg_bytes;
        bytes_total += info.jpeg_bytes;
        constexpr double weight = 0.1;
        const double difference = static_cast<double>(info.jpeg_bytes) - bytes_smoothed;
        bytes_smoothed += frames == 0 ? difference : difference * weight;
        ++frames;
    }
    [[nodiscard]] std::uint64_t bytes_mean() const noexcept {
        return frames == 0 ? 0 : bytes_total / frames;
    }
};

} // namespace ringcast::stream
