#pragma once
// The header X-Ringcast-Via: ids of the ringcasts that a stream passes through, nearest first. Each
// one puts its own id in front, so that a stream that would return to a server is detected. No I/O.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringcast::http {

/// A chain of servers is no longer than this: each one adds latency, and a mistake in the
/// configuration must end somewhere.
inline constexpr std::size_t via_ids_max = 8;

/// The ids in a header's value, in order. Elements that are empty, longer than 32 characters or not
/// of [0-9a-z-] are left out, and so is what follows the first 16 elements.
[[nodiscard]] std::vector<std::string> parse_via(std::string_view value);
/// The header's value with `own` id in front of those `upstream` of it.
[[nodiscard]] std::string via_text(std::string_view own, std::span<const std::string> upstream);
[[nodiscard]] bool contains(std::span<const std::string> ids, std::string_view id) noexcept;

} // namespace ringcast::http
