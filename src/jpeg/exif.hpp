#pragma once
// Reads and writes the Exif orientation, the only Exif field that changes how browsers show a
// picture. No I/O, no allocation.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace ringcast::jpeg {

/// Neither rotated nor mirrored; the default when a picture has no orientation.
inline constexpr std::uint8_t upright = 1;

/// The orientation of the main picture (Exif 2.3, 4.6.4 A: 1 to 8) in the content of an APP1
/// segment; `upright` if the segment contains no valid one or is not Exif.
[[nodiscard]] std::uint8_t read_orientation(ConstByteSpan app1_content) noexcept;

/// Size of an APP1 segment that contains the orientation only, marker and length included.
inline constexpr std::size_t orientation_segment_bytes = 36;
/// Writes such a segment to the beginning of `at`. `orientation` is 1 to 8.
void write_orientation_segment(ByteSpan at, std::uint8_t orientation) noexcept;

} // namespace ringcast::jpeg
