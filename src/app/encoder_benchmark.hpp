#pragma once
// `ringcast bench-encoder`: measures how fast this machine encodes raw pictures, and says what that
// means for a camera that produces no JPEG itself.

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::app {

struct EncoderTiming {
    config::PictureSize size;
    int workers = 1;
    Duration latency{};           ///< median time from a raw picture to its JPEG
    Duration processor_time{};    ///< per picture, of all workers
    std::uint64_t jpeg_bytes = 0; ///< mean
};

/// Encodes pictures of a noisy 4:2:0 test pattern for `duration`, at least five of them, after one
/// to warm up. Throws std::system_error when a thread can't be started.
[[nodiscard]] EncoderTiming time_encoder(config::PictureSize size, int quality, int workers,
                                         Duration duration);

/// One line of the report.
[[nodiscard]] std::string timing_text(const EncoderTiming& timing);

/// Measures and prints to standard output: `size` with one worker, and with as many as a camera
/// would use here.
void benchmark_encoder(config::PictureSize size, int quality);

} // namespace ringcast::app
