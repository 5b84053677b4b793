#pragma once
// Draws text into pictures: printable ASCII, at any integer scale. Every other character is drawn as a
// question mark.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "draw/picture.hpp"
#include "font/font.hpp"

namespace ringcast::draw {

using font::glyph_advance;
using font::glyph_height;
using font::glyph_width;

/// Width in pixels, without the gap behind the last character.
[[nodiscard]] int text_width(std::string_view text, int scale) noexcept;

/// Changes luma only, so the background should be grey. `x` and `y` are the left and the upper
/// edge; text outside the picture is clipped.
void draw_text(Picture& picture, int x, int y, int scale, std::string_view text,
               std::uint8_t luma) noexcept;

/// Breaks lines at spaces, and within words that are longer than a line of `columns` characters.
[[nodiscard]] std::vector<std::string_view> wrap_text(std::string_view text, std::size_t columns);

} // namespace ringcast::draw
