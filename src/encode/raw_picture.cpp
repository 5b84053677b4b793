#include "encode/raw_picture.hpp"

#include "base/assert.hpp"

namespace ringcast::encode {

namespace {

constexpr PlaneLayout full_plane{1, 0, 0};
constexpr ComponentLayout luma{0, 0, 1, 0, 0};

constexpr ComponentLayout colour(std::uint8_t plane, std::uint8_t offset, std::uint8_t step,
                                 std::uint8_t line_shift) noexcept {
    return {plane, offset, step, 1, line_shift};
}

/// The first two arguments are the planes of Cb and Cr; the others say how often they are sampled.
constexpr PixelLayout three_planes(std::uint8_t blue, std::uint8_t red, std::uint8_t column_shift,
                                   std::uint8_t line_shift) noexcept {
    const PlaneLayout plane{1, column_shift, line_shift};
    return {3,
            3,
            {full_plane, plane, plane},
            {luma, ComponentLayout{blue, 0, 1, column_shift, line_shift},
             ComponentLayout{red, 0, 1, column_shift, line_shift}}};
}

constexpr PixelLayout two_planes(std::uint8_t blue, std::uint8_t red) noexcept {
    return {2,
            3,
            {full_plane, PlaneLayout{2, 1, 1}},
            {luma, colour(1, blue, 2, 1), colour(1, red, 2, 1)}};
}

/// The arguments are offsets within a group of four bytes, which holds two pixels.
constexpr PixelLayout packed_yuv(std::uint8_t luma_offset, std::uint8_t blue,
                                 std::uint8_t red) noexcept {
    return {
        1,
        3,
        {PlaneLayout{4, 1, 0}},
        {ComponentLayout{0, luma_offset, 2, 0, 0}, colour(0, blue, 4, 0), colour(0, red, 4, 0)}};
}

constexpr PixelLayout packed_rgb(std::uint8_t pixel_bytes) noexcept {
    return {1, 0, {PlaneLayout{pixel_bytes, 0, 0}}, {}};
}

constexpr PixelLayout yuv420_layout = three_planes(1, 2, 1, 1);
constexpr PixelLayout yvu420_layout = three_planes(2, 1, 1, 1);
constexpr PixelLayout yuv444_layout = three_planes(1, 2, 0, 0);
constexpr PixelLayout yuv422_layout = three_planes(1, 2, 1, 0);
constexpr PixelLayout yuv440_layout = three_planes(1, 2, 0, 1);
constexpr PixelLayout nv12_layout = two_planes(0, 1);
constexpr PixelLayout nv21_layout = two_planes(1, 0);
constexpr PixelLayout yuyv_layout = packed_yuv(0, 1, 3);
constexpr PixelLayout uyvy_layout = packed_yuv(1, 0, 2);
constexpr PixelLayout rgb_layout = packed_rgb(3);
constexpr PixelLayout rgbx_layout = packed_rgb(4);
constexpr PixelLayout grey_layout{1, 1, {full_plane}, {luma}};

std::size_t line_bytes(const PlaneLayout& plane, int width) noexcept {
    return std::size_t{plane.group_bytes} *
           static_cast<std::size_t>(sample_count(width, plane.column_shift));
}

} // namespace

const PixelLayout& layout_of(PixelFormat format) noexcept {
    switch (format) {
    case PixelFormat::yuv420:
        return yuv420_layout;
    case PixelFormat::yvu420:
        return yvu420_layout;
    case PixelFormat::nv12:
        return nv12_layout;
    case PixelFormat::nv21:
        return nv21_layout;
    case PixelFormat::yuyv:
        return yuyv_layout;
    case PixelFormat::uyvy:
        return uyvy_layout;
    case PixelFormat::rgb:
    case PixelFormat::bgr:
        return rgb_layout;
    case PixelFormat::rgbx:
    case PixelFormat::bgrx:
        return rgbx_layout;
    case PixelFormat::grey:
        return grey_layout;
    case PixelFormat::yuv444:
        return yuv444_layout;
    case PixelFormat::yuv422:
        return yuv422_layout;
    case PixelFormat::yuv440:
        return yuv440_layout;
    }
    assertion_failed("the pixel format is known", __FILE__, __LINE__);
}

std::string_view problem_of(const RawPicture& picture) noexcept {
    constexpr int size_max = 65'500; // libjpeg's JPEG_MAX_DIMENSION
    if (picture.width < 1 || picture.height < 1) {
        return "its width or height is 0";
    }
    if (picture.width > size_max || picture.height > size_max) {
        return "it is larger than the 65500 pixels that libjpeg can encode";
    }
    const PixelLayout& layout = layout_of(picture.format);
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        const Plane& plane = picture.planes[i];
        const std::size_t bytes = line_bytes(layout.planes[i], picture.width);
        if (plane.stride < bytes) {
            return "a plane's stride is smaller than its lines";
        }
        const auto lines =
            static_cast<std::size_t>(sample_count(picture.height, layout.planes[i].line_shift));
        // The last line needs no padding up to the stride.
        if (plane.bytes.size() < bytes || (plane.bytes.size() - bytes) / plane.stride < lines - 1) {
            return "a plane ends before the end of its last line";
        }
    }
    return {};
}

RawPicture lines_of(const RawPicture& picture, int top, int lines) noexcept {
    RINGCAST_ASSERT(top >= 0);
    RINGCAST_ASSERT(top % 2 == 0);
    RINGCAST_ASSERT(lines <= picture.height - top);
    RINGCAST_ASSERT(lines % 2 == 0 || top + lines == picture.height);
    RawPicture part = picture;
    part.height = lines;
    const PixelLayout& layout = layout_of(picture.format);
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        const auto skipped = static_cast<std::size_t>(top >> layout.planes[i].line_shift);
        part.planes[i].bytes = part.planes[i].bytes.subspan(skipped * part.planes[i].stride);
    }
    return part;
}

} // namespace ringcast::encode
