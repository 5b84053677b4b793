#include "config/document.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <toml++/toml.h>

#include "config/syntax_hint.hpp"

namespace ringcast::config {

namespace {

Position position_of(const toml::source_region& region) noexcept {
    return {region.begin.line, region.begin.column};
}

// Recursion is bounded: toml++ rejects documents nested deeper than 256 levels.
Node convert(const toml::node& node);

Table convert_table(const toml::table& table) {
    Table converted;
    for (const auto& [key, value] : table) {
        converted.entries.push_back(
            {std::string(key.str()), position_of(key.source()), convert(value)});
    }
    // toml++ sorts keys by name. No two keys of a table have the same position.
    std::ranges::stable_sort(converted.entries, {}, &Entry::position);
    return converted;
}

Node convert(const toml::node& node) {
    Node converted{position_of(node.source()), Moment{}};
    if (const auto* text = node.as_string()) {
        converted.value = text->get();
    } else if (const auto* integer = node.as_integer()) {
        converted.value = integer->get();
    } else if (const auto* number = node.as_floating_point()) {
        converted.value = number->get();
    } else if (const auto* boolean = node.as_boolean()) {
        converted.value = boolean->get();
    } else if (const auto* table = node.as_table()) {
        converted.value = convert_table(*table);
    } else if (const auto* array = node.as_array()) {
        List list;
        list.reserve(array->size());
        for (const toml::node& element : *array) {
            list.push_back(convert(element));
        }
        converted.value = std::move(list);
    }
    return converted;
}

/// Replaces control characters, which toml++ may quote from the file: a message is one line, and
/// safe to print.
std::string on_one_line(std::string_view description) {
    std::string line(description);
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return line;
}

} // namespace

const Node* Table::find(std::string_view key) const noexcept {
    const auto found = std::ranges::find(entries, key, &Entry::key);
    return found == entries.end() ? nullptr : &found->value;
}

tl::expected<Node, Problem> parse_document(std::string_view text) {
    try {
        const toml::table root = toml::parse(text, std::string_view());
        return Node{position_of(root.source()), convert_table(root)};
    } catch (const toml::parse_error& error) {
        const Position at = position_of(error.source());
        if (auto hint = explain_syntax_error(text, at, error.description())) {
            return tl::unexpected(
                Problem{hint->position.line, hint->position.column, "", std::move(hint->message)});
        }
        return tl::unexpected(Problem{at.line, at.column, "", on_one_line(error.description())});
    }
}

} // namespace ringcast::config
