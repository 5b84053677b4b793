#pragma once
// Reads header values that have parameters, such as Content-Type, from other servers.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::http {

/// Longer values of parameters are ignored; RFC 2046, 5.1.1, allows a boundary of 70 characters.
inline constexpr std::size_t parameter_bytes_max = 200;

/// The type without its parameters, in lower case: "multipart/x-mixed-replace".
[[nodiscard]] std::string media_type(std::string_view value);

/// The parameter `name` of "type/subtype; name=value; ...", in whatever case the name is spelled.
/// The value is a quoted string, or anything up to the next semicolon, since servers write
/// boundaries that are no tokens, such as "--a=_1". Nothing if the parameter is absent, empty or
/// longer than `parameter_bytes_max`.
[[nodiscard]] std::optional<std::string> parameter(std::string_view value, std::string_view name);

/// Takes from the beginning of `text` a quoted string without its quotes and escapes (RFC 9110,
/// 5.6.4), or anything up to the first of `end_marks`, which stays. A quoted string without its
/// second quote takes all of `text`.
[[nodiscard]] std::string take_value(std::string_view& text, std::string_view end_marks);

} // namespace ringcast::http
