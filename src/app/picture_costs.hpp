#pragma once
// Measures for `ringcast doctor` what smaller and turned pictures of a JPEG stream cost on this machine.

#include <cstdint>

#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// Median time of one thread for a frame.
struct PictureCosts {
    config::PictureSize size;     ///< of the stream's pictures
    std::uint64_t jpeg_bytes = 0; ///< of each, mean
    Duration half{};
    Duration quarter{};
    Duration turned{}; ///< by 90 degrees, without loss
};

/// Pictures are a noisy test pattern of 1280x720 pixels in 4:2:0. Each of the three kinds is made for
/// `duration`, at least three times, after one to warm up.
[[nodiscard]] PictureCosts measure_picture_costs(Duration duration);

} // namespace ringcast::app
