#include "encode/band_join.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"
#include "encode/raw_encoder.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::encode {

namespace {

using jpeg::byte_at;
using jpeg::word_at;

constexpr std::size_t marker_bytes = 2;
constexpr unsigned restart_markers = 8; ///< RST0 to RST7, used in turn

int divided_up(int value, int by) noexcept {
    return (value + by - 1) / by;
}

/// Offset of the first marker for which `wanted` is true. There is one, since RawEncoder wrote the
/// JPEG.
template <typename Wanted>
std::size_t find_segment(ConstByteSpan jpeg, Wanted wanted) noexcept {
    std::size_t at = marker_bytes; // behind SOI
    for (;;) {
        RINGCAST_ASSERT(at + 2 * marker_bytes <= jpeg.size());
        RINGCAST_ASSERT(byte_at(jpeg, at) == jpeg::marker_prefix);
        if (wanted(byte_at(jpeg, at + 1))) {
            return at;
        }
        at += marker_bytes + word_at(jpeg, at + marker_bytes);
    }
}

/// The scan data, between the headers and EOI.
ConstByteSpan scan_data(ConstByteSpan jpeg) noexcept {
    const std::size_t scan =
        find_segment(jpeg, [](std::uint8_t code) { return code == jpeg::marker::sos; });
    const std::size_t begin = scan + marker_bytes + word_at(jpeg, scan + marker_bytes);
    RINGCAST_ASSERT(begin + marker_bytes <= jpeg.size());
    return jpeg.subspan(begin, jpeg.size() - marker_bytes - begin);
}

void write_marker(ByteSpan at, std::uint8_t code) noexcept {
    at[0] = std::byte{jpeg::marker_prefix};
    at[1] = std::byte{code};
}

void write_height(ByteSpan jpeg, int height) noexcept {
    constexpr std::size_t height_offset = 5; // behind marker, length and precision
    const std::size_t at = find_segment(jpeg, jpeg::is_frame_header) + height_offset;
    jpeg[at] = static_cast<std::byte>(height >> 8);
    jpeg[at + 1] = static_cast<std::byte>(height & 0xFF);
}

} // namespace

BandPlan plan_bands(PixelFormat format, int width, int height, int workers) noexcept {
    RINGCAST_ASSERT(workers >= 1);
    const McuSize mcu = mcu_size(format);
    const int rows = divided_up(height, mcu.height);
    const int rows_per_band = divided_up(rows, std::min(workers, rows));
    const int interval = divided_up(width, mcu.width) * rows_per_band;
    constexpr int interval_max = 65'535; // 16 bits of DRI
    const int count = divided_up(rows, rows_per_band);
    if (count == 1 || interval > interval_max) {
        return {1, height, 0};
    }
    return {count, rows_per_band * mcu.height, static_cast<unsigned>(interval)};
}

RawPicture band_of(const RawPicture& picture, const BandPlan& plan, int index) noexcept {
    RINGCAST_ASSERT(index >= 0);
    RINGCAST_ASSERT(index < plan.count);
    const int top = index * plan.lines;
    return lines_of(picture, top, std::min(plan.lines, picture.height - top));
}

std::optional<JoinedBands> join_bands(ByteSpan into, std::size_t first_bytes,
                                      std::span<const ConstByteSpan> later, int height) noexcept {
    RINGCAST_ASSERT(first_bytes >= 2 * marker_bytes);
    write_height(into.first(first_bytes), height);
    JoinedBands joined;
    joined.bytes = first_bytes - marker_bytes; // without EOI
    unsigned restarts = 0;
    for (const ConstByteSpan band : later) {
        const ConstByteSpan data = scan_data(band);
        // The restart marker before the data and EOI after it have to fit, too.
        if (into.size() - joined.bytes < data.size() + 2 * marker_bytes) {
            return std::nullopt;
        }
        write_marker(into.subspan(joined.bytes, marker_bytes),
                     static_cast<std::uint8_t>(jpeg::marker::rst0 + restarts % restart_markers));
        ++restarts;
        joined.bytes += marker_bytes;
        std::memcpy(into.data() + joined.bytes, data.data(), data.size());
        joined.bytes += data.size();
        joined.bytes_moved += data.size();
    }
    write_marker(into.subspan(joined.bytes, marker_bytes), jpeg::marker::eoi);
    joined.bytes += marker_bytes;
    return joined;
}

} // namespace ringcast::encode
