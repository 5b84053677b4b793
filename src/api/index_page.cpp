// The page at "/".
#include "api/status.hpp"
#include "http/authority.hpp"

namespace ringcast::api {
namespace {

// Browsers open at most six HTTP/1.1 connections to a host: four are used for live pictures, which
// leaves two for the other requests of the page.
constexpr std::size_t live_streams_max = 4;

// The page loads nothing from other hosts, and all its links are relative, so that it works without
// internet access and on a subpath behind a proxy.
constexpr std::string_view page_head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ringcast</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='3' fill='%234a9'/%3E%3C/svg%3E">
)";

constexpr std::string_view page_style = R"(
:root { color-scheme: dark; }
body { margin: 0; background: #14171a; color: #dde2e6; font: 16px/1.4 system-ui, sans-serif; }
main { display: grid; gap: 12px; padding: 12px; align-items: start;
       grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
figure { margin: 0; background: #1f2429; border-radius: 8px; overflow: hidden; }
img { display: block; width: 100%; min-height: 120px; max-height: 85vh; object-fit: contain;
      background: #000; }
figcaption, footer { display: flex; flex-wrap: wrap; gap: 4px 16px; padding: 8px 12px; }
strong { flex: 1; }
a { color: #7cc7b4; }
input { flex-basis: 100%; font: inherit; }
)";

// Followed by the boundary.
constexpr std::string_view page_main = R"(</style>
</head>
<body>
<main data-boundary=")";

constexpr std::string_view page_login = R"(<a href="?login">log in</a>)";

constexpr std::string_view page_players = R"(
<details><summary>players</summary>
<p>Most players buffer a live stream unless they are told not to:</p>
<p><code>mpv --profile=low-latency --untimed ADDRESS</code><br>
<code>ffplay -fflags nobuffer -vf setpts=0 ADDRESS</code><br>
<code>vlc --network-caching=0 ADDRESS</code></p>
</details></footer>
<script>)";

// Stills are requested again a second after they have loaded. A picture that fails to load, live or
// still, is requested again after two seconds. Either event may have occurred before the script
// runs. Browsers do not report the end of a stream as an error, so the page polls for the boundary,
// which differs between server processes, and reloads all pictures when it is not the one that the
// page knows (`known` begins as that of the process that wrote the page). It also reloads them
// after a failed poll, because streams may have ended while the server was unreachable. A server that
// is full or draining, which Retry-After tells from a proxy's errors, does not end them. An address is
// never requested twice: its `t` is a time in milliseconds since 1970, at first that of the page.
// fetch refuses addresses with a user name and a password, which the page's own may have.
constexpr std::string_view page_script = R"(
let known = document.querySelector("main").dataset.boundary;
const reload = [];
const plain = text => {
  const address = new URL(text);
  address.username = address.password = "";
  return address;
};
for (const image of document.images) {
  const address = plain(image.src);
  let timer;
  const again = () => {
    clearTimeout(timer);
    address.searchParams.set("t", Date.now());
    image.src = address;
  };
  const later = time => { clearTimeout(timer); timer = setTimeout(again, time); };
  image.onerror = () => later(2000);
  if (image.classList.contains("still")) image.onload = () => later(1000);
  if (image.complete) (image.naturalWidth ? image.onload : image.onerror)?.();
  reload.push(again);
}
const look = async () => {
  try {
    const answer = await fetch(plain(document.images[0].src), {method: "HEAD"});
    if (!answer.headers.has("retry-after")) {
      const server = answer.headers.get("content-type").split("boundary=").at(-1);
      if (known !== server) reload.forEach(again => again());
      known = server;
    }
  } catch { known = ""; }
  setTimeout(look, 3000);
};
look();
for (const anchor of document.querySelectorAll("a.link")) {
  anchor.onclick = async event => {
    event.preventDefault();
    const field = document.createElement("input");
    field.readOnly = true;
    try {
      const answer = await fetch(plain(anchor.href));
      const text = await answer.text();
      field.value = answer.ok ? new URL(JSON.parse(text).path, plain(document.baseURI)).href : text;
    } catch { field.value = "the server can't be reached"; }
    anchor.replaceWith(field);
    field.select();
  };
}
)";

constexpr std::string_view page_end = R"(</script>
</body>
</html>
)";

// The hashes are those of `page_style` and `page_script`; tests/clients/test_http_surface.py
// computes them. "data:" is the icon.
constexpr std::string_view policy =
    "default-src 'none'; img-src 'self' data:; connect-src 'self'; "
    "style-src 'sha256-jtorlGL0wG/c8z63OULJ68a2xoqdG/666G2uSIM7HCM='; "
    "script-src 'sha256-Qggb7ns8QZD6l60QLWCQ1Qe/2GRox38n8Niw5/3mFTI='; "
    "base-uri 'self'; form-action 'none'";

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

struct Figure {
    std::string_view stream;
    bool live = false;
    bool offers_link = false;
};

void add_anchor(std::string& page, std::string_view address, std::string_view text) {
    page.append("<a href=\"").append(address).append("\">").append(text).append("</a>");
}

/// `time`: milliseconds since 1970.
void add_stream(std::string& page, const Figure& figure, const std::string& time,
                const Addresses& addresses) {
    const std::string name = escape_html(figure.stream);
    const std::string folder = escape_url(figure.stream);
    const std::string stream = addresses.to(folder + "/stream");
    page.append("<figure>\n<a href=\"").append(stream).append("\"><img src=\"");
    // WebKit shows nothing for an address of a stream that it has shown on some earlier visits.
    // placeholder=1: without signal, the picture is the "no signal" picture instead of an error.
    page.append(addresses.to(
        folder + (figure.live ? "/stream?t=" + time : "/snapshot?max_age_ms=1000&placeholder=1")));
    page.append(figure.live ? "\"" : "\" class=\"still\"");
    page.append(" alt=\"").append(name).append("\"></a>\n<figcaption><strong>");
    page.append(name).append("</strong>");
    add_anchor(page, stream, "stream");
    add_anchor(page, addresses.to(folder + "/snapshot"), "snapshot");
    if (figure.offers_link) {
        page.append("<a class=\"link\" href=\"").append(addresses.to(folder + "/link?for=24h"));
        page.append("\">link for 24 h</a>");
    }
    page.append("</figcaption>\n</figure>\n");
}

} // namespace

std::string index_page(const stream::Directory& streams, const http::Boundary& boundary,
                       WallTime now, const PageOptions& options) {
    using std::chrono::milliseconds;
    const auto time = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
    const std::string text = std::to_string(time.count());
    std::string page(page_head);
    if (!options.prefix.empty()) {
        page.append("<base href=\"").append(escape_html(options.prefix)).append("/\">\n");
    }
    page.append("<style>")
        .append(page_style)
        .append(page_main)
        .append(boundary.text())
        .append("\">\n");
    const Addresses addresses(options.token);
    std::size_t shown = 0;
    for (const stream::DirectoryEntry& entry : streams.entries) {
        if (streams.shows(entry)) {
            add_stream(page, {entry.name, shown++ < live_streams_max, options.offers_links}, text,
                       addresses);
        }
    }
    page.append("</main>\n<footer>");
    add_anchor(page, addresses.to("api/status"), "status");
    add_anchor(page, addresses.to("metrics"), "metrics");
    page.append(options.offers_login ? page_login : "");
    return page.append(page_players).append(page_script).append(page_end);
}

std::string index_page_policy(std::string_view authority, std::span<const std::string> origins) {
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
