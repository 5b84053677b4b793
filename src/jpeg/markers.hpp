#pragma once
// JPEG markers (ITU-T T.81, annex B): the byte that follows 0xFF.

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/bytes.hpp"

namespace ringcast::jpeg {

inline constexpr std::uint8_t marker_prefix = 0xFF;
inline constexpr std::size_t soi_bytes = 2;

namespace marker {
inline constexpr std::uint8_t stuffing = 0x00; ///< not a marker: FF 00 is a data byte of 0xFF
inline constexpr std::uint8_t sof0 = 0xC0;
inline constexpr std::uint8_t sof1 = 0xC1; ///< extended sequential
inline constexpr std::uint8_t sof2 = 0xC2; ///< progressive
inline constexpr std::uint8_t dht = 0xC4;
inline constexpr std::uint8_t jpg = 0xC8; ///< reserved
inline constexpr std::uint8_t dac = 0xCC;
inline constexpr std::uint8_t sof15 = 0xCF;
inline constexpr std::uint8_t rst0 = 0xD0;
inline constexpr std::uint8_t rst7 = 0xD7;
inline constexpr std::uint8_t soi = 0xD8;
inline constexpr std::uint8_t eoi = 0xD9;
inline constexpr std::uint8_t sos = 0xDA;
inline constexpr std::uint8_t dqt = 0xDB;
inline constexpr std::uint8_t dnl = 0xDC;
inline constexpr std::uint8_t dri = 0xDD;
inline constexpr std::uint8_t app0 = 0xE0;
inline constexpr std::uint8_t app1 = 0xE1;
inline constexpr std::uint8_t app14 = 0xEE;
inline constexpr std::uint8_t app15 = 0xEF;
inline constexpr std::uint8_t com = 0xFE;
} // namespace marker

[[nodiscard]] constexpr bool is_restart(std::uint8_t code) noexcept {
    return code >= marker::rst0 && code <= marker::rst7;
}

/// SOF0 to SOF15: frame headers, which contain the picture's size.
[[nodiscard]] constexpr bool is_frame_header(std::uint8_t code) noexcept {
    return code >= marker::sof0 && code <= marker::sof15 && code != marker::dht &&
           code != marker::jpg && code != marker::dac;
}

/// True for the segments that a JPEG may contain besides frame headers and SOS. Hierarchical (DHP,
/// EXP) and reserved ones do not occur in MJPEG streams.
[[nodiscard]] constexpr bool is_other_segment(std::uint8_t code) noexcept {
    return code == marker::dht || code == marker::dac || code == marker::dqt ||
           code == marker::dnl || code == marker::dri || code == marker::com ||
           (code >= marker::app0 && code <= marker::app15);
}

[[nodiscard]] inline std::uint8_t byte_at(ConstByteSpan bytes, std::size_t offset) noexcept {
    return std::to_integer<std::uint8_t>(bytes[offset]);
}

/// Two bytes, big-endian like all numbers in JPEG.
[[nodiscard]] inline std::uint16_t word_at(ConstByteSpan bytes, std::size_t offset) noexcept {
    return static_cast<std::uint16_t>((byte_at(bytes, offset) << 8U) | byte_at(bytes, offset + 1));
}

/// The offset of the first 0xFF at or after `from`, or `bytes.size()`.
[[nodiscard]] inline std::size_t find_prefix(ConstByteSpan bytes, std::size_t from) noexcept {
    if (from == bytes.size()) {
        return from;
    }
    const void* found = std::memchr(bytes.data() + from, marker_prefix, bytes.size() - from);
    return found == nullptr
               ? bytes.size()
               : static_cast<std::size_t>(static_cast<const std::byte*>(found) - bytes.data());
}

} // namespace ringcast::jpeg
