#include "config/reader.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "config/did_you_mean.hpp"
#include "config/toml_text.hpp"
#include "config/units.hpp"

namespace ringcast::config {

namespace {

/// Quoted, and cut if too long: between UTF-8 characters, not inside one.
std::string shortened(std::string_view text) {
    constexpr std::size_t shown_bytes_max = 60;
    if (text.size() <= shown_bytes_max) {
        return toml_quoted(text);
    }
    std::size_t end = shown_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return toml_quoted(std::string(text.substr(0, end)) + "...");
}

std::string did_you_mean(std::optional<std::string_view> hint) {
    return hint ? fmt::format("; did you mean \"{}\"?", *hint) : std::string();
}

std::vector<std::string_view> keys_of(std::string_view section, std::string_view source) {
    std::vector<std::string_view> names;
    for (const Key& key : all_keys()) {
        const bool fits = source.empty() || key.source.empty() || key.source == source;
        if (key.section == section && fits && std::ranges::find(names, key.name) == names.end()) {
            names.push_back(key.name);
        }
    }
    return names;
}

std::string unknown_key_message(const Section& section, std::string_view key,
                                std::string_view source, std::span<const std::string_view> known) {
    if (section.name == streams_section && key == "orientation") { // until version 0.1
        return R"(has been replaced, for every source, by rotate = "90", "180" or "270" (clockwise) )"
               "and mirror = true";
    }
    std::string elsewhere;
    for (const Key& candidate : all_keys()) {
        if (candidate.name == key && candidate.section == section.name) {
            elsewhere += fmt::format("{}\"{}\"", elsewhere.empty() ? "" : " or ", candidate.source);
        }
    }
    if (!elsewhere.empty()) {
        return fmt::format("belongs to source = {}, but this stream has source = \"{}\", "
                           "expected one of {}",
                           elsewhere, source, fmt::join(known, ", "));
    }
    return fmt::format("unknown key, expected one of {}{}", fmt::join(known, ", "),
                       did_you_mean(closest(key, known)));
}

std::optional<double> number_of(const Node& node, ValueKind kind) {
    const auto* written = node.as<std::string>();
    const auto* whole = node.as<std::int64_t>();
    if (kind == ValueKind::duration && written != nullptr) {
        if (const auto duration = parse_duration(*written)) {
            return std::chrono::duration<double>(*duration).count();
        }
    } else if (kind == ValueKind::bytes && written != nullptr) {
        if (const auto bytes = parse_bytes(*written)) {
            return static_cast<double>(*bytes);
        }
    } else if ((kind == ValueKind::integer || kind == ValueKind::number) && whole != nullptr) {
        return static_cast<double>(*whole);
    } else if (kind == ValueKind::number && node.as<double>() != nullptr) {
        return *node.as<double>();
    }
    return std::nullopt;
}

std::optional<double> finite_number(const Node& node) {
    const auto number = number_of(node, ValueKind::number);
    return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<ControlSetting::Value> control_value(const Node& node) {
    constexpr std::size_t numbers_max = 64;
    if (const auto* boolean = node.as<bool>()) {
        return *boolean;
    }
    if (const auto* integer = node.as<std::int64_t>()) {
        return *integer;
    }
    if (const auto* text = node.as<std::string>(); text != nullptr && !text->empty()) {
        return *text;
    }
    if (const auto number = finite_number(node)) {
        return *number;
    }
    const auto* list = node.as<List>();
    if (list == nullptr || list->empty() || list->size() > numbers_max) {
        return std::nullopt;
    }
    std::vector<double> numbers;
    for (const Node& element : *list) {
        if (const auto number = finite_number(element)) {
            numbers.push_back(*number);
        }
    }
    return numbers.size() == list->size() ? std::optional<ControlSetting::Value>(std::move(numbers))
                                          : std::nullopt;
}

} // namespace

std::string found_text(const Node& node) {
    if (const auto* text = node.as<std::string>()) {
        return shortened(*text);
    }
    if (const auto* integer = node.as<std::int64_t>()) {
        return fmt::format("{}", *integer);
    }
    if (const auto* number = node.as<double>()) {
        return number_text(*number);
    }
    if (const auto* boolean = node.as<bool>()) {
        return *boolean ? "true" : "false";
    }
    if (const auto* list = node.as<List>()) {
        return list->empty() ? "an empty list" : "a list";
    }
    return node.as<Table>() != nullptr ? "a table" : "a date or time";
}

void Reader::report(Position where, std::string key, std::string message) {
    problems_.push_back({where.line, where.column, std::move(key), std::move(message)});
}

void Reader::refuse(const Node& found, const Section& section, const Key& key,
                    std::string_view hint) {
    report(found.position, fmt::format("{}.{}", section.path, key.name),
           fmt::format("found {}, expected {}{}", found_text(found), expected_text(key), hint));
}

void Reader::require(Position header, const Section& section, const Key& key) {
    if (section.table.find(key.name) == nullptr) {
        report(header, fmt::format("{}.{}", section.path, key.name),
               fmt::format("is missing, expected {}", expected_text(key)));
    }
}

void Reader::check_section_names(const Table& root) {
    const auto known = section_names();
    for (const Entry& entry : root.entries) {
        if (std::ranges::find(known, entry.key) != known.end()) {
            continue;
        }
        std::string message =
            fmt::format("unknown section, expected one of {}{}", fmt::join(known, ", "),
                        did_you_mean(closest(entry.key, known)));
        // A known key, written above the first section's header.
        const auto home = std::ranges::find_if(all_keys(), [&](const Key& key) {
            return key.name == entry.key && std::ranges::find(known, key.section) != known.end();
        });
        if (home != all_keys().end() && entry.value.as<Table>() == nullptr) {
            message = fmt::format("is outside any section, expected it in [{}{}]", home->section,
                                  home->section == streams_section ? ".NAME" : "");
        }
        report(entry.position, toml_key(entry.key), std::move(message));
    }
}

void Reader::check_key_names(const Section& section, std::string_view source) {
    const auto known = keys_of(section.name, source);
    for (const Entry& entry : section.table.entries) {
        if (std::ranges::find(known, entry.key) == known.end()) {
            report(entry.position, fmt::format("{}.{}", section.path, toml_key(entry.key)),
                   unknown_key_message(section, entry.key, source, known));
        }
    }
}

std::optional<Section> Reader::section(const Table& root, std::string_view name) {
    const Node* node = root.find(name);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (const auto* table = node->as<Table>()) {
        return Section{*table, name, std::string(name)};
    }
    report(node->position, std::string(name),
           fmt::format("found {}, expected a table, as in [{}{}]", found_text(*node), name,
                       name == streams_section ? ".NAME" : ""));
    return std::nullopt;
}

std::optional<std::string> Reader::text(const Section& section, const Key& key) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* value = node->as<std::string>();
    // System calls would cut the text at a NUL.
    if (value == nullptr || value->empty() || value->find('\0') != std::string::npos) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    return *value;
}

std::optional<std::string> Reader::choice(const Section& section, const Key& key,
                                          std::span<const std::string_view> names) {
    auto value = text(section, key);
    if (value && std::ranges::find(names, *value) == names.end()) {
        refuse(*section.table.find(key.name), section, key, did_you_mean(closest(*value, names)));
        return std::nullopt;
    }
    return value;
}

std::optional<double> Reader::number(const Section& section, const Key& key) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto value = number_of(*node, key.kind);
    if (!value || !within_limits(key, *value)) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    return value;
}

std::optional<bool> Reader::boolean(const Section& section, const Key& key) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->as<bool>() == nullptr) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    return *node->as<bool>();
}

std::optional<PictureSize> Reader::picture_size(const Section& section, const Key& key) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* written = node->as<std::string>();
    const auto size = written == nullptr ? std::nullopt : parse_picture_size(*written);
    if (!size || !within_limits(key, *size)) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    return size;
}

std::optional<std::string> Reader::text_or_index(const Section& section, const Key& key) {
    const Node* node = section.table.find(key.name);
    const auto* index = node == nullptr ? nullptr : node->as<std::int64_t>();
    if (index == nullptr) {
        return text(section, key);
    }
    if (!within_limits(key, static_cast<double>(*index))) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    return fmt::format("{}", *index);
}

std::optional<std::vector<ControlSetting>> Reader::controls(const Section& section, const Key& key,
                                                            std::size_t count_max) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* table = node->as<Table>();
    if (table == nullptr) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    if (table->entries.size() > count_max) {
        report(node->position, fmt::format("{}.{}", section.path, key.name),
               fmt::format("found {} controls, expected at most {}", table->entries.size(),
                           count_max));
        return std::nullopt;
    }
    std::vector<ControlSetting> controls;
    for (const Entry& entry : table->entries) {
        if (auto value = control_value(entry.value)) {
            controls.push_back({entry.key, std::move(*value)});
        } else {
            report(entry.value.position,
                   fmt::format("{}.{}.{}", section.path, key.name, toml_key(entry.key)),
                   fmt::format("found {}, expected a control's value: true or false, a number, a "
                               "name in quotes, or a list of numbers",
                               found_text(entry.value)));
        }
    }
    return controls;
}

std::optional<std::vector<ListedText>> Reader::texts(const Section& section, const Key& key,
                                                     std::size_t count_max) {
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* list = node->as<List>();
    if (list == nullptr) {
        refuse(*node, section, key);
        return std::nullopt;
    }
    if (list->size() > count_max) {
        report(node->position, fmt::format("{}.{}", section.path, key.name),
               fmt::format("found {} entries, expected at most {}", list->size(), count_max));
        return std::nullopt;
    }
    std::vector<ListedText> values;
    bool complete = true;
    for (const Node& element : *list) {
        const auto* value = element.as<std::string>();
        std::string path =
            fmt::format("{}.{}[{}]", section.path, key.name, &element - list->data());
        if (value == nullptr || value->find('\0') != std::string::npos) {
            report(element.position, std::move(path),
                   fmt::format("found {}, expected text in quotes", found_text(element)));
            complete = false;
        } else {
            values.push_back({element, std::move(path), *value});
        }
    }
    return complete ? std::optional(std::move(values)) : std::nullopt;
}

std::vector<Problem> Reader::take_problems() {
    std::ranges::stable_sort(problems_, {}, [](const Problem& problem) {
        return std::pair(problem.line, problem.column);
    });
    return std::move(problems_);
}

} // namespace ringcast::config
