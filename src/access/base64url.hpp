#pragma once
// Base64 for URLs (RFC 4648, section 5), without padding. Strict: each sequence of bytes has exactly
// one text.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace ringcast::access {

/// The number of characters for `bytes` bytes.
[[nodiscard]] constexpr std::size_t base64url_characters(std::size_t bytes) noexcept {
    return (8 * bytes + 5) / 6;
}

[[nodiscard]] std::string base64url_encode(ConstByteSpan bytes);

/// Nothing if the text contains other characters (padding, for example), has a length that no
/// encoding has, or sets bits after the last byte.
[[nodiscard]] std::optional<std::vector<std::byte>> base64url_decode(std::string_view text);

/// True exactly when `c` is a character of the alphabet.
[[nodiscard]] bool is_base64url(char c) noexcept;

} // namespace ringcast::access
