#include "http/forwarded.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "http/field_syntax.hpp"
#include "http/header_value.hpp"
#include "http/letter_case.hpp"
#include "http/query.hpp"

namespace ringcast::http {

namespace {

/// True when the quotation mark at the end of `text` is escaped: behind an odd number of backslashes.
bool is_escaped(std::string_view text) noexcept {
    const std::string_view before = text.substr(0, text.size() - 1);
    const std::size_t other = before.find_last_not_of('\\');
    const std::size_t backslashes =
        other == std::string_view::npos ? before.size() : before.size() - other - 1;
    return backslashes % 2 == 1;
}

/// Takes the last element from a list that commas outside of quoted strings separate. Reads from the
/// right, so that nothing that a client has sent changes how the elements behind it are read: not
/// even a quotation mark without its counterpart. Nothing if the
/// element has such a mark.
std::optional<std::string_view> take_last_element(std::string_view& list,
                                                  bool quoted_strings) noexcept {
    bool quoted = false;
    std::size_t begin = list.size();
    for (; begin > 0; --begin) {
        const char c = list[begin - 1];
        if (quoted_strings && c == '"') {
            quoted = !quoted || is_escaped(list.substr(0, begin));
        } else if (c == ',' && !quoted) {
            break;
        }
    }
    if (quoted) {
        return std::nullopt;
    }
    const std::string_view element = list.substr(begin);
    list = list.substr(0, begin > 0 ? begin - 1 : 0);
    return trimmed(element);
}

/// RFC 7239, 6: a number, or an obfuscated port.
bool is_node_port(std::string_view text) noexcept {
    if (text.starts_with('_')) {
        return text.size() > 1 && is_token(text);
    }
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit) &&
           read_integer(text, 0, UINT16_MAX).has_value();
}

/// The address of a node, with or without a port. Nothing for "unknown", obfuscated identifiers and
/// malformed nodes.
std::optional<IpAddress> parse_node(std::string_view node) noexcept {
    if (const auto address = IpAddress::parse(node)) {
        return address;
    }
    std::size_t end = node.find(':');
    std::string_view address = node.substr(0, end);
    if (node.starts_with('[')) {
        end = node.find(']');
        address = node.substr(1, end - 1);
        // An IPv4 address has no brackets.
        if (end == std::string_view::npos || address.find(':') == std::string_view::npos) {
            return std::nullopt;
        }
        ++end;
    }
    const std::string_view port = node.substr(std::min(end, node.size()));
    if (!port.empty() && !(port.starts_with(':') && is_node_port(port.substr(1)))) {
        return std::nullopt;
    }
    return IpAddress::parse(address);
}

/// The node of "for" in an element of Forwarded, "for=192.0.2.7;proto=https". Nothing if it is
/// absent or occurs twice (RFC 7239, 4), or if the element is malformed.
std::optional<std::string> node_of(std::string_view element) {
    std::optional<std::string> node;
    while (!element.empty()) {
        const std::string_view name = trimmed(element.substr(0, element.find_first_of("=;")));
        element.remove_prefix(std::min(element.find_first_of("=;"), element.size()));
        std::string value;
        if (element.starts_with('=')) {
            element.remove_prefix(1);
            value = take_value(element, ";");
        }
        const std::string_view behind = element.substr(0, element.find(';'));
        const bool twice = node && equal_ignoring_case(name, "for");
        if (!trimmed(behind).empty() || twice) {
            return std::nullopt;
        }
        element.remove_prefix(std::min(behind.size() + 1, element.size()));
        if (equal_ignoring_case(name, "for")) {
            node = std::move(value);
        }
    }
    return node;
}

std::optional<IpAddress> sender_of(ForwardedSyntax syntax, std::string_view element) {
    if (syntax == ForwardedSyntax::x_forwarded_for) {
        return parse_node(element);
    }
    const std::optional<std::string> node = node_of(element);
    return node ? parse_node(trimmed(*node)) : std::nullopt;
}

bool is_path_character(char c) noexcept {
    constexpr std::string_view others = "-._~!$&'()*+;=:@/%";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
           others.find(c) != std::string_view::npos;
}

/// True for a segment that browsers resolve ("." and "..", also escaped, as the URL standard has
/// it) or that has a malformed escape.
bool is_unsafe_segment(std::string_view segment) noexcept {
    std::array<char, forwarded_prefix_bytes_max> space{};
    const auto decoded = percent_decode(segment, space);
    return !decoded || decoded->empty() || *decoded == "." || *decoded == "..";
}

} // namespace

std::optional<IpAddress> forwarded_client(ForwardedSyntax syntax,
                                          std::span<const std::string_view> values,
                                          const AddressSet& trusted,
                                          const std::optional<IpAddress>& peer) {
    std::optional<IpAddress> client;
    bool sender_trusted = peer ? trusted.contains(*peer) : trusted.contains_unix();
    std::size_t hops = 0;
    for (; !values.empty(); values = values.first(values.size() - 1)) {
        std::string_view list = values.back();
        while (!list.empty()) {
            const auto element = take_last_element(list, syntax == ForwardedSyntax::forwarded);
            if (element && element->empty()) {
                continue; // RFC 9110, 5.6.1.2
            }
            if (!element || !sender_trusted || hops == forwarded_hops_max) {
                return client;
            }
            const std::optional<IpAddress> sender = sender_of(syntax, *element);
            if (!sender) {
                return client;
            }
            client = sender;
            sender_trusted = trusted.contains(*sender);
            ++hops;
        }
    }
    return client;
}

std::optional<std::string_view> forwarded_prefix(std::string_view value) noexcept {
    if (!value.starts_with('/') || value.size() > forwarded_prefix_bytes_max ||
        !std::all_of(value.begin(), value.end(), is_path_character)) {
        return std::nullopt;
    }
    const std::string_view prefix = value.substr(0, value.size() - (value.ends_with('/') ? 1 : 0));
    for (std::string_view rest = prefix; !rest.empty();) {
        rest.remove_prefix(1); // the slash
        const std::string_view segment = rest.substr(0, rest.find('/'));
        if (is_unsafe_segment(segment)) {
            return std::nullopt;
        }
        rest.remove_prefix(segment.size());
    }
    return prefix;
}

} // namespace ringcast::http
