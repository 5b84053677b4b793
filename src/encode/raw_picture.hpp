#pragma once
// A picture as a camera leaves it in memory: borrowed planes with strides. Knows no camera, no
// buffer and no codec.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::encode {

/// Named by the order of bytes in memory. libcamera and DRM name RGB formats by the bits of a
/// little-endian word, which is the other way round: their RGB888 is `bgr`, BGR888 `rgb`, XRGB8888
/// and ARGB8888 are `bgrx`, XBGR8888 and ABGR8888 `rgbx`. Names of YUV formats mean the same there.
enum class PixelFormat : std::uint8_t {
    yuv420, ///< three planes: Y, Cb, Cr; colour has half the width and half the height
    yvu420, ///< three planes: Y, Cr, Cb
    nv12,   ///< two planes: Y, and Cb Cr in turn
    nv21,   ///< two planes: Y, and Cr Cb in turn
    yuyv,   ///< one plane: Y Cb Y Cr; colour has half the width
    uyvy,   ///< one plane: Cb Y Cr Y
    rgb,
    bgr,
    rgbx, ///< the fourth byte means nothing
    bgrx,
    grey,
};

/// Full: 0 to 255. Limited: 16 to 235, colour differences 16 to 240. RGB is always full.
enum class ColourRange : std::uint8_t { full, limited };
enum class ColourMatrix : std::uint8_t { bt601, bt709 };

struct Plane {
    ConstByteSpan bytes;
    std::size_t stride = 0; ///< from one line to the next, bytes
};

struct RawPicture {
    PixelFormat format = PixelFormat::yuv420;
    int width = 0;  ///< pixels; may be odd, and then the last colour sample serves one column
    int height = 0; ///< pixels; may be odd
    ColourRange range = ColourRange::full;
    ColourMatrix matrix = ColourMatrix::bt601;
    std::array<Plane, 3> planes{}; ///< as many as the format has
};

/// Why the picture can't be encoded, as the rest of a sentence; empty when it can.
[[nodiscard]] std::string_view problem_of(const RawPicture& picture) noexcept;

/// The lines from `top` on, `lines` of them. Both even, but for the last lines of a picture.
[[nodiscard]] RawPicture lines_of(const RawPicture& picture, int top, int lines) noexcept;

/// Sample x of a component's line y is at bytes[y * stride + offset + x * step] of its plane. It
/// has one sample for 2^column_shift columns and 2^line_shift lines of pixels.
struct ComponentLayout {
    std::uint8_t plane = 0;
    std::uint8_t offset = 0;
    std::uint8_t step = 1;
    std::uint8_t column_shift = 0;
    std::uint8_t line_shift = 0;
};

/// A plane's lines are groups of bytes, one for 2^column_shift pixels.
struct PlaneLayout {
    std::uint8_t group_bytes = 1;
    std::uint8_t column_shift = 0;
    std::uint8_t line_shift = 0;
};

struct PixelLayout {
    std::uint8_t plane_count = 1;
    std::uint8_t component_count = 0; ///< Y, Cb, Cr; Y alone; none for RGB
    std::array<PlaneLayout, 3> planes{};
    std::array<ComponentLayout, 3> components{};
};

[[nodiscard]] const PixelLayout& layout_of(PixelFormat format) noexcept;

/// How many samples there are for `pixels`: the last may stand for fewer.
[[nodiscard]] constexpr int sample_count(int pixels, int shift) noexcept {
    return (pixels + (1 << shift) - 1) >> shift;
}

} // namespace ringcast::encode
