#include "config/load_renditions.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/assign.hpp"
#include "config/keys.hpp"
#include "config/toml_text.hpp"

namespace ringcast::config {

namespace {

constexpr std::size_t renditions_max = 8;
constexpr std::string_view section_name = "renditions";
/// Those that every stream has.
constexpr std::array<std::string_view, 3> reserved{"full", "half", "quarter"};

std::string name_problem(std::string_view name) {
    if (std::ranges::find(reserved, name) != reserved.end()) {
        return "every stream has this rendition already: choose another name";
    }
    return stream_name_problem(name);
}

RenditionConfig read_rendition(Reader& reader, const Entry& entry, const Section& rendition) {
    RenditionConfig read;
    read.name = entry.key;
    reader.check_key_names(rendition, {});
    const Key& size = find_key(section_name, "size");
    reader.require(entry.position, rendition, size);
    assign(read.size, reader.picture_size(rendition, size));
    read.fps = reader.number(rendition, find_key(section_name, "fps"));
    assign(read.quality, reader.number(rendition, find_key(section_name, "quality")));
    return read;
}

} // namespace

std::vector<RenditionConfig> read_renditions(Reader& reader, const Section& stream) {
    const Key& key = find_key("streams", "renditions");
    const Node* node = stream.table.find(key.name);
    if (node == nullptr) {
        return {};
    }
    const auto* table = node->as<Table>();
    if (table == nullptr) {
        reader.refuse(*node, stream, key);
        return {};
    }
    const std::string path = fmt::format("{}.{}", stream.path, key.name);
    if (table->entries.size() > renditions_max) {
        reader.report(node->position, path,
                      fmt::format("found {} renditions, expected at most {}", table->entries.size(),
                                  renditions_max));
        return {};
    }
    std::vector<RenditionConfig> renditions;
    for (const Entry& entry : table->entries) {
        const std::string entry_path = fmt::format("{}.{}", path, toml_key(entry.key));
        const auto* written = entry.value.as<Table>();
        if (written == nullptr) {
            reader.report(entry.value.position, entry_path,
                          fmt::format("found {}, expected a table, as in {{ size = \"480x270\" }}",
                                      found_text(entry.value)));
            continue;
        }
        if (std::string problem = name_problem(entry.key); !problem.empty()) {
            reader.report(entry.position, entry_path, std::move(problem));
        }
        renditions.push_back(read_rendition(reader, entry, {*written, section_name, entry_path}));
    }
    return renditions;
}

Adapt read_adapt(Reader& reader, const Section& stream) {
    const Key& key = find_key("streams", "adapt");
    const Node* node = stream.table.find(key.name);
    if (node == nullptr) {
        return Adapt::browsers;
    }
    if (const bool* adapts = node->as<bool>()) {
        return *adapts ? Adapt::everybody : Adapt::nobody;
    }
    if (const auto* text = node->as<std::string>(); text == nullptr || *text != "auto") {
        reader.refuse(*node, stream, key);
    }
    return Adapt::browsers;
}

} // namespace ringcast::config
