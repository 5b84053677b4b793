#include "config/load_upstream.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "config/assign.hpp"
#include "config/keys.hpp"
#include "http/url.hpp"

namespace ringcast::config {

namespace {

/// A password in the address stays out of messages.
void read_upstream_address(Reader& reader, const Section& stream, UpstreamConfig& upstream) {
    constexpr std::string_view socket_prefix = "unix:";
    const Key& url_key = find_key("streams", "url", "http");
    const Key& path_key = find_key("streams", "path", "http");
    const auto path = reader.text(stream, path_key);
    const auto url = reader.text(stream, url_key);
    if (!url) {
        return;
    }
    const Position position = stream.table.find(url_key.name)->position;
    const std::string key = fmt::format("{}.{}", stream.path, url_key.name);
    if (url->starts_with(socket_prefix)) {
        upstream.socket_path = url->substr(socket_prefix.size());
        upstream.url.target = path.value_or("/stream");
        if (!upstream.socket_path.starts_with('/')) {
            reader.refuse(*stream.table.find(url_key.name), stream, url_key);
        }
        if (path && !http::is_target(*path)) {
            reader.refuse(*stream.table.find(path_key.name), stream, path_key);
        }
        return;
    }
    if (path) {
        reader.report(stream.table.find(path_key.name)->position,
                      fmt::format("{}.{}", stream.path, path_key.name),
                      "is only for a UNIX socket: write the path into url");
    }
    auto parsed = http::parse_url(*url);
    if (!parsed) {
        reader.report(position, key, std::move(parsed.error().message));
        return;
    }
    upstream.url = std::move(*parsed);
}

} // namespace

UpstreamConfig read_upstream(Reader& reader, Position header, const Section& stream) {
    const auto key = [](std::string_view name) -> const Key& {
        return find_key("streams", name, "http");
    };
    UpstreamConfig upstream;
    reader.require(header, stream, key("url"));
    read_upstream_address(reader, stream, upstream);
    if (const auto file = reader.text(stream, key("credentials_file"))) {
        const Node& node = *stream.table.find("credentials_file");
        if (!file->starts_with('/')) {
            reader.refuse(node, stream, key("credentials_file"));
        } else if (!upstream.url.user.empty()) {
            reader.report(node.position, fmt::format("{}.credentials_file", stream.path),
                          "url contains a user name too, expected it in one place");
        }
        upstream.credentials_file = *file;
    }
    if (const auto seconds = reader.number(stream, key("poll"))) {
        assign_duration(upstream.poll.emplace(), seconds);
    }
    assign_duration(upstream.timeout, reader.number(stream, key("timeout")));
    assign(upstream.on_demand, reader.boolean(stream, key("on_demand")));
    assign_duration(upstream.idle_after, reader.number(stream, key("idle_after")));
    return upstream;
}

} // namespace ringcast::config
