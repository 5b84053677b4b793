#include "jpeg/stamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

#include <zlib.h>

#include "base/assert.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

namespace {

constexpr std::size_t text_bytes = stamp_bytes - 4;
constexpr std::string_view sequence_prefix = "ringcast seq=";
constexpr std::string_view time_prefix = " time=";
constexpr std::string_view crc_prefix = " crc=";
constexpr std::size_t sequence_digits = 10;
constexpr std::size_t time_digits = 19;
constexpr std::size_t crc_digits = 8;
static_assert(text_bytes == sequence_prefix.size() + sequence_digits + time_prefix.size() +
                                time_digits + crc_prefix.size() + crc_digits);
constexpr std::uint64_t sequence_max = 9'999'999'999;

/// Consumes `prefix` and exactly `digits` digits from the front of `text`.
template <typename Number>
bool take_number(std::string_view& text, std::string_view prefix, std::size_t digits, int base,
                 Number& number) noexcept {
    if (!text.starts_with(prefix)) {
        return false;
    }
    const char* begin = text.data() + prefix.size();
    const char* end = begin + digits;
    const auto read = std::from_chars(begin, end, number, base);
    text.remove_prefix(prefix.size() + digits);
    return read.ec == std::errc() && read.ptr == end;
}

} // namespace

void write_stamp(ByteSpan at, const Stamp& stamp) noexcept {
    RINGCAST_ASSERT(at.size() >= stamp_bytes);
    RINGCAST_ASSERT(stamp.sequence <= sequence_max);
    at[0] = std::byte{marker_prefix};
    at[1] = std::byte{marker::com};
    at[2] = std::byte{0};
    at[3] = std::byte{stamp_bytes - 2}; // the length includes itself but not the marker

    const auto nanoseconds = std::max<Duration::rep>(stamp.captured.time_since_epoch().count(), 0);
    std::array<char, text_bytes + 1> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "ringcast seq=%010llu time=%019lld crc=%08x",
                      static_cast<unsigned long long>(stamp.sequence),
                      static_cast<long long>(nanoseconds), stamp.crc);
    RINGCAST_ASSERT(length == static_cast<int>(text_bytes));
    std::ranges::copy(as_bytes({text.data(), text_bytes}), at.subspan(4).begin());
}

std::optional<Stamp> read_stamp(ConstByteSpan jpeg) noexcept {
    if (jpeg.size() < soi_bytes + stamp_bytes ||
        word_at(jpeg, 0) != ((marker_prefix << 8U) | marker::soi) ||
        word_at(jpeg, 2) != ((marker_prefix << 8U) | marker::com) ||
        word_at(jpeg, 4) != stamp_bytes - 2) {
        return std::nullopt;
    }
    std::string_view text = as_text(jpeg.subspan(soi_bytes + 4, text_bytes));
    Stamp stamp;
    std::int64_t nanoseconds = 0;
    if (!take_number(text, sequence_prefix, sequence_digits, 10, stamp.sequence) ||
        !take_number(text, time_prefix, time_digits, 10, nanoseconds) || nanoseconds < 0 ||
        !take_number(text, crc_prefix, crc_digits, 16, stamp.crc)) {
        return std::nullopt;
    }
    stamp.captured = WallTime(Duration(nanoseconds));
    return stamp;
}

std::uint32_t stamp_checksum(ConstByteSpan jpeg) noexcept {
    RINGCAST_ASSERT(jpeg.size() >= soi_bytes + stamp_bytes);
    const ConstByteSpan rest = jpeg.subspan(soi_bytes + stamp_bytes);
    const auto* bytes = reinterpret_cast<const Bytef*>(rest.data());
    return static_cast<std::uint32_t>(::crc32_z(0, bytes, rest.size()));
}

} // namespace ringcast::jpeg
