#include "access/link.hpp"

#include <optional>
#include <vector>

#include "access/base64url.hpp"
#include "access/digest.hpp"
#include "access/names.hpp"
#include "base/assert.hpp"
#include "base/bytes.hpp"

namespace ringcast::access {

namespace {

constexpr std::uint64_t link_version = 1;

constexpr std::size_t version_bytes = 1;
constexpr std::size_t kind_bytes = 1;
constexpr std::size_t expiry_bytes = 8;
constexpr std::size_t rate_bytes = 4;
constexpr std::size_t fixed_bytes = version_bytes + kind_bytes + expiry_bytes + rate_bytes;
constexpr std::size_t signed_bytes_max = fixed_bytes + stream_name_bytes_max;
static_assert(base64url_characters(signed_bytes_max + digest_bytes) <= link_characters_max);

/// True exactly when the link is one that has a text.
bool within_limits(const Link& link) noexcept {
    const bool known_kind =
        link.kind == LinkKind::stream_and_snapshot || link.kind == LinkKind::snapshot_only;
    const std::uint32_t millifps_max = link.kind == LinkKind::snapshot_only ? 0 : link_millifps_max;
    return known_kind && is_stream_name(link.stream) && link.millifps <= millifps_max &&
           link.expiry.time_since_epoch().count() >= 0;
}

void append_number(std::vector<std::byte>& bytes, std::uint64_t value, std::size_t count) {
    for (std::size_t i = count; i > 0; --i) {
        bytes.push_back(static_cast<std::byte>(value >> 8 * (i - 1) & 0xFFU));
    }
}

/// Removes a number of `count` bytes from the front of `bytes`, which has as many.
std::uint64_t take_number(ConstByteSpan& bytes, std::size_t count) noexcept {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes.first(count)) {
        value = value << 8U | std::to_integer<std::uint64_t>(byte);
    }
    bytes = bytes.subspan(count);
    return value;
}

void append_bytes(std::vector<std::byte>& bytes, ConstByteSpan more) {
    for (const std::byte byte : more) {
        bytes.push_back(byte);
    }
}

/// Nothing if sign_link() never signs these bytes. `bytes` has at least the fixed part.
std::optional<Link> decode_link(ConstByteSpan bytes) {
    Link link;
    const std::uint64_t version = take_number(bytes, version_bytes);
    link.kind = static_cast<LinkKind>(take_number(bytes, kind_bytes));
    link.expiry = LinkExpiry(
        std::chrono::seconds(static_cast<std::int64_t>(take_number(bytes, expiry_bytes))));
    link.millifps = static_cast<std::uint32_t>(take_number(bytes, rate_bytes));
    link.stream = as_text(bytes);
    if (version != link_version || !within_limits(link)) {
        return std::nullopt;
    }
    return link;
}

} // namespace

std::string sign_link(const LinkKey& key, const Link& link) {
    RINGCAST_ASSERT(within_limits(link));
    std::vector<std::byte> bytes;
    bytes.reserve(signed_bytes_max + digest_bytes);
    append_number(bytes, link_version, version_bytes);
    append_number(bytes, static_cast<std::uint64_t>(link.kind), kind_bytes);
    append_number(bytes, static_cast<std::uint64_t>(link.expiry.time_since_epoch().count()),
                  expiry_bytes);
    append_number(bytes, link.millifps, rate_bytes);
    append_bytes(bytes, as_bytes(link.stream));
    append_bytes(bytes, hmac_sha256(key, bytes));
    return base64url_encode(bytes);
}

LinkCheck verify_link(const LinkKey& key, std::string_view text, WallTime now) {
    if (text.size() > link_characters_max) {
        return LinkInvalid{};
    }
    const auto bytes = base64url_decode(text);
    if (!bytes || bytes->size() < fixed_bytes + digest_bytes) {
        return LinkInvalid{};
    }
    const ConstByteSpan all = *bytes;
    const ConstByteSpan content = all.first(all.size() - digest_bytes);
    if (!equal_in_constant_time(hmac_sha256(key, content), all.last(digest_bytes))) {
        return LinkInvalid{};
    }
    auto link = decode_link(content);
    if (!link) {
        return LinkInvalid{};
    }
    // In seconds: an expiry in the distant future is not representable in nanoseconds.
    if (link->expiry <= std::chrono::floor<std::chrono::seconds>(now)) {
        return LinkExpired{};
    }
    return *std::move(link);
}

} // namespace ringcast::access
