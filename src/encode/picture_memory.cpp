#include "encode/picture_memory.hpp"

#include <algorithm>
#include <new>

#include "base/assert.hpp"

namespace ringcast::encode {

bool PictureMemory::lay_out(PixelFormat format, int width, int height) noexcept {
    constexpr std::size_t alignment = 64; // a cache line, so that no two lines share one
    const PixelLayout& layout = layout_of(format);
    std::array<std::size_t, 3> sizes{};
    std::size_t total = 0;
    picture_ = {format, width, height, ColourRange::full, ColourMatrix::bt601, {}};
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        const PlaneLayout& plane = layout.planes[i];
        const auto line =
            static_cast<std::size_t>(sample_count(width, plane.column_shift)) * plane.group_bytes;
        const std::size_t stride = (line + alignment - 1) / alignment * alignment;
        sizes[i] = stride * static_cast<std::size_t>(sample_count(height, plane.line_shift));
        picture_.planes[i].stride = stride;
        offsets_[i] = total;
        total += sizes[i];
    }
    try {
        bytes_.resize(std::max(bytes_.size(), total));
    } catch (const std::bad_alloc&) {
        return false;
    }
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        picture_.planes[i].bytes = ConstByteSpan(bytes_).subspan(offsets_[i], sizes[i]);
    }
    return true;
}

std::uint8_t* PictureMemory::plane(std::size_t index) noexcept {
    RINGCAST_ASSERT(index < layout_of(picture_.format).plane_count);
    return reinterpret_cast<std::uint8_t*>(bytes_.data()) + offsets_[index];
}

} // namespace ringcast::encode
