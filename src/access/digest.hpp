#pragma once
// SHA-256 and HMAC-SHA-256 from libcrypto. No I/O, no clock.

#include <array>
#include <cstddef>
#include <string>

#include "base/bytes.hpp"

namespace ringcast::access {

inline constexpr std::size_t digest_bytes = 32;
using Digest = std::array<std::byte, digest_bytes>;

[[nodiscard]] Digest sha256(ConstByteSpan data);
/// RFC 2104 with SHA-256. `key` has any length; one as long as the digest, or longer, is best.
[[nodiscard]] Digest hmac_sha256(ConstByteSpan key, ConstByteSpan data);

/// In a time that depends on the lengths only, not on the contents.
[[nodiscard]] bool equal_in_constant_time(ConstByteSpan a, ConstByteSpan b) noexcept;

/// In lower-case hexadecimal digits, as sha256sum prints it.
[[nodiscard]] std::string hexadecimal(const Digest& digest);

} // namespace ringcast::access
