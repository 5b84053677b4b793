#include "app/startup_message.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include "config/listen_address.hpp"

namespace ringcast::app {

namespace {

constexpr std::uint16_t port_default = 8080;

std::string url(std::string_view host, std::uint16_t port) {
    const bool brackets = host.find(':') != std::string_view::npos;
    return fmt::format("http://{}{}{}:{}/", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

/// Quoted for a shell; unchanged when no character is special.
std::string shell_quoted(std::string_view word) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789_-./:=,+@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
        return std::string(word);
    }
    std::string quoted = "'";
    for (const char c : word) {
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return quoted + "'";
}

/// An address with a user name and password: without them, as the line may end up in a log. Anything
/// else is unchanged.
std::string without_credentials(std::string_view argument) {
    const std::size_t begin = argument.find("://");
    if (begin == std::string_view::npos) {
        return std::string(argument);
    }
    const std::size_t host = begin + 3;
    const std::size_t end = argument.substr(0, argument.find_first_of("/?#", host)).rfind('@');
    if (end == std::string_view::npos || end < host) {
        return std::string(argument);
    }
    return fmt::format("{}USER:PASSWORD{}", argument.substr(0, host), argument.substr(end));
}

/// The same command line with other addresses.
std::string command_line_for_network(std::span<const char* const> arguments, std::uint16_t port) {
    constexpr std::string_view option = "--listen";
    std::string line;
    bool is_address = false;
    for (const std::string_view argument : arguments) {
        const bool skipped = is_address || argument == option || argument.starts_with("--listen=");
        is_address = !is_address && argument == option;
        if (!skipped) {
            line += shell_quoted(without_credentials(argument));
            line += ' ';
        }
    }
    return fmt::format("{}{} :{}", line, option, port);
}

/// The name of a machine may be no label: "(none)" when it was never set.
bool is_host_label(std::string_view name) noexcept {
    constexpr std::string_view label_characters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    return !name.empty() && name.find_first_not_of(label_characters) == std::string_view::npos;
}

/// Every URL that reaches `tcp`.
std::vector<std::string> urls_of(const config::ListenTcp& tcp, const HostInfo& host) {
    if (!config::is_wildcard(tcp)) {
        return {url(tcp.host, tcp.port)};
    }
    std::vector<std::string> urls;
    // A responder (avahi on a Raspberry Pi) publishes the first label of the name.
    const std::string name = host.host_name.substr(0, host.host_name.find('.'));
    if (is_host_label(name) && name != "localhost") {
        urls.push_back(url(name + ".local", tcp.port));
    }
    const auto add = [&](const std::vector<std::string>& addresses) {
        for (const std::string& address : addresses) {
            urls.push_back(url(address, tcp.port));
        }
    };
    if (tcp.host != "::") {
        add(host.ipv4);
    }
    if (tcp.host != "0.0.0.0") {
        add(host.ipv6);
    }
    return urls;
}

/// An interface's address as text, when a URL can contain it.
std::optional<std::string> address_text(const sockaddr* address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = nullptr;
    if (address->sa_family == AF_INET) {
        bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(address);
        bytes = IN6_IS_ADDR_LINKLOCAL(&ipv6->sin6_addr) ? nullptr : &ipv6->sin6_addr;
    }
    if (bytes == nullptr ||
        ::inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr) {
        return std::nullopt;
    }
    return text.data();
}

} // namespace

HostInfo host_info() {
    constexpr std::size_t host_name_bytes_max = 64; // HOST_NAME_MAX of Linux
    HostInfo host;
    std::array<char, host_name_bytes_max + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) {
        host.host_name = name.data();
    }
    ifaddrs* found = nullptr;
    if (::getifaddrs(&found) != 0) {
        return host;
    }
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(found, &::freeifaddrs);
    for (const bool loopback : {false, true}) {
        for (const ifaddrs* entry = found; entry != nullptr; entry = entry->ifa_next) {
            if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0 ||
                ((entry->ifa_flags & IFF_LOOPBACK) != 0) != loopback) {
                continue;
            }
            if (auto text = address_text(entry->ifa_addr)) {
                (entry->ifa_addr->sa_family == AF_INET ? host.ipv4 : host.ipv6)
                    .push_back(std::move(*text));
            }
        }
    }
    return host;
}

std::optional<std::string> first_url(std::span<const config::ListenConfig> listening,
                                     const HostInfo& host) {
    for (const config::ListenConfig& listen : listening) {
        const auto* tcp = std::get_if<config::ListenTcp>(&listen.address);
        if (tcp == nullptr || tcp->port == 0 || listen.proxy_protocol) {
            continue;
        }
        if (const std::vector<std::string> urls = urls_of(*tcp, host); !urls.empty()) {
            return urls.front();
        }
    }
    return std::nullopt;
}

std::string startup_message(std::span<const config::ListenConfig> listening, bool restricted,
                            std::span<const char* const> arguments, const HostInfo& host) {
    std::vector<std::string> lines;
    std::uint16_t port = port_default;
    bool local = true;
    const auto add_line = [&](const std::string& where, const config::ListenConfig& listen) {
        std::string line = fmt::format(
            "  {}{}{}\n", where, restricted && listen.open ? " (without a password)" : "",
            listen.proxy_protocol ? " (only for a proxy that sends the PROXY protocol)" : "");
        if (std::ranges::find(lines, line) == lines.end()) {
            lines.push_back(std::move(line));
        }
    };
    for (const config::ListenConfig& listen : listening) {
        local = local && config::is_local(listen.address);
        if (const auto* tcp = std::get_if<config::ListenTcp>(&listen.address)) {
            port = listen.proxy_protocol ? port : tcp->port;
            for (const std::string& found : urls_of(*tcp, host)) {
                add_line(found, listen);
            }
        }
    }
    for (const config::ListenConfig& listen : listening) {
        if (const auto* socket = std::get_if<config::ListenUnix>(&listen.address)) {
            add_line(fmt::format("the UNIX socket {}", socket->path), listen);
        }
    }
    std::string message = "ringcast: watch at\n";
    for (const std::string& line : lines) {
        message += line;
    }
    if (restricted) {
        message += "Viewers need a password, a token or a link.\n";
    }
    if (!local) {
        return restricted
                   ? message
                   : message + "Anyone who can reach these addresses can watch. To ask for a "
                               "password: ringcast passwd --help\n";
    }
    return message +
           fmt::format("Only this machine can watch. To open it to your network{}:\n  {}\n",
                       restricted ? ""
                                  : " (without a password; to ask for one: ringcast passwd --help)",
                       command_line_for_network(arguments, port));
}

} // namespace ringcast::app
