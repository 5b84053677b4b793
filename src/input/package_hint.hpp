#pragma once
// Names the package of Debian and Raspberry Pi OS that contains a commonly used program.

#include <string_view>

namespace ringcast::input {

/// Empty when unknown. `program` may be a path.
[[nodiscard]] std::string_view package_of(std::string_view program) noexcept;

} // namespace ringcast::input
