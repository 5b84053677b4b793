#pragma once
// An uncompressed picture in memory: borrowed planes with strides. Knows no camera, no buffer and
// no codec.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace ringcast::encode {

/// Named by the order of bytes in memory. libcamera and DRM name RGB formats by the bits of a
/// little-endian word, in reverse order: their RGB888 is `bgr`, BGR888 `rgb`, XRGB8888 and ARGB8888
/// are `bgrx`, XBGR8888 and ABGR8888 `rgbx`. Their names of YUV formats mean the same as these.
enum class PixelFormat : std::uint8_t {
    yuv420, ///< three planes: Y, Cb, Cr; Cb and Cr have half the width and height
    yvu420, ///< three planes: Y, Cr, Cb
    nv12,   ///< two planes: Y, and interleaved Cb Cr
    nv21,   ///< two planes: Y, and interleaved Cr Cb
    yuyv,   ///< one plane: Y Cb Y Cr; Cb and Cr have half the width
    uyvy,   ///< one plane: Cb Y Cr Y
    rgb,
    bgr,
    rgbx, ///< the fourth byte is ignored
    bgrx,
    grey,
    yuv444, ///< three planes: Y, Cb, Cr, all of the same size
    yuv422, ///< three planes: Y, Cb, Cr; Cb and Cr have half the width
    yuv440, ///< three planes: Y, Cb, Cr; Cb and Cr have half the height
};

/// Full: 0 to 255. Limited: luma 16 to 235, Cb and Cr 16 to 240. RGB is always full.
enum class ColourRange : std::uint8_t { full, limited };
enum class ColourMatrix : std::uint8_t { bt601, bt709 };

struct Plane {
    ConstByteSpan bytes;
    std::size_t stride = 0; ///< bytes from one line to the next
};

struct RawPicture {
    PixelFormat format = PixelFormat::yuv420;
    int width = 0;  ///< pixels; may be odd, then the last chroma sample covers one column
    int height = 0; ///< pixels; may be odd
    ColourRange range = ColourRange::full;
    ColourMatrix matrix = ColourMatrix::bt601;
    std::array<Plane, 3> planes{}; ///< the first ones, as many as the format has
};

/// The reason why the picture can't be encoded, as the rest of a sentence; empty when it can.
[[nodiscard]] std::string_view problem_of(const RawPicture& picture) noexcept;

/// The part of `picture` with `lines` lines from `top` on. `top` is even, and so is `lines` unless
/// the part ends with the picture.
[[nodiscard]] RawPicture lines_of(const RawPicture& picture, int top, int lines) noexcept;

/// Sample x of a component's line y is at bytes[y * stride + offset + x * step] of its plane. One
/// sample covers 2^column_shift columns and 2^line_shift lines of pixels.
struct ComponentLayout {
    std::uint8_t plane = 0;
    std::uint8_t offset = 0;
    std::uint8_t step = 1;
    std::uint8_t column_shift = 0;
    std::uint8_t line_shift = 0;
};

/// A line of a plane consists of groups of `group_bytes` bytes, one per 2^column_shift pixels.
struct PlaneLayout {
    std::uint8_t group_bytes = 1;
    std::uint8_t column_shift = 0;
    std::uint8_t line_shift = 0;
};

struct PixelLayout {
    std::uint8_t plane_count = 1;
    std::uint8_t component_count = 0; ///< 3: Y, Cb, Cr; 1: Y; 0: RGB
    std::array<PlaneLayout, 3> planes{};
    std::array<ComponentLayout, 3> components{};
};

[[nodiscard]] const PixelLayout& layout_of(PixelFormat format) noexcept;

/// How many samples cover `pixels`; the last may cover fewer than 2^shift.
[[nodiscard]] constexpr int sample_count(int pixels, int shift) noexcept {
    return (pixels + (1 << shift) - 1) >> shift;
}

} // namespace ringcast::encode
