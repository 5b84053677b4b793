#pragma once
// Converts Y, Cb and Cr from a camera's range and matrix to JPEG's: BT.601, full range (JFIF 1.02).
// No I/O, no threads.

#include <cstdint>
#include <span>

#include "encode/raw_picture.hpp"

namespace ringcast::encode {

class ColourTransform {
public:
    ColourTransform(ColourRange range, ColourMatrix matrix) noexcept;

    /// True exactly when the transform changes no sample.
    [[nodiscard]] static bool is_identity(ColourRange range, ColourMatrix matrix) noexcept {
        return range == ColourRange::full && matrix == ColourMatrix::bt601;
    }

    /// Transforms one line in place. `blue` and `red` are as long or half as long, and must not be
    /// transformed yet, because luma depends on the original colour.
    void transform_luma(std::span<std::uint8_t> luma, std::span<const std::uint8_t> blue,
                        std::span<const std::uint8_t> red) const noexcept;
    /// Transforms one line of a grey picture in place.
    void transform_luma(std::span<std::uint8_t> luma) const noexcept;
    /// Transforms one line of each in place; both have the same length.
    void transform_colour(std::span<std::uint8_t> blue, std::span<std::uint8_t> red) const noexcept;

private:
    // Fixed-point numbers with 16 fractional bits. Computed instead of looked up in tables, because
    // compilers vectorise arithmetic and not look-ups.
    struct Row {
        std::int32_t luma = 0;
        std::int32_t blue = 0;
        std::int32_t red = 0;
        std::int32_t constant = 0; ///< includes half a unit for rounding
    };
    Row to_luma_;
    Row to_blue_;
    Row to_red_;
};

} // namespace ringcast::encode
