#include "config/load_access.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "config/keys.hpp"
#include "http/ip_address.hpp"

namespace ringcast::config {

namespace {

constexpr std::string_view everybody = "public";

/// A path that is relative would depend on the directory in which ringcast is started.
void read_path(Reader& reader, const Section& section, std::string_view name, std::string& path) {
    const Key& key = find_key("access", name);
    const auto written = reader.text(section, key);
    if (written && !written->starts_with('/')) {
        reader.refuse(*section.table.find(key.name), section, key);
    }
    path = written.value_or("");
}

std::vector<std::string> read_names(Reader& reader, const Section& section, const Key& key) {
    std::vector<std::string> names;
    const auto list = reader.texts(section, key, access_names_max);
    for (const ListedText& entry : list.value_or(std::vector<ListedText>())) {
        if (entry.text.empty() || entry.text == everybody) {
            reader.report(
                entry.node.position, entry.path,
                fmt::format("found {}, expected {}", found_text(entry.node), key.expected));
        }
        names.emplace_back(entry.text);
    }
    return names;
}

void read_trusted_proxies(Reader& reader, const Section& section, std::vector<std::string>& read) {
    const auto list =
        reader.texts(section, find_key("access", "trusted_proxies"), trusted_proxies_max);
    for (const ListedText& entry : list.value_or(std::vector<ListedText>())) {
        const std::string text(entry.text);
        if (const auto parsed = http::AddressSet::parse(std::span(&text, 1)); !parsed) {
            reader.report(entry.node.position, entry.path, parsed.error().message);
        }
        read.push_back(text);
    }
}

/// Without users and tokens, the server would be open, which nobody expects who writes these.
void refuse_without_files(Reader& reader, const Section& section, const AccessConfig& access) {
    constexpr std::array<std::string_view, 2> pointless{"link_key_file", "admins"};
    bool reported = false;
    for (const std::string_view name : pointless) {
        if (const Node* node = section.table.find(name)) {
            reader.report(node->position, fmt::format("{}.{}", section.path, name),
                          "has no effect without users_file or tokens_file: everybody could watch");
            reported = true;
        }
    }
    const bool invalid_path =
        section.table.find("users_file") != nullptr || section.table.find("tokens_file") != nullptr;
    if (!reported && !invalid_path && access.trusted_proxies.empty()) {
        const Node* trusted = section.table.find("trusted_proxies");
        reader.report(
            trusted == nullptr ? Position{} : trusted->position, section.path,
            "found neither users_file nor tokens_file, so everybody could watch: expected "
            "one of them");
    }
}

} // namespace

void read_access(Reader& reader, const Table& root, AccessConfig& access) {
    const auto section = reader.section(root, "access");
    if (!section) {
        return;
    }
    reader.check_key_names(*section, {});
    read_path(reader, *section, "users_file", access.users_file);
    read_path(reader, *section, "tokens_file", access.tokens_file);
    read_path(reader, *section, "link_key_file", access.link_key_file);
    read_trusted_proxies(reader, *section, access.trusted_proxies);
    access.admins = read_names(reader, *section, find_key("access", "admins"));
    if (!access.restricted()) {
        refuse_without_files(reader, *section, access);
    } else if (access.link_key_file.empty()) {
        const std::string& file =
            access.users_file.empty() ? access.tokens_file : access.users_file;
        access.link_key_file = file.substr(0, file.rfind('/') + 1) + "link.key";
    }
}

StreamViewers read_stream_viewers(Reader& reader, const Section& stream,
                                  const AccessConfig& access) {
    using Kind = StreamViewers::Kind;
    const Key& key = find_key("streams", "viewers");
    const Node* node = stream.table.find(key.name);
    if (node == nullptr) {
        return {};
    }
    const auto* text = node->as<std::string>();
    if (text != nullptr && *text == everybody) {
        return {Kind::everybody, {}};
    }
    const auto* list = node->as<List>();
    if (list == nullptr || list->empty()) {
        reader.refuse(*node, stream, key);
        return {};
    }
    StreamViewers viewers{Kind::named, read_names(reader, stream, key)};
    if (!access.restricted()) {
        reader.report(node->position, fmt::format("{}.{}", stream.path, key.name),
                      "names viewers, but [access] has neither users_file nor tokens_file, so "
                      "everybody could watch");
    }
    return viewers;
}

} // namespace ringcast::config
