#include "app/proxy_lines.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "http/letter_case.hpp"

namespace ringcast::app {

namespace {

struct Proxy {
    std::string_view name;
    std::string_view mark; ///< in Server or Via, lower case
};

constexpr std::size_t proxy_count = 6;
constexpr std::array<Proxy, proxy_count> proxies{{
    {"nginx", "nginx"},
    {"HAProxy", "haproxy"}, // writes neither header by itself
    {"Caddy", "caddy"},
    {"Apache", "apache"},
    {"lighttpd", "lighttpd"},
    {"Varnish", "varnish"},
}};

/// In the order of `proxies`; empty: the proxy needs none, or has none.
using Lines = std::array<std::string_view, proxy_count>;

Lines lines_of(ProxyTopic topic) noexcept {
    switch (topic) {
    case ProxyTopic::buffering:
        return {"`proxy_buffering off;`",
                "",
                "",
                "no `SetOutputFilter BUFFER`",
                "`server.stream-response-body = 2`",
                "`return (pipe);` in vcl_recv"};
    case ProxyTopic::compression:
        return {"`gzip off;`",        "no `compression algo`",  "no `encode`",
                "`SetEnv no-gzip 1`", "no `deflate.mimetypes`", "no `do_gzip`"};
    case ProxyTopic::caching:
        return {"`proxy_cache off;`",
                "no `http-response cache-store`",
                "",
                "no `CacheEnable`",
                "",
                "`return (pipe);` in vcl_recv"};
    case ProxyTopic::http2:
        return {"`listen 443 ssl http2;`, from 1.25.1 on `http2 on;`",
                "`alpn h2,http/1.1` on the line `bind`",
                "",
                "`Protocols h2 http/1.1`",
                "",
                ""};
    case ProxyTopic::slow_viewers:
        return {"`sndbuf=64k` on the line `listen`",
                "`tune.sndbuf.client 65536` and `tune.rcvbuf.server 65536`",
                "",
                "`SendBufferSize 65536` and `ProxyReceiveBufferSize 65536`",
                "",
                ""};
    case ProxyTopic::prefix:
        return {"a slash at the end of `proxy_pass`",
                "`http-request replace-path`",
                "`handle_path`",
                "`ProxyPass` with a slash on both sides",
                "`proxy.header` with `map-urlpath`",
                ""};
    case ProxyTopic::host:
        return {"`proxy_set_header Host $http_host;`", "", "", "`ProxyPreserveHost On`", "", ""};
    case ProxyTopic::forwarding:
        return {"`proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`",
                "`option forwardfor`",
                "",
                "",
                "",
                ""};
    }
    return {};
}

} // namespace

std::string proxy_lines(ProxyTopic topic, std::string_view server, std::string_view via) {
    const std::string marks = http::lower_case(server) + " " + http::lower_case(via);
    const Lines lines = lines_of(topic);
    const auto is_named = [&](const Proxy& proxy) {
        return marks.find(proxy.mark) != std::string::npos;
    };
    const bool known = std::ranges::any_of(proxies, is_named);
    std::string text;
    for (std::size_t i = 0; i < proxy_count; ++i) {
        if (!lines[i].empty() && (!known || is_named(proxies[i]))) {
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", proxies[i].name, lines[i]);
        }
    }
    return text;
}

} // namespace ringcast::app
