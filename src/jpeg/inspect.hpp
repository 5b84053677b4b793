#pragma once
// Checks one JPEG file completely and says what is in it. Pure.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ringcast::jpeg {

struct ImageInfo {
    std::uint16_t width = 0;  ///< pixels
    std::uint16_t height = 0; ///< pixels
    std::uint8_t components = 0;
    bool progressive = false;
    /// False for many a camera's MJPEG, which decoders of files refuse. The tables then belong
    /// right before `scan_offset`.
    bool has_huffman_tables = false;
    std::size_t scan_offset = 0; ///< where the first SOS marker is
    std::size_t bytes = 0;       ///< SOI to EOI; padding may follow
};

/// `file` begins with SOI and holds a whole picture. The error completes "cannot use the picture:
/// ".
[[nodiscard]] Result<ImageInfo> inspect(ConstByteSpan file);

} // namespace ringcast::jpeg
