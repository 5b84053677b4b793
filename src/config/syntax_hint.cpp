#include "config/syntax_hint.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/core.h>

#include "config/toml_text.hpp"

namespace ringcast::config {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::string_view line_at(std::string_view text, std::uint32_t number) noexcept {
    for (std::uint32_t line = 1; line < number; ++line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return {};
        }
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

bool begins_character(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; // no continuation byte of UTF-8
}

/// Columns count characters, from 1.
std::size_t offset_of(std::string_view line, std::uint32_t column) noexcept {
    std::size_t offset = 0;
    while (offset < line.size() && column > 1) {
        ++offset;
        if (offset == line.size() || begins_character(line[offset])) {
            --column;
        }
    }
    return offset;
}

std::uint32_t column_of(std::string_view line, std::size_t offset) noexcept {
    return 1 + static_cast<std::uint32_t>(
                   std::ranges::count_if(line.substr(0, offset), begins_character));
}

/// A line outside its quotes.
struct Outline {
    std::size_t end = 0; ///< of what precedes the comment
    std::size_t open_quote = std::string_view::npos;
    std::size_t equals = std::string_view::npos; ///< the first =
    std::size_t token = 0;                       ///< begin of the value or list entry at a place
};

/// `place`: an offset in the line.
Outline outline(std::string_view line, std::size_t place) noexcept {
    Outline found;
    char quote = '\0';
    std::size_t at = 0;
    for (; at < line.size(); ++at) {
        const char c = line[at];
        if (quote != '\0') {
            at += quote == '"' && c == '\\' ? 1 : 0;
            quote = c == quote ? '\0' : quote;
            continue;
        }
        if (c == '#') {
            break;
        }
        if (c == '"' || c == '\'') {
            quote = c;
            found.open_quote = at;
        } else if (c == '=' && found.equals == std::string_view::npos) {
            found.equals = at;
        }
        if (at < place && (c == '=' || c == '[' || c == '{' || c == ',')) {
            found.token = at + 1;
        }
    }
    found.end = std::min(at, line.size());
    found.open_quote = quote == '\0' ? std::string_view::npos : found.open_quote;
    return found;
}

/// A corrected value as it should be written: with its key if it is the whole value.
std::string corrected(std::string_view line, const Outline& found, std::string_view value) {
    const bool whole_value =
        found.equals != std::string_view::npos && found.token == found.equals + 1;
    return whole_value ? fmt::format("{} = {}", trimmed(line.substr(0, found.equals)), value)
                       : std::string(value);
}

/// "true" or "false" for a word that other formats (YAML, Python, INI files) use for it; else empty.
std::string_view boolean_meant_by(std::string_view word) {
    std::string lower(word);
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    constexpr std::array<std::string_view, 3> yes{"true", "yes", "on"};
    constexpr std::array<std::string_view, 3> no{"false", "no", "off"};
    if (std::ranges::find(yes, lower) != yes.end()) {
        return "true";
    }
    return std::ranges::find(no, lower) != no.end() ? "false" : std::string_view();
}

constexpr std::size_t typographic_quote_bytes = 3;

/// One of the quotation marks U+2018 to U+201F, in UTF-8, which word processors and web pages
/// put in place of straight ones.
bool begins_with_typographic_quote(std::string_view text) noexcept {
    return text.size() >= typographic_quote_bytes && text.starts_with("\xE2\x80") &&
           static_cast<unsigned char>(text[2]) >= 0x98 &&
           static_cast<unsigned char>(text[2]) <= 0x9F;
}

/// A text in typographic quotes at the beginning of `text`.
struct TypographicText {
    std::string_view whole; ///< with its quotes
    std::string_view inner; ///< without
};

std::optional<TypographicText> typographic_text(std::string_view text) noexcept {
    if (!begins_with_typographic_quote(text)) {
        return std::nullopt;
    }
    for (std::size_t at = typographic_quote_bytes; at < text.size(); ++at) {
        if (begins_with_typographic_quote(text.substr(at))) {
            return TypographicText{
                text.substr(0, at + typographic_quote_bytes),
                text.substr(typographic_quote_bytes, at - typographic_quote_bytes)};
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<SyntaxHint> explain_syntax_error(std::string_view text, Position at,
                                               std::string_view description) {
    const std::string_view line = line_at(text, at.line);
    const bool multi_line =
        line.find("\"\"\"") != std::string_view::npos || line.find("'''") != std::string_view::npos;
    const bool printable = std::ranges::none_of(line, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r') || c == 0x7f;
    });
    if (multi_line || !printable) {
        return std::nullopt;
    }
    const Outline found = outline(line, offset_of(line, at.column));
    const auto hint = [&](std::size_t offset, std::string message) {
        return SyntaxHint{{at.line, column_of(line, offset)}, std::move(message)};
    };
    if (found.open_quote != std::string_view::npos) {
        return hint(found.open_quote, fmt::format("the quote {} that opens here is not closed in "
                                                  "this line",
                                                  line[found.open_quote]));
    }
    const std::string_view whole = trimmed(line.substr(0, found.end));
    if (whole.empty() || whole.front() == '[') {
        return std::nullopt;
    }
    if (found.equals == std::string_view::npos &&
        description.find("expected '='") != std::string_view::npos) {
        return hint(line.find_first_not_of(blanks),
                    fmt::format("found {}, expected NAME = VALUE or [SECTION]", whole));
    }
    const std::string_view rest = line.substr(found.token, found.end - found.token);
    if (const auto quoted = typographic_text(trimmed(rest))) {
        return hint(found.token + rest.find_first_not_of(blanks),
                    fmt::format("found {} in typographic quotes, expected {}", quoted->whole,
                                corrected(line, found, toml_quoted(quoted->inner))));
    }
    // Up to the end of the line or of the list entry.
    const std::string_view word = trimmed(rest.substr(0, rest.find_first_of(",]}")));
    if (word.empty()) {
        return found.token == found.equals + 1 && trimmed(rest).empty()
                   ? std::optional(
                         hint(found.equals, fmt::format("found no value behind {} =",
                                                        trimmed(line.substr(0, found.equals)))))
                   : std::nullopt;
    }
    if (word.find_first_of("\"'[{=") != std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t begin = found.token + rest.find_first_not_of(blanks);
    if (const std::string_view boolean = boolean_meant_by(word); !boolean.empty()) {
        return hint(begin,
                    fmt::format("found {}, expected {}", word, corrected(line, found, boolean)));
    }
    return hint(begin, fmt::format("found {} without quotes, expected {}", word,
                                   corrected(line, found, toml_quoted(word))));
}

} // namespace ringcast::config
