#pragma once
// Comparing texts of the protocol, which ignore the case of ASCII letters.

#include <algorithm>
#include <string_view>

namespace ringcast::http {

[[nodiscard]] inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace ringcast::http
