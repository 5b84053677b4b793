#pragma once
// Draws a text into a raw picture, such as the time of capture. No I/O.

#include <string>

#include "base/time.hpp"
#include "config/overlay_config.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

/// The text at this time in the local time zone.
[[nodiscard]] std::string overlay_text(const config::OverlayConfig& overlay, WallTime captured);

/// Writes into the memory of `picture`, which its owner must have mapped for writing: white letters on a
/// darkened background, as large as befits the height of the picture, and smaller if the text is too
/// long for its width. What does not fit at the smallest size is cut off. `picture` has no `problem_of`.
void draw_overlay(const RawPicture& picture, const config::OverlayConfig& overlay,
                  WallTime captured) noexcept;

} // namespace ringcast::encode
