#include "http/header_value.hpp"

#include <algorithm>

#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"

namespace ringcast::http {
namespace {

void skip_to(std::string_view& text, std::string_view marks) noexcept {
    text.remove_prefix(std::min(text.find_first_of(marks), text.size()));
}

std::string take_quoted(std::string_view& text) {
    std::string value;
    text.remove_prefix(1);
    while (!text.empty()) {
        char c = text.front();
        text.remove_prefix(1);
        if (c == '"') {
            break;
        }
        if (c == '\\' && !text.empty()) {
            c = text.front();
            text.remove_prefix(1);
        }
        value.push_back(c);
    }
    return value;
}

} // namespace

std::string media_type(std::string_view value) {
    return lower_case(trimmed(value.substr(0, value.find(';'))));
}

std::optional<std::string> parameter(std::string_view value, std::string_view name) {
    skip_to(value, ";");
    while (!value.empty()) {
        value.remove_prefix(1); // the semicolon
        const std::string_view found = value.substr(0, value.find_first_of("=;"));
        value.remove_prefix(found.size());
        if (value.starts_with('=')) {
            value.remove_prefix(1);
            value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
            const bool quoted = value.starts_with('"');
            const std::string text = take_value(value, ";");
            if (equal_ignoring_case(trimmed(found), name)) {
                const std::string_view meant = quoted ? std::string_view(text) : trimmed(text);
                return meant.empty() || meant.size() > parameter_bytes_max
                           ? std::nullopt
                           : std::optional<std::string>(meant);
            }
            skip_to(value, ";");
        }
    }
    return std::nullopt;
}

std::string take_value(std::string_view& text, std::string_view end_marks) {
    if (text.starts_with('"')) {
        return take_quoted(text);
    }
    const std::string_view value = text.substr(0, text.find_first_of(end_marks));
    text.remove_prefix(value.size());
    return std::string(value);
}

} // namespace ringcast::http
