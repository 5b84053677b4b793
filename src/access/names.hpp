#pragma once
// The forms of names. Whether a user or a stream of that name exists is decided elsewhere.

#include <cstddef>
#include <string_view>

namespace ringcast::access {

inline constexpr std::size_t user_name_bytes_max = 64;
/// As in the configuration.
inline constexpr std::size_t stream_name_bytes_max = 63;

/// True exactly when `name` consists of 1 to 64 letters, digits, `-`, `_`, `.` and `@`. No colon,
/// which ends the name in HTTP's Basic authentication (RFC 7617).
[[nodiscard]] bool is_user_name(std::string_view name) noexcept;
/// True exactly when `name` consists of 1 to 63 letters, digits, `-` and `_`, and begins with a
/// letter or digit.
[[nodiscard]] bool is_stream_name(std::string_view name) noexcept;

} // namespace ringcast::access
