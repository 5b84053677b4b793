#pragma once
// The machine-readable block of the test pattern: sequence number and capture time as black and
// white cells that survive JPEG compression, so that a test can tell from decoded pixels which
// frame it sees and how old it is. The format is documented in docs/pattern-block.md.

#include <cstdint>
#include <optional>
#include <span>

#include "draw/picture.hpp"

namespace ringcast::draw {

struct PatternBlock {
    std::uint32_t sequence = 0;    ///< the lower 32 bits
    std::uint64_t captured_us = 0; ///< microseconds since the UNIX epoch

    friend bool operator==(const PatternBlock&, const PatternBlock&) noexcept = default;
};

inline constexpr int pattern_block_columns = 16;
inline constexpr int pattern_block_rows = 7;

/// Width and height in pixels of a cell in a picture of this size; 0 when the block does not fit
/// and is left out.
[[nodiscard]] constexpr int pattern_block_cell(int width, int height) noexcept {
    constexpr int margins = 2;
    if (width >= 1280 && height >= 720) {
        return 16;
    }
    const bool fits = width >= 8 * (pattern_block_columns + margins) &&
                      height >= 8 * (pattern_block_rows + margins);
    return fits ? 8 : 0;
}

/// Draws the cells and a black margin of one cell around them. No-op when they do not fit.
void draw_pattern_block(Picture& picture, const PatternBlock& block) noexcept;

/// `rgb` holds width * height packed pixels of 3 bytes. None when the picture has no block, or the
/// block's checksum is wrong.
[[nodiscard]] std::optional<PatternBlock> read_pattern_block(std::span<const std::uint8_t> rgb,
                                                             int width, int height) noexcept;

} // namespace ringcast::draw
