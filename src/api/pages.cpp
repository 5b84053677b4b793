#include "api/pages.hpp"

#include <algorithm>
#include <chrono>

#include "http/authority.hpp"
#include "page/files.hpp"

namespace ringcast::api {
namespace {

// Browsers open at most six HTTP/1.1 connections to a host, for all their windows together.
constexpr std::size_t live_pictures_max = 2;

// "data:" is the icon. Scripts can't make markup from text, so that names and reasons stay text.
constexpr std::string_view policy =
    "default-src 'none'; img-src 'self' data:; connect-src 'self'; style-src 'self'; "
    "script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'; "
    "base-uri 'self'; form-action 'none'";

// Without an icon, browsers request /favicon.ico.
constexpr std::string_view page_head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3' fill='%234a9'/%3E%3C/svg%3E">
)";

constexpr std::string_view no_streams = R"(<section class="empty"><h2>No stream yet</h2>
<p>Add a camera to the configuration, <code>/etc/ringcast/ringcast.toml</code>:</p>
<pre>[streams.front]
source = "libcamera"</pre>
<p><code>ringcast cameras</code> lists the cameras of this machine as sections to paste, and
<code>ringcast doctor</code> says what a camera lacks. Then run <code>systemctl reload ringcast</code>.</p>
</section>)";

constexpr std::string_view nothing_to_see = R"(<section class="empty"><h2>No stream for you</h2>
<p>None of the streams may be watched with this login. An administrator adds your name to
<code>viewers</code> of a stream.</p></section>)";

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += c;
        }
    }
    return escaped;
}

std::string escape_url(std::string_view text) {
    constexpr std::string_view unreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view hex = "0123456789ABCDEF";
    std::string escaped;
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos) {
            escaped += c;
        } else {
            const auto value = static_cast<unsigned char>(c);
            escaped += '%';
            escaped += hex[value >> 4U];
            escaped += hex[value & 0xFU];
        }
    }
    return escaped;
}

/// The addresses on the page. Without the token in its own address they would be refused.
class Addresses {
public:
    explicit Addresses(std::string_view token)
        : token_(token.empty() ? "" : "token=" + escape_url(token)) {}

    /// `path` may have parameters. Ready for an attribute.
    [[nodiscard]] std::string to(std::string_view path) const {
        std::string address(path);
        if (!token_.empty()) {
            address += path.find('?') == std::string_view::npos ? '?' : '&';
            address += token_;
        }
        return escape_html(address);
    }

private:
    std::string token_;
};

/// The address that all others on the page are relative to.
std::string base_of(const PageOptions& options) {
    if (!options.prefix.empty()) {
        return escape_html(options.prefix) + "/";
    }
    std::string base = "./";
    const auto slashes = std::ranges::count(options.path, '/');
    for (std::ptrdiff_t i = 1; i < slashes; ++i) {
        base += "../";
    }
    return base;
}

void add_head(std::string& page, std::string_view title, std::string_view script,
              const PageOptions& options) {
    const std::string assets = "assets/" + std::string(page::version()) + "/";
    page.append(page_head).append("<title>").append(title).append("</title>\n<base href=\"");
    page.append(base_of(options)).append("\">\n<script src=\"").append(assets);
    page.append("theme.js\"></script>\n<link rel=\"stylesheet\" href=\"").append(assets);
    page.append("page.css\">\n<script type=\"module\" src=\"").append(assets).append(script);
    page.append("\"></script>\n</head>\n");
}

void add_anchor(std::string& page, std::string_view address, std::string_view text,
                bool current = false) {
    page.append("<a href=\"").append(address).append("\"");
    page.append(current ? " aria-current=\"page\"" : "").append(">");
    page.append(text).append("</a>");
}

void add_header(std::string& page, PageKind kind, const Addresses& addresses,
                const PageOptions& options) {
    page.append("<body");
    page.append(options.offers_links ? " data-links=\"1\"" : "");
    page.append(options.administrates ? " data-administrates=\"1\"" : "");
    page.append(">\n<header><span class=\"brand\">ringcast</span><nav aria-label=\"Pages\">");
    add_anchor(page, addresses.to("./"), "Streams", kind == PageKind::streams);
    add_anchor(page, addresses.to("status"), "Status", kind == PageKind::status);
    if (options.offers_login) {
        add_anchor(page, "./?login", "Log in");
    }
    page.append("</nav></header>\n");
}

/// The picture of a stream: one that stands still until the script makes it live, and for browsers
/// without JavaScript a live one in front of it.
class Pictures {
public:
    Pictures(const Addresses& addresses, WallTime now)
        : addresses_(addresses),
          time_(std::to_string(
              std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch())
                  .count())) {}

    /// `live_options`: of the live picture, "adapt=1"; empty: there is none. `still_options`: of the other
    /// one, "&width=640".
    void add(std::string& page, std::string_view stream, std::string_view live_options,
             std::string_view still_options) const {
        const std::string folder = escape_url(stream);
        const std::string name = escape_html(stream);
        if (!live_options.empty()) {
            // WebKit shows nothing for an address of a stream that it has shown on some earlier visits.
            page.append("<noscript><img src=\"");
            page.append(
                addresses_.to(folder + "/stream?" + std::string(live_options) + "&t=" + time_));
            page.append("\" alt=\"").append(name).append("\"></noscript>");
        }
        // placeholder=1: without signal, the picture is the "no signal" picture instead of an error.
        page.append("<img class=\"still\" src=\"");
        page.append(addresses_.to(folder + "/snapshot?max_age_ms=10000&placeholder=1" +
                                  std::string(still_options)));
        page.append("\" alt=\"").append(name).append("\">");
    }

private:
    const Addresses& addresses_;
    std::string time_;
};

void add_tiles(std::string& page, const stream::Directory& streams, const Addresses& addresses,
               const Pictures& pictures) {
    page.append("<h1 class=\"spoken\">Streams</h1>\n");
    if (!streams.shows_any()) {
        page.append(streams.entries.empty() ? no_streams : nothing_to_see);
        return;
    }
    page.append("<ul class=\"tiles\">\n");
    std::size_t shown = 0;
    for (const stream::DirectoryEntry& entry : streams.entries) {
        if (!streams.shows(entry)) {
            continue;
        }
        const std::string name = escape_html(entry.name);
        const std::string target = addresses.to(escape_url(entry.name) + "/");
        page.append("<li class=\"tile\" data-stream=\"")
            .append(name)
            .append("\"><a class=\"picture\" href=\"");
        page.append(target).append("\">");
        pictures.add(page, entry.name, shown++ < live_pictures_max ? "width=640" : "",
                     "&width=640");
        page.append("</a><div class=\"caption\"><h2>");
        add_anchor(page, target, name);
        page.append("</h2></div></li>\n");
    }
    page.append("</ul>\n");
}

void add_stream(std::string& page, std::string_view stream, const Addresses& addresses,
                const Pictures& pictures) {
    const std::string name = escape_html(stream);
    const std::string folder = escape_url(stream);
    page.append("<article class=\"stream\" data-stream=\"")
        .append(name)
        .append("\"><div class=\"title\"><h1>");
    page.append(name).append("</h1></div>\n<div class=\"picture large\">");
    pictures.add(page, stream, "adapt=1", "");
    page.append("</div>\n<noscript><p>");
    add_anchor(page, addresses.to(folder + "/stream"), "Live picture");
    page.append(" · ");
    add_anchor(page, addresses.to(folder + "/snapshot"), "Snapshot");
    page.append("</p></noscript></article>\n");
}

void add_status(std::string& page, const Addresses& addresses) {
    page.append("<h1>Status</h1>\n<noscript><p>This page needs JavaScript. The same as text: ");
    add_anchor(page, addresses.to("api/status"), "status (JSON)");
    page.append(", ");
    add_anchor(page, addresses.to("metrics"), "metrics (Prometheus)");
    page.append(".</p></noscript>\n");
}

} // namespace

std::string page(PageKind kind, std::string_view stream, const stream::Directory& streams,
                 WallTime now, const PageOptions& options) {
    const Addresses addresses(options.token);
    const Pictures pictures(addresses, now);
    std::string page;
    const auto begin = [&](std::string_view title, std::string_view script) {
        add_head(page, title, script, options);
        add_header(page, kind, addresses, options);
        page.append("<main>\n");
    };
    switch (kind) {
    case PageKind::streams:
        begin("ringcast", "streams.js");
        add_tiles(page, streams, addresses, pictures);
        break;
    case PageKind::stream:
        begin(escape_html(stream) + " · ringcast", "stream.js");
        add_stream(page, stream, addresses, pictures);
        break;
    case PageKind::status:
        begin("Status · ringcast", "status.js");
        add_status(page, addresses);
        break;
    }
    return page.append("</main>\n</body>\n</html>\n");
}

std::string page_policy(std::string_view authority, std::span<const std::string> origins) {
    std::string text(policy);
    text.append("; frame-ancestors 'self'");
    if (!authority.empty()) {
        const std::string_view host = http::host_of(authority);
        text.append(" http://").append(host).append(":* https://").append(host).append(":*");
    }
    for (const std::string& origin : origins) {
        text.append(" ").append(origin);
    }
    return text;
}

} // namespace ringcast::api
