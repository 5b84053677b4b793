#pragma once
// The multipart/x-mixed-replace wire format: boundary, part headers, and what follows a JPEG.
// Pure: writes into memory that it is given. See docs/http-api.md for why it is spelled so.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace ringcast::http {

/// Long and random, because browsers search for it inside the JPEG. One per process.
class Boundary {
public:
    static constexpr std::size_t length = 40;

    /// From 128 random bits, so that tests can fix it.
    Boundary(std::uint64_t random_high, std::uint64_t random_low) noexcept;
    [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

private:
    std::array<char, length> text_{};
};

/// How parts are laid on the wire: where in a frame's bytes a viewer's part begins and ends.
enum class Variant : std::uint8_t {
    standard, ///< headers, JPEG, delimiter
    advance,  ///< JPEG, delimiter, the next part's headers: for Blink's <img>
};

struct PartInfo {
    std::size_t jpeg_bytes = 0;
    WallTime captured{};
    bool placeholder = false; ///< adds a header that marks a "no signal" picture
};

/// No part header is longer than this, whatever its numbers are, bytes.
inline constexpr std::size_t part_header_bytes_max = 256;

/// Writes Content-Type, Content-Length, X-Timestamp and the empty line so that they end exactly at
/// the end of `headroom` (at least part_header_bytes_max long). Returns how many bytes it wrote.
[[nodiscard]] std::size_t write_part_header(ByteSpan headroom, const PartInfo& part) noexcept;

/// CRLF, delimiter, CRLF: what a standard part ends with, and then the headers that an advance part
/// sends ahead for the next one.
struct PartTail {
    static constexpr std::string_view advance_headers = "Content-Type: image/jpeg\r\n\r\n";
    static constexpr std::size_t standard_bytes = 2 + 2 + Boundary::length + 2;
    static constexpr std::size_t advance_bytes = standard_bytes + advance_headers.size();
};
/// Writes PartTail::advance_bytes bytes to the beginning of `tailroom`.
void write_part_tail(ByteSpan tailroom, const Boundary& boundary) noexcept;

} // namespace ringcast::http
