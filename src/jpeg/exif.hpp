#pragma once
// The one thing in Exif that changes how browsers show a picture: which way is up. Pure.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace ringcast::jpeg {

/// What turns and mirrors nothing, and what holds where nothing is said.
inline constexpr std::uint8_t upright = 1;

/// The orientation (Exif 2.3, 4.6.4 A: 1 to 8) that an APP1 segment's content tells of the main
/// picture; upright where it tells none, or is no Exif.
[[nodiscard]] std::uint8_t read_orientation(ConstByteSpan app1_content) noexcept;

/// A segment that tells nothing else, with its marker and length.
inline constexpr std::size_t orientation_segment_bytes = 36;
/// Writes it to the beginning of `at`. `orientation` is 1 to 8.
void write_orientation_segment(ByteSpan at, std::uint8_t orientation) noexcept;

} // namespace ringcast::jpeg
