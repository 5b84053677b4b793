#include "access/entries.hpp"

#include <optional>
#include <unordered_map>

#include <fmt/core.h>

#include "access/names.hpp"
#include "http/field_syntax.hpp"

namespace ringcast::access {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string_view without_byte_order_mark(std::string_view text) noexcept {
    text.remove_prefix(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
    return text;
}

/// Without white space around it, of which the CR of a line end is some. Empty for a comment.
std::string_view content_of(std::string_view line) noexcept {
    const std::string_view content = http::trimmed(line, " \t\r");
    return content.starts_with('#') ? std::string_view() : content;
}

/// Removes the first line from `text`, and returns it without its end.
std::string_view take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

/// Empty if the line is a comment, or has no colon.
std::string_view name_in_line(std::string_view line) noexcept {
    const std::string_view content = content_of(line);
    const std::size_t colon = content.find(':');
    return colon == std::string_view::npos ? std::string_view() : content.substr(0, colon);
}

/// Replaces the first line of `name` by `line`, if there is one, and removes the others.
std::string replace_lines(std::string_view text, std::string_view name,
                          std::optional<std::string_view> line) {
    std::string result;
    if (text.starts_with(byte_order_mark)) {
        result = byte_order_mark;
        text.remove_prefix(byte_order_mark.size());
    }
    while (!text.empty()) {
        const std::string_view rest = text;
        const std::string_view present = take_line(text);
        if (name_in_line(present) != name) {
            result += rest.substr(0, rest.size() - text.size());
        } else if (line) {
            result += *line;
            result += present.ends_with('\r') ? "\r\n" : "\n";
            line.reset();
        }
    }
    if (line) {
        if (!result.empty() && !result.ends_with('\n')) {
            result += '\n';
        }
        result += *line;
        result += '\n';
    }
    return result;
}

} // namespace

Result<std::vector<Entry>> read_entries(std::string_view text, std::string_view file,
                                        std::string_view form) {
    if (text.size() > access_file_bytes_max) {
        return fail(fmt::format("{}: the file is larger than {} KiB, expected lines {}", file,
                                access_file_bytes_max / 1024, form));
    }
    text = without_byte_order_mark(text);
    std::vector<Entry> entries;
    std::unordered_map<std::string_view, std::size_t> lines_by_name;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = content_of(take_line(text));
        if (line.empty()) {
            continue;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon + 1 == line.size()) {
            return fail(fmt::format("{}:{}: expected {}", file, number, form));
        }
        const std::string_view name = line.substr(0, colon);
        if (!is_user_name(name)) {
            return fail(fmt::format(
                "{}:{}: invalid name, expected 1 to {} letters, digits, -, _, . and @ before the colon",
                file, number, user_name_bytes_max));
        }
        const auto [first, is_new] = lines_by_name.try_emplace(name, number);
        if (!is_new) {
            return fail(fmt::format("{}:{}: line {} has the same name: remove one of the two", file,
                                    number, first->second));
        }
        if (entries.size() == access_entries_max) {
            return fail(
                fmt::format("{}:{}: expected at most {} names", file, number, access_entries_max));
        }
        entries.push_back({number, name, line.substr(colon + 1)});
    }
    if (entries.empty()) {
        return fail(
            fmt::format("{}: an empty file would lock everybody out: add a line {}", file, form));
    }
    return entries;
}

bool has_entries(std::string_view text) noexcept {
    text = without_byte_order_mark(text);
    while (!text.empty()) {
        if (!content_of(take_line(text)).empty()) {
            return true;
        }
    }
    return false;
}

std::string with_entry(std::string_view text, std::string_view name, std::string_view line) {
    return replace_lines(text, name, line);
}

std::string without_entry(std::string_view text, std::string_view name) {
    return replace_lines(text, name, std::nullopt);
}

} // namespace ringcast::access
