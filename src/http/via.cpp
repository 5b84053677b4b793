#include "http/via.hpp"

#include <algorithm>

namespace ringcast::http {

namespace {

constexpr std::size_t elements_max = 16;
constexpr std::size_t id_bytes_max = 32;

std::string_view without_blanks(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

bool is_id(std::string_view text) noexcept {
    return !text.empty() && text.size() <= id_bytes_max && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
    });
}

} // namespace

std::vector<std::string> parse_via(std::string_view value) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < elements_max && !value.empty(); ++i) {
        const std::string_view element = value.substr(0, value.find(','));
        value.remove_prefix(std::min(element.size() + 1, value.size()));
        if (const std::string_view id = without_blanks(element); is_id(id)) {
            ids.emplace_back(id);
        }
    }
    return ids;
}

std::string via_text(std::string_view own, std::span<const std::string> upstream) {
    std::string text(own);
    for (const std::string& id : upstream) {
        text.append(", ").append(id);
    }
    return text;
}

bool contains(std::span<const std::string> ids, std::string_view id) noexcept {
    return std::ranges::find(ids, id) != ids.end();
}

} // namespace ringcast::http
