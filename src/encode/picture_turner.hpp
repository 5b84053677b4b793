#pragma once
// Rotates and mirrors a picture. No I/O, no threads.

#include "encode/picture_memory.hpp"
#include "encode/picture_transform.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

/// Writes the turned picture to `into`. `from` has no `problem_of`, and is RGB, grey or planar YUV:
/// each sample of a plane is one of a component, or a whole pixel. Transposed 4:2:2 becomes 4:4:0, and
/// the reverse. False when memory is short.
[[nodiscard]] bool turn_picture(const RawPicture& from, const Turn& turn,
                                PictureMemory& into) noexcept;

} // namespace ringcast::encode
