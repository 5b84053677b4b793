#include "access/names.hpp"

#include <algorithm>

namespace ringcast::access {

namespace {

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

bool is_user_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= user_name_bytes_max &&
           std::ranges::all_of(name, [](char c) {
               return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '@';
           });
}

bool is_stream_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= stream_name_bytes_max &&
           is_letter_or_digit(name.front()) && std::ranges::all_of(name, [](char c) {
               return is_letter_or_digit(c) || c == '-' || c == '_';
           });
}

} // namespace ringcast::access
