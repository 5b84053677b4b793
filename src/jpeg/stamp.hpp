#pragma once
// A stamp identifies a test frame at the receiver: a COM segment right after SOI that contains
// the sequence number, the capture time and a checksum of all bytes after it. No I/O, no clock.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace ringcast::jpeg {

struct Stamp {
    std::uint64_t sequence = 0; ///< below 10'000'000'000, because the field has ten digits
    WallTime captured{};        ///< written as the UNIX epoch if it is before
    std::uint32_t crc = 0;      ///< zlib's CRC-32 of the bytes after the stamp, EOI included

    friend bool operator==(const Stamp&, const Stamp&) noexcept = default;
};

/// Marker, length and text of the segment.
inline constexpr std::size_t stamp_bytes = 2 + 2 + 61;

/// Writes the segment to the beginning of `at`, which must be at least stamp_bytes long.
void write_stamp(ByteSpan at, const Stamp& stamp) noexcept;

/// The stamp of a JPEG, from its SOI on; none when its first segment is not a stamp.
[[nodiscard]] std::optional<Stamp> read_stamp(ConstByteSpan jpeg) noexcept;

/// The checksum that belongs in the stamp. `jpeg` is a JPEG from SOI to EOI with room for the stamp
/// (or the stamp itself) after SOI.
[[nodiscard]] std::uint32_t stamp_checksum(ConstByteSpan jpeg) noexcept;

} // namespace ringcast::jpeg
