#include "http/proxy_protocol.hpp"

#include <algorithm>
#include <array>

#include "http/field_syntax.hpp"
#include "http/query.hpp"

namespace ringcast::http {

namespace {

constexpr std::string_view signature_v1 = "PROXY ";
constexpr std::string_view signature_v2("\r\n\r\n\0\r\nQUIT\n", 12);

// Version 1, 2.1: the longest line, with its end.
constexpr std::size_t line_bytes_max = 107;

// Version 2, 2.2: signature, version and command, family and transport, length of what follows.
constexpr std::size_t fixed_bytes = 16;
constexpr unsigned version_2 = 2;
enum Command : std::uint8_t { local = 0, proxied = 1 };
enum Family : std::uint8_t { unspecified = 0, ipv4 = 1, ipv6 = 2, unix_socket = 3 };
constexpr unsigned transport_max = 2; // 0: unspecified, 1: stream, 2: datagrams

ProxyHeader malformed(std::string_view reason) noexcept {
    ProxyHeader header;
    header.state = ParseState::error;
    header.error = reason;
    return header;
}

ProxyHeader complete(std::size_t bytes, std::optional<ProxyHeader::Source> source) noexcept {
    ProxyHeader header;
    header.state = ParseState::complete;
    header.bytes = bytes;
    header.source = source;
    return header;
}

/// The text up to the first space, and without it the rest in `line`.
std::string_view take_word(std::string_view& line) noexcept {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(word.size() + 1, line.size()));
    return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
    if (!std::all_of(text.begin(), text.end(), is_digit) ||
        (text.size() > 1 && text.starts_with('0'))) {
        return std::nullopt;
    }
    const auto port = read_integer(text, 0, UINT16_MAX);
    return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

/// The source from "SOURCE DESTINATION PORT PORT" with addresses of one family.
std::optional<ProxyHeader::Source> read_addresses(std::string_view words, bool colons) noexcept {
    if (std::count(words.begin(), words.end(), ' ') != 3) {
        return std::nullopt;
    }
    std::array<std::optional<IpAddress>, 2> addresses;
    for (std::optional<IpAddress>& address : addresses) {
        const std::string_view text = take_word(words);
        if ((text.find(':') != std::string_view::npos) == colons) {
            address = IpAddress::parse(text);
        }
    }
    const auto source_port = read_port(take_word(words));
    const auto destination_port = read_port(words);
    if (!addresses[0] || !addresses[1] || !source_port || !destination_port) {
        return std::nullopt;
    }
    return ProxyHeader::Source{*addresses[0], *source_port};
}

ProxyHeader read_line(std::string_view received) noexcept {
    const std::size_t end = received.substr(0, line_bytes_max).find("\r\n");
    if (end == std::string_view::npos) {
        return received.size() < line_bytes_max
                   ? ProxyHeader{}
                   : malformed("the line of the PROXY header does not end within 107 bytes");
    }
    const std::size_t bytes = end + 2;
    std::string_view line = received.substr(signature_v1.size(), end - signature_v1.size());
    const std::string_view protocol = take_word(line);
    if (protocol == "UNKNOWN") {
        return complete(bytes, std::nullopt);
    }
    if (protocol != "TCP4" && protocol != "TCP6") {
        return malformed("the protocol in the PROXY header is not TCP4, TCP6 or UNKNOWN");
    }
    const auto source = read_addresses(line, protocol == "TCP6");
    return source ? complete(bytes, source)
                  : malformed("the PROXY header lacks two addresses of its protocol and two ports");
}

unsigned number_at(ConstByteSpan bytes, std::size_t at) noexcept {
    return std::to_integer<unsigned>(bytes[at]);
}

/// A number of two bytes in network order.
std::uint16_t short_at(ConstByteSpan bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(number_at(bytes, at) << 8U | number_at(bytes, at + 1));
}

/// The length of both addresses and ports.
std::size_t address_bytes(unsigned family) noexcept {
    switch (family) {
    case ipv4:
        return 2 * (4 + 2);
    case ipv6:
        return 2 * (16 + 2);
    case unix_socket:
        return std::size_t{2} * 108;
    default:
        return 0;
    }
}

ProxyHeader read_binary(ConstByteSpan received) noexcept {
    if (received.size() < fixed_bytes) {
        return {};
    }
    const unsigned version = number_at(received, 12) >> 4U;
    const unsigned command = number_at(received, 12) & 0xFU;
    const unsigned family = number_at(received, 13) >> 4U;
    const unsigned transport = number_at(received, 13) & 0xFU;
    const std::size_t length = short_at(received, 14);
    if (version != version_2) {
        return malformed("the version of the binary PROXY header is not 2");
    }
    if (command > proxied) {
        return malformed("the command in the PROXY header is neither LOCAL nor PROXY");
    }
    if (fixed_bytes + length > proxy_header_bytes_max) {
        return malformed("the PROXY header is longer than 4096 bytes: let the proxy send fewer "
                         "extensions");
    }
    // The specification has receivers ignore the family of LOCAL, and reject unassigned ones.
    if (command == proxied && (family > unix_socket || transport > transport_max)) {
        return malformed("the address family or transport in the PROXY header is unassigned");
    }
    if (command == proxied && length < address_bytes(family)) {
        return malformed("the PROXY header is too short for addresses of its family");
    }
    const std::size_t bytes = fixed_bytes + length;
    if (received.size() < bytes) {
        return {};
    }
    if (command == local || transport == unspecified) {
        return complete(bytes, std::nullopt);
    }
    // Clients of HTTP/3 reach the proxy by datagrams, and have an address as well.
    const ConstByteSpan addresses = received.subspan(fixed_bytes, length);
    switch (family) {
    case ipv4:
        return complete(bytes, ProxyHeader::Source{IpAddress::from_ipv4(addresses.first<4>()),
                                                   short_at(addresses, 8)});
    case ipv6:
        return complete(bytes, ProxyHeader::Source{IpAddress::from_ipv6(addresses.first<16>()),
                                                   short_at(addresses, 32)});
    default:
        return complete(bytes, std::nullopt);
    }
}

/// True when `received` begins with `signature`, or is the beginning of it.
bool agrees(std::string_view received, std::string_view signature) noexcept {
    return received.substr(0, signature.size()) == signature.substr(0, received.size());
}

} // namespace

ProxyHeader read_proxy_header(ConstByteSpan received) noexcept {
    const std::string_view text = as_text(received);
    if (agrees(text, signature_v1)) {
        return read_line(text);
    }
    if (agrees(text, signature_v2)) {
        return read_binary(received);
    }
    return malformed(
        "the connection does not begin with a PROXY header: let the proxy send one, or "
        "don't expect it on this address");
}

} // namespace ringcast::http
