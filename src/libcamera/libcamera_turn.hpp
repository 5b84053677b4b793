#pragma once
// Converts between libcamera's orientation of pictures and ringcast's turns.

#include <libcamera/orientation.h>

#include "base/picture_turn.hpp"

namespace ringcast::capture {

/// Of pictures that were turned like this.
[[nodiscard]] libcamera::Orientation orientation_of(const PictureTurn& turn) noexcept;
/// What makes pictures with orientation `to` of those with `from`.
[[nodiscard]] PictureTurn turn_between(libcamera::Orientation from,
                                       libcamera::Orientation to) noexcept;

} // namespace ringcast::capture
