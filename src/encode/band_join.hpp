#pragma once
// Joins several JPEGs, each of a horizontal band of a picture, into one. No I/O, no threads.
//
// At a restart marker, as at the end of a scan, the bits are padded to a whole byte and the DC
// prediction is reset. Therefore the scan data of bands that were encoded separately can be joined
// with restart markers between them, if the header has the restart interval (ITU-T T.81, B.2.4.4
// and E.1.4).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

struct BandPlan {
    int count = 1;
    int lines = 0;                 ///< of each band; the last may have fewer
    unsigned restart_interval = 0; ///< MCUs of a band; 0 when there is only one band
};

/// Divides a picture among `workers`, at least 1, into bands of whole rows of MCUs, as evenly as
/// possible. Plans one band where the restart interval of several would not fit its 16 bits.
[[nodiscard]] BandPlan plan_bands(PixelFormat format, int width, int height, int workers) noexcept;

/// The part of a picture that band `index` covers.
[[nodiscard]] RawPicture band_of(const RawPicture& picture, const BandPlan& plan,
                                 int index) noexcept;

struct JoinedBands {
    std::size_t bytes = 0;
    std::size_t bytes_moved = 0; ///< scan data of the later bands
};

/// `into` begins with the JPEG of the first band, `first_bytes` long, whose header has the plan's
/// restart interval. Appends the scan data of the `later` bands, JPEGs with the same settings, and
/// writes the picture's `height` into the header. None when `into` is too small; its contents are
/// then undefined.
[[nodiscard]] std::optional<JoinedBands> join_bands(ByteSpan into, std::size_t first_bytes,
                                                    std::span<const ConstByteSpan> later,
                                                    int height) noexcept;

} // namespace ringcast::encode
