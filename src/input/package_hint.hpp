#pragma once
// Which package of Debian and Raspberry Pi OS brings a program that is often asked for.

#include <string_view>

namespace ringcast::input {

/// Empty when it is not known. `program` may be a path.
[[nodiscard]] std::string_view package_of(std::string_view program) noexcept;

} // namespace ringcast::input
