#pragma once
// The multipart/x-mixed-replace wire format: boundary, part headers, and the bytes that follow a
// JPEG. Writes into the caller's memory; no I/O. docs/http-api.md explains the choices.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace ringcast::http {

/// Long and random, because browsers search for it in the JPEG data too. One per process.
class Boundary {
public:
    static constexpr std::size_t length = 40;

    /// From 128 random bits, passed in so that tests can use fixed ones.
    Boundary(std::uint64_t random_high, std::uint64_t random_low) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

private:
    std::array<char, length> text_{};
};

/// The order of bytes on the wire: where in a frame's memory each send begins and ends.
enum class Variant : std::uint8_t {
    standard, ///< headers, JPEG, delimiter
    advance,  ///< JPEG, delimiter, the next part's headers: for <img>
};

struct PartInfo {
    std::size_t jpeg_bytes = 0;
    WallTime captured{};
    bool placeholder = false;  ///< a "no signal" picture; adds X-Ringcast-Signal
    std::string_view reason{}; ///< of a "no signal" picture, for X-Ringcast-Reason; empty: not said
    /// For X-Ringcast-Rendition, letters, digits, - and _; empty: the stream as it is.
    std::string_view rendition{};
};

/// The longest possible part header, bytes.
inline constexpr std::size_t part_header_bytes_max = 384;
/// The longest line of a part header without its end, bytes: some clients read no longer ones.
inline constexpr std::size_t part_line_bytes_max = 126;

/// Writes Content-Type, Content-Length, X-Timestamp, X-Ringcast-Rendition of a rendition,
/// X-Ringcast-Signal and X-Ringcast-Reason of a "no signal" picture, and the empty line, right-aligned in `headroom` (at least
/// part_header_bytes_max long). A longer reason than fits into its line is cut, and its bytes that
/// are not printable ASCII become question marks. Returns the number of bytes written.
[[nodiscard]] std::size_t write_part_header(ByteSpan headroom, const PartInfo& part) noexcept;

/// The bytes after a JPEG: CRLF, delimiter, CRLF, which end a standard part, and then the next
/// part's headers, which an advance part also sends.
struct PartTail {
    static constexpr std::string_view advance_headers = "Content-Type: image/jpeg\r\n\r\n";
    static constexpr std::size_t standard_bytes = 2 + 2 + Boundary::length + 2;
    static constexpr std::size_t advance_bytes = standard_bytes + advance_headers.size();
};
/// Writes PartTail::advance_bytes bytes to the beginning of `tailroom`.
void write_part_tail(ByteSpan tailroom, const Boundary& boundary) noexcept;

} // namespace ringcast::http
