#include "http/url.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "http/authority.hpp"
#include "http/letter_case.hpp"
#include "http/query.hpp"

namespace ringcast::http {
namespace {

constexpr std::string_view scheme_end = "://";
constexpr std::uint16_t default_port = 80;
constexpr std::size_t url_bytes_max = 8192;
constexpr std::size_t credential_bytes_max = 256;

/// Visible ASCII characters, which need no escape in a request line.
bool is_visible(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

tl::unexpected<Error> unsupported_scheme(std::string_view scheme) {
    if (equal_ignoring_case(scheme, "https")) {
        return fail("https is not supported: let stunnel or HAProxy speak TLS and use its http:// "
                    "address, or use source = \"exec\" with ffmpeg");
    }
    if (equal_ignoring_case(scheme, "rtsp")) {
        return fail("rtsp is not supported: use source = \"exec\" with command = [\"ffmpeg\", "
                    "\"-i\", \"rtsp://...\", \"-f\", \"mjpeg\", \"-\"]");
    }
    return fail("expected an address that begins with http://");
}

/// Without its escapes; nothing if one of them is malformed.
std::optional<std::string> decoded(std::string_view text) {
    std::array<char, credential_bytes_max> buffer{};
    const auto plain = percent_decode(text, buffer);
    return plain ? std::optional<std::string>(*plain) : std::nullopt;
}

/// "USER:PASSWORD", in front of the '@'.
Result<void> read_credentials(Url& url, std::string_view text) {
    const std::string_view user = text.substr(0, text.find(':'));
    const std::string_view password = text.substr(std::min(user.size() + 1, text.size()));
    const auto plain_user = decoded(user);
    const auto plain_password = decoded(password);
    if (!plain_user || !plain_password || plain_user->empty() ||
        plain_user->find(':') != std::string::npos) {
        return fail("the user name and password of the address are malformed: expected "
                    "http://USER:PASSWORD@HOST, with special characters as %XX (':' is %3A, '@' is "
                    "%40, '/' is %2F)");
    }
    url.user = *plain_user;
    url.password = *plain_password;
    return {};
}

/// "HOST" or "HOST:PORT".
Result<void> read_authority(Url& url, std::string_view text) {
    if (!is_authority(text)) {
        return fail("the address has no valid host: expected a name or an IP address (IPv6 in "
                    "brackets), and optionally a port from 1 to 65535, as in "
                    "http://192.0.2.10:8080/stream");
    }
    const std::string_view host = host_of(text);
    url.host = host;
    std::string_view port = text.substr(host.size());
    port.remove_prefix(std::min<std::size_t>(1, port.size()));
    url.port = port.empty() ? default_port
                            : static_cast<std::uint16_t>(*read_integer(port, 1, UINT16_MAX));
    return {};
}

/// Without the fragment, which clients keep to themselves.
std::string_view without_fragment(std::string_view text) noexcept {
    return text.substr(0, text.find('#'));
}

/// RFC 3986, 5.2.4, for a path that begins with '/'.
std::string without_dot_segments(std::string_view path) {
    std::vector<std::string_view> segments;
    bool folder = false;
    for (path.remove_prefix(1);; path.remove_prefix(path.find('/') + 1)) {
        const std::string_view segment = path.substr(0, path.find('/'));
        folder = segment.empty() || segment == "." || segment == "..";
        if (segment == ".." && !segments.empty()) {
            segments.pop_back();
        } else if (segment != "." && segment != ".." &&
                   (!segment.empty() || segment.size() < path.size())) {
            segments.push_back(segment);
        }
        if (segment.size() == path.size()) {
            break;
        }
    }
    std::string result;
    for (const std::string_view segment : segments) {
        result.append("/").append(segment);
    }
    if (folder || result.empty()) {
        result.push_back('/');
    }
    return result;
}

/// The target of a relative `reference`, which begins with neither a scheme nor "//".
std::string relative_target(const Url& from, std::string_view reference) {
    const std::string_view base_path =
        std::string_view(from.target).substr(0, from.target.find('?'));
    const std::string_view path = reference.substr(0, reference.find('?'));
    const std::string_view query = reference.substr(path.size());
    if (path.empty()) {
        return std::string(base_path).append(query);
    }
    const std::string whole =
        path.starts_with('/')
            ? std::string(path)
            : std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(path);
    return without_dot_segments(whole).append(query);
}

bool has_scheme(std::string_view reference) noexcept {
    const std::size_t colon = reference.find(':');
    return colon != std::string_view::npos && colon < reference.find_first_of("/?");
}

} // namespace

Result<Url> parse_url(std::string_view text) {
    const std::size_t scheme_bytes = text.find(scheme_end);
    if (scheme_bytes == std::string_view::npos ||
        !equal_ignoring_case(text.substr(0, scheme_bytes), "http")) {
        return unsupported_scheme(text.substr(0, std::min(scheme_bytes, text.find(':'))));
    }
    if (text.size() > url_bytes_max) {
        return fail(fmt::format("the address is too long: at most {} bytes", url_bytes_max));
    }
    if (!is_visible(text)) {
        return fail("the address contains a blank, a control character or a letter beyond ASCII: "
                    "write it as %XX (a blank is %20)");
    }
    std::string_view rest = without_fragment(text.substr(scheme_bytes + scheme_end.size()));
    const std::string_view place = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(place.size());

    Url url;
    const std::size_t at = place.rfind('@');
    if (at != std::string_view::npos) {
        if (auto read = read_credentials(url, place.substr(0, at)); !read) {
            return tl::unexpected(read.error());
        }
    }
    if (auto read = read_authority(url, place.substr(at == std::string_view::npos ? 0 : at + 1));
        !read) {
        return tl::unexpected(read.error());
    }
    if (rest.starts_with('/')) {
        rest.remove_prefix(1);
    }
    url.target.append(rest); // which begins with a slash
    return url;
}

Result<Url> redirected(const Url& from, std::string_view location) {
    location = without_fragment(location);
    if (location.size() > url_bytes_max || !is_visible(location)) {
        return fail("the server redirects to a malformed address");
    }
    Url to = from;
    if (has_scheme(location) || location.starts_with("//")) {
        std::string address(location.starts_with("//") ? "http:" : "");
        const auto absolute = parse_url(address.append(location));
        if (!absolute) {
            return fail(fmt::format("the server redirects to an address that can't be used: {}",
                                    absolute.error().message));
        }
        to.host = absolute->host;
        to.port = absolute->port;
        to.target = absolute->target;
    } else {
        to.target = relative_target(from, location);
    }
    if (!equal_hosts(to.host, from.host) || to.port != from.port) {
        to.user.clear();
        to.password.clear();
    }
    return to;
}

bool is_target(std::string_view text) noexcept {
    return text.starts_with('/') && text.size() <= url_bytes_max && is_visible(text) &&
           text.find('#') == std::string_view::npos;
}

std::string authority(const Url& url) {
    return url.port == default_port ? url.host : fmt::format("{}:{}", url.host, url.port);
}

std::string without_secrets(const Url& url) {
    std::string shown = fmt::format("http://{}", authority(url));
    const std::string_view target = url.target;
    const std::string_view path = target.substr(0, target.find('?'));
    shown.append(path);
    std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
    char separator = '?';
    while (!query.empty()) {
        const std::string_view parameter = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(parameter.size() + 1, query.size()));
        const std::string_view name = parameter.substr(0, parameter.find('='));
        shown.append(1, separator).append(name);
        if (name.size() < parameter.size()) {
            shown.append("=...");
        }
        separator = '&';
    }
    return shown;
}

} // namespace ringcast::http
