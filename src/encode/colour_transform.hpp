#pragma once
// From what a camera means by Y, Cb and Cr to what JPEG means: BT.601, full range (JFIF 1.02).
// Pure.

#include <cstdint>
#include <span>

#include "encode/raw_picture.hpp"

namespace ringcast::encode {

class ColourTransform {
public:
    ColourTransform(ColourRange range, ColourMatrix matrix) noexcept;

    /// True exactly when it leaves every sample as it is.
    [[nodiscard]] static bool is_identity(ColourRange range, ColourMatrix matrix) noexcept {
        return range == ColourRange::full && matrix == ColourMatrix::bt601;
    }

    /// One line in place. `blue` and `red` are half as long, and not transformed yet: the matrices
    /// differ in brightness too.
    void transform_luma(std::span<std::uint8_t> luma, std::span<const std::uint8_t> blue,
                        std::span<const std::uint8_t> red) const noexcept;
    /// The line of a grey picture.
    void transform_luma(std::span<std::uint8_t> luma) const noexcept;
    /// One line of both, of the same length.
    void transform_colour(std::span<std::uint8_t> blue, std::span<std::uint8_t> red) const noexcept;

private:
    // Fixed point with 16 bits behind it. Arithmetic, because compilers make vectors of it and not
    // of look-ups in tables.
    struct Row {
        std::int32_t luma = 0;
        std::int32_t blue = 0;
        std::int32_t red = 0;
        std::int32_t constant = 0; ///< half a unit for rounding included
    };
    Row to_luma_;
    Row to_blue_;
    Row to_red_;
};

} // namespace ringcast::encode
