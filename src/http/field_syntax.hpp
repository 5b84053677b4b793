#pragma once
// The syntax that header fields share: tokens, blanks and the options of Connection.

#include <algorithm>
#include <string_view>

#include "http/letter_case.hpp"

namespace ringcast::http {

[[nodiscard]] inline bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// RFC 9110, 5.6.2.
[[nodiscard]] inline bool is_token_character(char c) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
           marks.find(c) != std::string_view::npos;
}

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

[[nodiscard]] inline bool is_control_character(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// Without `blanks` at both ends: spaces and tabs.
[[nodiscard]] inline std::string_view trimmed(std::string_view text,
                                              std::string_view blanks = " \t") noexcept {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Calls `use` with each element of a comma-separated list, without surrounding blanks. Elements may
/// be empty, but nothing follows a comma at the end.
template <typename Use>
void for_each_element(std::string_view list, Use use) {
    while (!list.empty()) {
        const std::string_view element = list.substr(0, list.find(','));
        list.remove_prefix(std::min(element.size() + 1, list.size()));
        use(trimmed(element));
    }
}

/// What the Connection headers of a message ask for.
struct ConnectionOptions {
    bool close = false;
    bool keep_alive = false;

    void read(std::string_view list) noexcept {
        for_each_element(list, [this](std::string_view option) {
            close = close || equal_ignoring_case(option, "close");
            keep_alive = keep_alive || equal_ignoring_case(option, "keep-alive");
        });
    }
    /// RFC 9112, 9.3. llhttp lets "keep-alive" win over "close" in HTTP/1.0.
    [[nodiscard]] bool persistent(bool http_1_0) const noexcept {
        return !close && (!http_1_0 || keep_alive);
    }
};

} // namespace ringcast::http
