#pragma once
// The test pattern with a sensor's noise, as a camera's raw picture: what the encoder is timed on.
// Flat colours would be encoded unrealistically fast.

#include <cstdint>
#include <vector>

#include "config/config.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::app {

struct OwnedPicture {
    encode::RawPicture picture; ///< refers to `planes`
    std::vector<std::vector<std::uint8_t>> planes;
};

/// `count` pictures, a tenth of a second apart. `format` is yuv420 or yuyv; `size` is even.
[[nodiscard]] std::vector<OwnedPicture> noisy_pattern(config::PictureSize size,
                                                      encode::PixelFormat format, int count);

} // namespace ringcast::app
