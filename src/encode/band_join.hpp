#pragma once
// One JPEG out of several that each hold a horizontal band of a picture. Pure.
//
// A restart marker ends a row of MCUs as the end of a scan does: the bits are filled up to a byte
// and prediction begins anew. So the picture data of bands that were encoded apart can follow one
// another with restart markers between them, when the header says so (ITU-T T.81, B.2.4.4 and
// E.1.4).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

struct BandPlan {
    int count = 1;
    int lines = 0;                 ///< of every band but the last, which may have fewer
    unsigned restart_interval = 0; ///< the MCUs of such a band; 0 for one band
};

/// How to share a picture out among `workers`, at least 1: into whole rows of MCUs, as evenly as
/// that goes. One band where more make no JPEG.
[[nodiscard]] BandPlan plan_bands(PixelFormat format, int width, int height, int workers) noexcept;

/// What one band's share of a picture is.
[[nodiscard]] RawPicture band_of(const RawPicture& picture, const BandPlan& plan,
                                 int index) noexcept;

struct JoinedBands {
    std::size_t bytes = 0;
    std::size_t bytes_moved = 0; ///< of the later bands
};

/// `into` begins with the first band, `first_bytes` long, whose header has the plan's restart
/// interval. The `later` ones, JPEGs of the same settings, go behind it, and the picture's `height`
/// into the header. None when that does not fit, and then what is in `into` is no JPEG.
[[nodiscard]] std::optional<JoinedBands> join_bands(ByteSpan into, std::size_t first_bytes,
                                                    std::span<const ConstByteSpan> later,
                                                    int height) noexcept;

} // namespace ringcast::encode
