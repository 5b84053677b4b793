#include "config/listen_address.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>

#include <fmt/core.h>

namespace ringcast::config {

namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view passed_prefix = "systemd:";
constexpr std::size_t passed_name_bytes_max = 255; // systemd.socket(5), FileDescriptorName=
constexpr std::size_t unix_path_bytes_max = 107;   // sockaddr_un::sun_path less the final NUL
constexpr std::size_t host_bytes_max = 253;        // RFC 1035, as text

bool is_host_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

/// True if `text` has only characters of an IPv6 address, with an optional zone ("fe80::1%eth0").
/// The resolver checks the rest.
bool is_ipv6_text(std::string_view text) noexcept {
    const std::string_view address = text.substr(0, text.find('%'));
    const std::string_view zone = text.substr(address.size());
    return address.find(':') != std::string_view::npos &&
           address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos &&
           zone.size() != 1 &&
           (zone.empty() || std::ranges::all_of(zone.substr(1), is_host_character));
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, port);
    if (text.empty() || result.ec != std::errc{} || result.ptr != end) {
        return std::nullopt;
    }
    return port;
}

Result<ListenAddress> parse_unix(std::string_view path) {
    if (!path.starts_with('/')) {
        return fail("the path of a UNIX socket must begin with /");
    }
    if (path.size() > unix_path_bytes_max) {
        return fail(fmt::format("the path of a UNIX socket may have at most {} bytes, not {}",
                                unix_path_bytes_max, path.size()));
    }
    if (path.find('\0') != std::string_view::npos) {
        return fail("the path contains a NUL byte");
    }
    return ListenAddress(ListenUnix{std::string(path)});
}

Result<ListenAddress> parse_passed(std::string_view name) {
    const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7F; });
    if (name.empty() || name.size() > passed_name_bytes_max || !printable ||
        name.find(':') != std::string_view::npos) {
        return fail("the name of a socket has 1 to 255 printable characters without a colon");
    }
    return ListenAddress(ListenPassed{std::string(name)});
}

} // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
    if (text.starts_with(passed_prefix)) {
        return parse_passed(text.substr(passed_prefix.size()));
    }
    if (text.starts_with(unix_prefix)) {
        return parse_unix(text.substr(unix_prefix.size()));
    }
    if (text.find("://") != std::string_view::npos) {
        return fail("this is a URL, not an address to listen on");
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return fail("the port is missing");
    }
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) {
        return fail("the port is not a number from 0 to 65535");
    }
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']') || !is_ipv6_text(host.substr(1, host.size() - 2))) {
            return fail("the text in brackets is not an IPv6 address");
        }
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return fail("an IPv6 address needs brackets, as in \"[::1]:8080\"");
    } else if (!std::ranges::all_of(host, is_host_character) || host.size() > host_bytes_max) {
        return fail("the host is neither a name nor an address");
    }
    return ListenAddress(ListenTcp{std::string(host), *port});
}

std::string listen_address_text(const ListenAddress& address) {
    if (const auto* unix_socket = std::get_if<ListenUnix>(&address)) {
        return fmt::format("{}{}", unix_prefix, unix_socket->path);
    }
    if (const auto* passed = std::get_if<ListenPassed>(&address)) {
        return fmt::format("{}{}", passed_prefix, passed->name);
    }
    const auto& tcp = std::get<ListenTcp>(address);
    const bool brackets = tcp.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", brackets ? "[" : "", tcp.host, brackets ? "]" : "", tcp.port);
}

bool is_local(const ListenAddress& address) noexcept {
    const auto* tcp = std::get_if<ListenTcp>(&address);
    if (tcp == nullptr) {
        return std::holds_alternative<ListenUnix>(address);
    }
    return tcp->host == "localhost" || tcp->host == "::1" ||
           (tcp->host.starts_with("127.") &&
            tcp->host.find_first_not_of("0123456789.") == std::string::npos);
}

bool is_wildcard(const ListenAddress& address) noexcept {
    const auto* tcp = std::get_if<ListenTcp>(&address);
    return tcp != nullptr && (tcp->host.empty() || tcp->host == "0.0.0.0" || tcp->host == "::");
}

} // namespace ringcast::config
