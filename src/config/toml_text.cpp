#include "config/toml_text.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/core.h>

namespace ringcast::config {

namespace {

/// The words of a simple shell line; nothing if a quote is not closed.
std::optional<std::vector<std::string>> split_words(std::string_view line) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = '\0';
    for (const char c : line) {
        if (quote != '\0' ? c == quote : (c == '"' || c == '\'')) {
            quote = quote != '\0' ? '\0' : c;
        } else if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
            in_word = false;
            continue;
        } else {
            if (!in_word) {
                words.emplace_back();
            }
            words.back().push_back(c);
            in_word = true;
            continue;
        }
        if (!in_word) {
            words.emplace_back(); // an opening quote begins a word, even an empty one
            in_word = true;
        }
    }
    return quote == '\0' ? std::optional(std::move(words)) : std::nullopt;
}

} // namespace

std::string toml_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        switch (c) {
        case '"':
            quoted += "\\\"";
            break;
        case '\\':
            quoted += "\\\\";
            break;
        case '\n':
            quoted += "\\n";
            break;
        case '\t':
            quoted += "\\t";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
            } else {
                quoted += c;
            }
        }
    }
    return quoted + '"';
}

std::string toml_key(std::string_view text) {
    const bool bare = !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
    return bare ? std::string(text) : toml_quoted(text);
}

std::string toml_list(std::span<const std::string> words) {
    std::string list = "[";
    for (const std::string& word : words) {
        list += list.size() > 1 ? ", " : "";
        list += toml_quoted(word);
    }
    return list + "]";
}

std::string shell_line_as_toml_list(std::string_view line) {
    constexpr std::string_view needs_a_shell = "|&;<>()$`\\*?[~{}";
    if (line.find_first_of(needs_a_shell) == std::string_view::npos) {
        if (const auto words = split_words(line); words && !words->empty()) {
            return toml_list(*words);
        }
    }
    return toml_list(std::vector<std::string>{"sh", "-c", std::string(line)});
}

} // namespace ringcast::config
