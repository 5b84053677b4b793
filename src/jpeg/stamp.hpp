#pragma once
// The stamp by which a frame is recognised at the far end: a COM segment right behind SOI that
// holds sequence, capture time and a checksum of everything after it. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace ringcast::jpeg {

struct Stamp {
    std::uint64_t sequence = 0; ///< below 10'000'000'000, for a fixed width
    WallTime captured{};        ///< not before the UNIX epoch
    std::uint32_t crc = 0; ///< CRC-32 (as zlib has it) of the bytes behind the stamp, EOI included

    friend bool operator==(const Stamp&, const Stamp&) noexcept = default;
};

/// Marker, length and text.
inline constexpr std::size_t stamp_bytes = 2 + 2 + 61;

/// Writes the segment to the beginning of `at`, which is at least stamp_bytes long.
void write_stamp(ByteSpan at, const Stamp& stamp) noexcept;

/// The stamp of a JPEG that begins with SOI; none when its first segment is not one.
[[nodiscard]] std::optional<Stamp> read_stamp(ConstByteSpan jpeg) noexcept;

/// What a stamp's checksum has to be. `jpeg` is SOI, stamp, and the rest up to and including EOI.
[[nodiscard]] std::uint32_t stamp_checksum(ConstByteSpan jpeg) noexcept;

} // namespace ringcast::jpeg
