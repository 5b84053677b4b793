#include "capture/raw_planes.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace ringcast::capture {

namespace {

struct Name {
    std::string_view name;
    encode::PixelFormat format;
};
constexpr std::array names{
    Name{"YUV420", encode::PixelFormat::yuv420}, Name{"NV12", encode::PixelFormat::nv12},
    Name{"NV21", encode::PixelFormat::nv21},     Name{"YUYV", encode::PixelFormat::yuyv},
    Name{"UYVY", encode::PixelFormat::uyvy},     Name{"BGR888", encode::PixelFormat::rgb},
    Name{"RGB888", encode::PixelFormat::bgr},    Name{"XRGB8888", encode::PixelFormat::bgrx},
    Name{"XBGR8888", encode::PixelFormat::rgbx}, Name{"R8", encode::PixelFormat::grey},
};

/// A plane's stride, derived from the first plane's by the bytes per group and the number of
/// columns.
std::size_t plane_stride(std::size_t stride, const encode::PixelLayout& layout,
                         std::size_t plane) noexcept {
    const encode::PlaneLayout& of = layout.planes[plane];
    const encode::PlaneLayout& first = layout.planes[0];
    return stride * of.group_bytes / first.group_bytes >> (of.column_shift - first.column_shift);
}

} // namespace

std::optional<encode::PixelFormat> pixel_format(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(names, name, &Name::name);
    return found == names.end() ? std::nullopt : std::optional(found->format);
}

Result<encode::RawPicture> raw_picture(encode::PixelFormat format, config::PictureSize size,
                                       std::size_t stride, std::span<const ByteSpan> planes) {
    const encode::PixelLayout& layout = encode::layout_of(format);
    encode::RawPicture picture;
    picture.format = format;
    picture.width = size.width;
    picture.height = size.height;
    ConstByteSpan rest = planes.empty() ? ConstByteSpan{} : ConstByteSpan(planes.front());
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        encode::Plane& plane = picture.planes[i];
        plane.stride = plane_stride(stride, layout, i);
        if (planes.size() > 1 && i < planes.size()) {
            plane.bytes = planes[i];
            continue;
        }
        const std::size_t bytes = plane.stride * static_cast<std::size_t>(encode::sample_count(
                                                     size.height, layout.planes[i].line_shift));
        // The last line may lack its padding.
        plane.bytes = rest.first(std::min(bytes, rest.size()));
        rest = rest.subspan(plane.bytes.size());
    }
    if (const std::string_view problem = encode::problem_of(picture); !problem.empty()) {
        return fail("the camera's picture can't be read: " + std::string(problem));
    }
    return picture;
}

} // namespace ringcast::capture
