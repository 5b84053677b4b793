#include "config/load_listen.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "config/did_you_mean.hpp"
#include "config/keys.hpp"
#include "config/listen_address.hpp"
#include "config/toml_text.hpp"

namespace ringcast::config {

namespace {

constexpr std::array<std::string_view, 5> listen_keys{"address", "mode", "group", "proxy_protocol",
                                                      "access"};
constexpr std::string_view expected_mode = R"(expected octal permissions, as in "0660")";
constexpr std::string_view expected_group = "expected the name of a group";

/// One entry of the list, and its name in messages: "http.listen[0]".
struct ListEntry {
    const Node& node;
    std::string path;
};

std::optional<ListenAddress> read_address(Reader& reader, const Node& node,
                                          const std::string& path) {
    const auto* text = node.as<std::string>();
    if (text == nullptr || text->find('\0') != std::string::npos) {
        reader.report(
            node.position, path,
            fmt::format("found {}, expected {}", found_text(node), listen_address_expected));
        return std::nullopt;
    }
    auto address = parse_listen_address(*text);
    if (!address) {
        reader.report(node.position, path,
                      fmt::format("found {}: {}; expected {}", found_text(node),
                                  address.error().message, listen_address_expected));
        return std::nullopt;
    }
    return std::move(*address);
}

/// "0660" or "660"; nothing if it is something else.
std::optional<std::uint32_t> parse_mode(const std::string& text) noexcept {
    constexpr std::uint32_t mode_max = 0777;
    if (text.empty() || text.size() > 4 ||
        text.find_first_not_of("01234567") != std::string::npos) {
        return std::nullopt;
    }
    std::uint32_t mode = 0;
    for (const char digit : text) {
        mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
    }
    return mode <= mode_max ? std::optional(mode) : std::nullopt;
}

/// The properties that only a UNIX socket's file has.
void read_file_property(Reader& reader, const Entry& entry, const std::string& path,
                        ListenConfig& listen) {
    const auto* text = entry.value.as<std::string>();
    const bool is_mode = entry.key == "mode";
    if (!std::holds_alternative<ListenUnix>(listen.address)) {
        reader.report(entry.position, path, "applies to the file of a UNIX socket only");
    } else if (is_mode) {
        const auto mode = text == nullptr ? std::nullopt : parse_mode(*text);
        if (!mode) {
            reader.report(entry.value.position, path,
                          fmt::format("found {}, {}", found_text(entry.value), expected_mode));
        }
        listen.mode = mode.value_or(listen.mode);
    } else if (text == nullptr || text->empty() || text->find('\0') != std::string::npos) {
        reader.report(entry.value.position, path,
                      fmt::format("found {}, {}", found_text(entry.value), expected_group));
    } else {
        listen.group = *text;
    }
}

void read_property(Reader& reader, const Entry& entry, const std::string& path,
                   ListenConfig& listen) {
    const auto* text = entry.value.as<std::string>();
    const auto* flag = entry.value.as<bool>();
    if (entry.key == "mode" || entry.key == "group") {
        read_file_property(reader, entry, path, listen);
    } else if (entry.key == "proxy_protocol") {
        if (flag == nullptr) {
            reader.report(entry.value.position, path,
                          fmt::format("found {}, expected true or false", found_text(entry.value)));
        }
        listen.proxy_protocol = flag != nullptr && *flag;
    } else if (entry.key == "access") {
        if (text == nullptr || (*text != "public" && *text != "default")) {
            reader.report(entry.value.position, path,
                          fmt::format(R"(found {}, expected "default" or "public")",
                                      found_text(entry.value)));
        }
        listen.open = text != nullptr && *text == "public";
    } else if (entry.key != "address") {
        const auto hint = closest(entry.key, listen_keys);
        reader.report(entry.position, path,
                      fmt::format("unknown key, expected one of {}{}", fmt::join(listen_keys, ", "),
                                  hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
    }
}

std::optional<ListenConfig> read_entry(Reader& reader, const ListEntry& entry) {
    const auto* table = entry.node.as<Table>();
    if (table == nullptr) {
        auto address = read_address(reader, entry.node, entry.path);
        return address ? std::optional(ListenConfig{std::move(*address)}) : std::nullopt;
    }
    const Node* written = table->find("address");
    if (written == nullptr) {
        reader.report(entry.node.position, entry.path + ".address",
                      fmt::format("is missing, expected {}", listen_address_expected));
        return std::nullopt;
    }
    auto address = read_address(reader, *written, entry.path + ".address");
    if (!address) {
        return std::nullopt;
    }
    ListenConfig listen{std::move(*address)};
    for (const Entry& property : table->entries) {
        read_property(reader, property, fmt::format("{}.{}", entry.path, toml_key(property.key)),
                      listen);
    }
    return listen;
}

} // namespace

void read_listen(Reader& reader, const Section& section, HttpConfig& http) {
    const Key& key = find_key("http", "listen");
    const Node* node = section.table.find(key.name);
    if (node == nullptr) {
        return;
    }
    const auto* list = node->as<List>();
    if (list == nullptr || list->empty()) {
        return reader.refuse(*node, section, key);
    }
    if (list->size() > listen_addresses_max) {
        return reader.report(node->position, fmt::format("{}.{}", section.path, key.name),
                             fmt::format("found {} entries, expected at most {}", list->size(),
                                         listen_addresses_max));
    }
    http.listen.clear();
    http.listen_is_default = false;
    for (const Node& element : *list) {
        const ListEntry entry{
            element, fmt::format("{}.{}[{}]", section.path, key.name, &element - list->data())};
        auto read = read_entry(reader, entry);
        if (!read) {
            continue;
        }
        const auto* tcp = std::get_if<ListenTcp>(&read->address);
        const bool chosen_by_kernel = tcp != nullptr && tcp->port == 0; // another one each time
        if (!chosen_by_kernel && std::ranges::find(http.listen, read->address,
                                                   &ListenConfig::address) != http.listen.end()) {
            reader.report(element.position, entry.path,
                          fmt::format("found {} a second time, expected each address once",
                                      toml_quoted(listen_address_text(read->address))));
        } else {
            http.listen.push_back(std::move(*read));
        }
    }
}

} // namespace ringcast::config
