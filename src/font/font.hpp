#pragma once
// The font for text in pictures: printable ASCII, 5 by 7 pixels. Knows no picture.

#include <array>
#include <cstdint>

namespace ringcast::font {

inline constexpr int glyph_width = 5;
inline constexpr int glyph_height = 7;
inline constexpr int glyph_advance = 6; ///< from one character to the next

/// Lines from the top; bit 4 is the leftmost of five pixels.
using Glyph = std::array<std::uint8_t, glyph_height>;

[[nodiscard]] bool has_glyph(char character) noexcept;
/// Of a character that has none, that of the question mark.
[[nodiscard]] const Glyph& glyph_of(char character) noexcept;

/// Whether a line of a glyph has a pixel in this column.
[[nodiscard]] constexpr bool has_pixel(std::uint8_t line, int column) noexcept {
    return (line & (0x10U >> static_cast<unsigned>(column))) != 0;
}

} // namespace ringcast::font
