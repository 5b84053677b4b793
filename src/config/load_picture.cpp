#include "config/load_picture.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "config/assign.hpp"
#include "config/keys.hpp"

namespace ringcast::config {

namespace {

constexpr std::size_t text_bytes_max = 100;
/// Conversions of strftime, without those for tabs and line ends.
constexpr std::string_view conversions = "%aAbBcCdDeFgGhHIjklmMpPrRsSTuUVwWxXyYzZ";

/// What is wrong with the text; empty if nothing is.
std::string text_problem(std::string_view text) {
    // The characters that the font has.
    const bool printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    if (!printable) {
        return "; the font has printable ASCII characters only, so no umlauts, accents or symbols";
    }
    for (std::size_t i = text.find('%'); i < text.size(); i = text.find('%', i + 2)) {
        const std::string_view conversion = text.substr(i + 1, 1);
        if (conversion.empty() || conversions.find(conversion) == std::string_view::npos) {
            return fmt::format("; %{} is no conversion that is supported (a percent sign is %%)",
                               conversion);
        }
    }
    return text.size() > text_bytes_max ? fmt::format("; it is {} characters long", text.size())
                                        : std::string();
}

} // namespace

PictureTurn read_turn(Reader& reader, const Section& stream) {
    PictureTurn turn;
    if (const auto name =
            reader.choice(stream, find_key(streams_section, "rotate"), rotation_names())) {
        turn.rotate = *parse_rotation(*name);
    }
    assign(turn.mirror, reader.boolean(stream, find_key(streams_section, "mirror")));
    return turn;
}

std::optional<OverlayConfig> read_overlay(Reader& reader, const Section& stream) {
    constexpr std::string_view section_name = "overlay";
    const Key& key = find_key(streams_section, section_name);
    const Node* const node = stream.table.find(key.name);
    if (node == nullptr) {
        return std::nullopt;
    }
    const auto* const table = node->as<Table>();
    if (table == nullptr) {
        reader.refuse(*node, stream, key);
        return std::nullopt;
    }
    const Section section{*table, section_name, fmt::format("{}.{}", stream.path, key.name)};
    reader.check_key_names(section, {});
    const Key& text_key = find_key(section_name, "text");
    reader.require(node->position, section, text_key);
    OverlayConfig overlay;
    overlay.text = reader.text(section, text_key).value_or("");
    if (const std::string problem = text_problem(overlay.text); !problem.empty()) {
        reader.refuse(*table->find(text_key.name), section, text_key, problem);
    }
    if (const auto corner =
            reader.choice(section, find_key(section_name, "position"), corner_names())) {
        overlay.position = *parse_corner(*corner);
    }
    return overlay;
}

} // namespace ringcast::config
