#include "encode/picture_turner.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.hpp"
#include "encode/sample_lines.hpp"

namespace ringcast::encode {

namespace {

constexpr int block_side = 8; ///< bytes; blocks are transposed at once
using Block = std::array<std::uint64_t, block_side>;

/// Swaps the bytes of lower significance of `high` with those of higher significance of `low`, in
/// groups of `bits` bits that `mask` selects.
void swap_groups(std::uint64_t& low, std::uint64_t& high, unsigned bits,
                 std::uint64_t mask) noexcept {
    const std::uint64_t changed = ((low >> bits) ^ high) & mask;
    high ^= changed;
    low ^= changed << bits;
}

/// Eight lines of eight bytes, the first byte of a line least significant.
void transpose(Block& block) noexcept {
    for (std::size_t i = 0; i < 4; ++i) {
        swap_groups(block[i], block[i + 4], 32, 0x00000000FFFFFFFF);
    }
    for (const std::size_t i : {0U, 1U, 4U, 5U}) {
        swap_groups(block[i], block[i + 2], 16, 0x0000FFFF0000FFFF);
    }
    for (const std::size_t i : {0U, 2U, 4U, 6U}) {
        swap_groups(block[i], block[i + 1], 8, 0x00FF00FF00FF00FF);
    }
}

std::uint64_t in_memory_order(std::uint64_t line) noexcept {
    return std::endian::native == std::endian::little ? line : __builtin_bswap64(line);
}

/// Where a line or column of the original is found for a line or column of the result.
int position(int index, int count, bool swapped) noexcept {
    return swapped ? count - 1 - index : index;
}

template <std::size_t bytes>
void turn_samples(const SampleSource& from, const Turn& turn, const SampleTarget& to, int left,
                  int top, int right, int bottom) noexcept {
    for (int y = top; y < bottom; ++y) {
        std::uint8_t* const line = to.first + static_cast<std::size_t>(y) * to.stride;
        const int row = position(y, to.height, turn.swap_rows);
        for (int x = left; x < right; ++x) {
            const int column = position(x, to.width, turn.swap_columns);
            const auto from_x = static_cast<std::size_t>(turn.transpose ? row : column);
            const auto from_y = static_cast<std::size_t>(turn.transpose ? column : row);
            std::memcpy(line + static_cast<std::size_t>(x) * bytes,
                        from.first + from_y * from.stride + from_x * bytes, bytes);
        }
    }
}

/// Whole blocks of the result, and its edges sample by sample.
void transpose_bytes(const SampleSource& from, const Turn& turn, const SampleTarget& to) noexcept {
    const int right = to.width / block_side * block_side;
    const int bottom = to.height / block_side * block_side;
    for (int top = 0; top < bottom; top += block_side) {
        for (int left = 0; left < right; left += block_side) {
            Block block{};
            for (int i = 0; i < block_side; ++i) {
                const int column = position(left + i, to.width, turn.swap_columns);
                const int row = turn.swap_rows ? to.height - block_side - top : top;
                std::uint64_t& line = block[static_cast<std::size_t>(i)];
                std::memcpy(&line,
                            from.first + static_cast<std::size_t>(column) * from.stride +
                                static_cast<std::size_t>(row),
                            block_side);
                line = in_memory_order(line);
            }
            transpose(block);
            for (int i = 0; i < block_side; ++i) {
                const std::uint64_t line = in_memory_order(
                    block[static_cast<std::size_t>(position(i, block_side, turn.swap_rows))]);
                std::memcpy(to.first + static_cast<std::size_t>(top + i) * to.stride +
                                static_cast<std::size_t>(left),
                            &line, block_side);
            }
        }
    }
    turn_samples<1>(from, turn, to, right, 0, to.width, bottom);
    turn_samples<1>(from, turn, to, 0, bottom, to.width, to.height);
}

/// Writes `count` bytes in reverse order, eight at a time.
void reverse_bytes(const std::uint8_t* from, int count, std::uint8_t* to) noexcept {
    int done = 0;
    for (; count - done >= block_side; done += block_side) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, from + (count - done - block_side), block_side);
        bytes = __builtin_bswap64(bytes);
        std::memcpy(to + done, &bytes, block_side);
    }
    for (; done < count; ++done) {
        to[done] = from[count - 1 - done];
    }
}

/// Without transposing.
void turn_bytes(const SampleSource& from, const Turn& turn, const SampleTarget& to) noexcept {
    for (int y = 0; y < to.height; ++y) {
        const std::uint8_t* const line =
            from.first +
            static_cast<std::size_t>(position(y, to.height, turn.swap_rows)) * from.stride;
        std::uint8_t* const turned = to.first + static_cast<std::size_t>(y) * to.stride;
        if (turn.swap_columns) {
            reverse_bytes(line, to.width, turned);
        } else {
            std::memcpy(turned, line, static_cast<std::size_t>(to.width));
        }
    }
}

/// Samples are `bytes` bytes long, 1 to 4. Their step is not looked at.
void turn_plane(const SampleSource& from, const Turn& turn, int bytes,
                const SampleTarget& to) noexcept {
    switch (bytes) {
    case 1:
        return turn.transpose ? transpose_bytes(from, turn, to) : turn_bytes(from, turn, to);
    case 3:
        return turn_samples<3>(from, turn, to, 0, 0, to.width, to.height);
    default:
        RINGCAST_ASSERT(bytes == 4);
        return turn_samples<4>(from, turn, to, 0, 0, to.width, to.height);
    }
}

PixelFormat transposed(PixelFormat format) noexcept {
    if (format == PixelFormat::yuv422) {
        return PixelFormat::yuv440;
    }
    return format == PixelFormat::yuv440 ? PixelFormat::yuv422 : format;
}

} // namespace

bool turn_picture(const RawPicture& from, const Turn& turn, PictureMemory& into) noexcept {
    const PixelLayout& layout = layout_of(from.format);
    const PixelFormat format = turn.transpose ? transposed(from.format) : from.format;
    const bool laid_out = into.lay_out(format, turn.transpose ? from.height : from.width,
                                       turn.transpose ? from.width : from.height);
    if (!laid_out) {
        return false;
    }
    into.picture().range = from.range;
    into.picture().matrix = from.matrix;
    for (std::size_t i = 0; i < layout.plane_count; ++i) {
        const PlaneLayout& plane = layout.planes[i];
        RINGCAST_ASSERT(plane.group_bytes == 1 || layout.component_count == 0);
        const int width = sample_count(from.width, plane.column_shift);
        const int height = sample_count(from.height, plane.line_shift);
        const SampleSource source{
            reinterpret_cast<const std::uint8_t*>(from.planes[i].bytes.data()),
            from.planes[i].stride, 1, width, height};
        const SampleTarget target{into.plane(i), into.picture().planes[i].stride, 1,
                                  turn.transpose ? height : width, turn.transpose ? width : height};
        turn_plane(source, turn, plane.group_bytes, target);
    }
    return true;
}

} // namespace ringcast::encode
