#pragma once
// Signed links: text for a URL that admits whoever has it to one stream, until it expires. The server
// keeps no list of them: it recognises its signature. No I/O, no clock.
//
// The text is base64url of these bytes, numbers in big-endian order:
//
//     version (1) | kind (1) | expiry (8) | rate (4) | stream (1 to 63) | HMAC-SHA-256 of those (32)
//
// Each link has exactly one text for a key.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.hpp"

namespace ringcast::access {

inline constexpr std::size_t link_key_bytes = 32;
using LinkKey = std::array<std::byte, link_key_bytes>;

/// Longer texts are invalid.
inline constexpr std::size_t link_characters_max = 256;
/// 1000 frames/s, as in `?fps=`.
inline constexpr std::uint32_t link_millifps_max = 1'000'000;

enum class LinkKind : std::uint8_t { stream_and_snapshot = 0, snapshot_only = 1 };

/// UNIX time.
using LinkExpiry = std::chrono::time_point<WallClock, std::chrono::seconds>;

struct Link {
    std::string stream;  ///< see is_stream_name()
    LinkExpiry expiry{}; ///< not negative; the link is valid before this time
    LinkKind kind = LinkKind::stream_and_snapshot;
    /// At most this many thousandths of a frame per second; 0: no limit of the link. 0 for
    /// snapshots.
    std::uint32_t millifps = 0;

    friend bool operator==(const Link&, const Link&) = default;
};

struct LinkExpired {};
struct LinkInvalid {}; ///< damaged, forged, of another key, or of another version of ringcast

using LinkCheck = std::variant<Link, LinkExpired, LinkInvalid>;

/// `link` is within the limits stated above. Returns at most 146 characters.
[[nodiscard]] std::string sign_link(const LinkKey& key, const Link& link);

/// Takes constant time for the comparison of the signature. Whether the stream exists is not
/// checked.
[[nodiscard]] LinkCheck verify_link(const LinkKey& key, std::string_view text, WallTime now);

} // namespace ringcast::access
