#include "draw/pattern_block.hpp"

#include <array>
#include <cstddef>

#include "base/assert.hpp"

namespace ringcast::draw {

namespace {

constexpr std::size_t payload_bytes = 4 + 8;
constexpr std::size_t block_bytes = payload_bytes + 2;
static_assert(block_bytes * 8 == pattern_block_columns * pattern_block_rows);
using BlockBytes = std::array<std::uint8_t, block_bytes>;

template <typename Number>
void store(BlockBytes& bytes, std::size_t at, Number number) noexcept {
    for (std::size_t i = sizeof(Number); i-- > 0;) {
        bytes[at + i] = static_cast<std::uint8_t>(number);
        number = static_cast<Number>(number >> 8U);
    }
}

template <typename Number>
Number load(const BlockBytes& bytes, std::size_t at) noexcept {
    Number number = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        number = static_cast<Number>((number << 8U) | bytes[at + i]);
    }
    return number;
}

/// CRC-16/CCITT-FALSE of the payload; in Python binascii.crc_hqx(payload, 0xFFFF).
std::uint16_t checksum(const BlockBytes& bytes) noexcept {
    std::uint32_t crc = 0xFFFF;
    for (std::size_t i = 0; i < payload_bytes; ++i) {
        crc ^= static_cast<std::uint32_t>(bytes[i]) << 8U;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
        }
    }
    return static_cast<std::uint16_t>(crc);
}

/// Position of a bit: index of its byte, and mask within the byte.
struct BitPlace {
    std::size_t byte;
    unsigned mask;
};
constexpr BitPlace bit_place(int column, int row) noexcept {
    const auto bit = static_cast<unsigned>(row * pattern_block_columns + column);
    return {bit / 8, 0x80U >> (bit % 8)};
}

/// Middle of a column or row of cells, pixels from the picture's edge.
constexpr int cell_middle(int index, int cell) noexcept {
    return (index + 1) * cell + cell / 2;
}

} // namespace

void draw_pattern_block(Picture& picture, const PatternBlock& block) noexcept {
    const int cell = pattern_block_cell(picture.width(), picture.height());
    if (cell == 0) {
        return;
    }
    BlockBytes bytes{};
    store(bytes, 0, block.sequence);
    store(bytes, 4, block.captured_us);
    store(bytes, payload_bytes, checksum(bytes));

    fill(picture, {0, 0, (pattern_block_columns + 2) * cell, (pattern_block_rows + 2) * cell}, {});
    for (int row = 0; row < pattern_block_rows; ++row) {
        for (int column = 0; column < pattern_block_columns; ++column) {
            const BitPlace place = bit_place(column, row);
            if ((bytes[place.byte] & place.mask) != 0) {
                fill_luma(picture, {(column + 1) * cell, (row + 1) * cell, cell, cell}, 255);
            }
        }
    }
}

std::optional<PatternBlock> read_pattern_block(std::span<const std::uint8_t> rgb, int width,
                                               int height) noexcept {
    RINGCAST_ASSERT(rgb.size() ==
                    std::size_t{3} * static_cast<unsigned>(width) * static_cast<unsigned>(height));
    const int cell = pattern_block_cell(width, height);
    if (cell == 0) {
        return std::nullopt;
    }
    BlockBytes bytes{};
    for (int row = 0; row < pattern_block_rows; ++row) {
        for (int column = 0; column < pattern_block_columns; ++column) {
            // Reads the green value of the pixel in the middle; the cells are grey.
            const auto x = static_cast<std::size_t>(cell_middle(column, cell));
            const auto y = static_cast<std::size_t>(cell_middle(row, cell));
            if (rgb[3 * (y * static_cast<std::size_t>(width) + x) + 1] >= 128) {
                const BitPlace place = bit_place(column, row);
                bytes[place.byte] = static_cast<std::uint8_t>(bytes[place.byte] | place.mask);
            }
        }
    }
    if (load<std::uint16_t>(bytes, payload_bytes) != checksum(bytes)) {
        return std::nullopt;
    }
    return PatternBlock{load<std::uint32_t>(bytes, 0), load<std::uint64_t>(bytes, 4)};
}

} // namespace ringcast::draw
