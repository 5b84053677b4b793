#pragma once
// A picture in memory that can be drawn on and encoded: planar YUV 4:2:0 in JPEG's colour space
// (BT.601, full range). Knows no format, file or frame.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringcast::draw {

struct Colour {
    std::uint8_t y = 0;
    std::uint8_t u = 128;
    std::uint8_t v = 128;
};

/// From red, green and blue, each 0 to 255 (JFIF 1.02).
[[nodiscard]] constexpr Colour rgb(int red, int green, int blue) noexcept {
    return {static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000),
            static_cast<std::uint8_t>((128'000 - 169 * red - 331 * green + 500 * blue) / 1000),
            static_cast<std::uint8_t>((128'000 + 500 * red - 419 * green - 81 * blue) / 1000)};
}

/// Luma pixels.
struct Rectangle {
    int x = 0;
    int y = 0;
    int width = 0;
    int height = 0;
};

enum class Channel : std::uint8_t { luma, blue, red };

class Picture {
public:
    /// A black picture. Sizes in pixels, 1 to 65500 (libjpeg's limit).
    Picture(int width, int height);

    [[nodiscard]] int width() const noexcept { return width_; }
    [[nodiscard]] int height() const noexcept { return height_; }
    /// Size in memory: rounded up to the 16 pixels of a 4:2:0 MCU.
    [[nodiscard]] int padded_width() const noexcept { return padded_width_; }
    [[nodiscard]] int padded_height() const noexcept { return padded_height_; }

    /// One line of a channel over the padded width. Blue and red have half as many lines and
    /// columns.
    [[nodiscard]] std::span<std::uint8_t> row(Channel channel, int y) noexcept;
    [[nodiscard]] std::span<const std::uint8_t> row(Channel channel, int y) const noexcept;

private:
    [[nodiscard]] std::size_t row_offset(Channel channel, int y) const noexcept;
    [[nodiscard]] std::size_t row_length(Channel channel) const noexcept;

    int width_;
    int height_;
    int padded_width_;
    int padded_height_;
    std::vector<std::uint8_t> samples_; ///< luma, blue, red
};

// The functions below clip to the padded picture. Colour has half the resolution, so only shapes
// that begin and end at even pixels are drawn exactly.

[[nodiscard]] Rectangle clip(const Picture& picture, Rectangle area) noexcept;
void fill(Picture& picture, Rectangle area, Colour colour) noexcept;
/// Brightness only.
void fill_luma(Picture& picture, Rectangle area, std::uint8_t luma) noexcept;
/// Both pictures have the same size.
void copy(Picture& to, const Picture& from, Rectangle area) noexcept;

} // namespace ringcast::draw
