#pragma once
// Checks the structure of one whole JPEG and reports its properties. No I/O.

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
    /// False for the MJPEG of many cameras, which ordinary JPEG decoders reject. Missing tables can
    /// be inserted at `scan_offset`.
    bool has_huffman_tables = false;
    std::size_t scan_offset = 0; ///< offset of the first SOS marker
    std::size_t bytes = 0;       ///< SOI to EOI; padding may follow
};

/// `file` is a whole JPEG, from its SOI on; padding may follow. The error says why it is not.
[[nodiscard]] Result<ImageInfo> inspect(ConstByteSpan file);

} // namespace ringcast::jpeg
