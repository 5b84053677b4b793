#include "http/authority.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "http/letter_case.hpp"
#include "http/query.hpp"

namespace ringcast::http {
namespace {

bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text) noexcept {
    if (text.empty() || text.front() == '.' || text.find("..") != std::string_view::npos) {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
    });
}

bool is_ipv4_address(std::string_view text) noexcept {
    constexpr int octets = 4;
    for (int i = 1; i <= octets; ++i) {
        const std::string_view octet = text.substr(0, i < octets ? text.find('.') : text.size());
        const bool digits_only = octet.find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits_only || !read_integer(octet, 0, UINT8_MAX) ||
            (octet.size() > 1 && octet.front() == '0')) {
            return false;
        }
        text.remove_prefix(std::min(octet.size() + 1, text.size()));
    }
    return true;
}

// The number of groups of up to four hexadecimal digits in `text`, which colons separate; nothing if
// it has others. With `ipv4_last` an IPv4 address may take the place of the last two.
std::optional<std::size_t> count_groups(std::string_view text, bool ipv4_last) noexcept {
    constexpr std::size_t digits_max = 4;
    std::size_t count = 0;
    while (!text.empty()) {
        const std::string_view group = text.substr(0, text.find(':'));
        const bool last = group.size() == text.size();
        if (last && ipv4_last && is_ipv4_address(group)) {
            return count + 2;
        }
        text.remove_prefix(std::min(group.size() + 1, text.size()));
        if (group.empty() || group.size() > digits_max || (text.empty() && !last) ||
            !std::all_of(group.begin(), group.end(), is_hex_digit)) {
            return std::nullopt;
        }
        ++count;
    }
    return count;
}

// RFC 3986, 3.2.2: eight groups, or fewer with one "::" in place of the others.
bool is_ipv6_address(std::string_view text) noexcept {
    constexpr std::size_t groups = 8;
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        return count_groups(text, true) == groups;
    }
    const auto before = count_groups(text.substr(0, gap), false);
    const auto after = count_groups(text.substr(gap + 2), true);
    return before && after && *before + *after < groups;
}

// RFC 3986, 3.2.2: "v", hexadecimal digits, ".", and what a later version of IP may need.
bool is_future_address(std::string_view text) noexcept {
    constexpr std::string_view marks = "-._~!$&'()*+,;=:";
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || (text.front() != 'v' && text.front() != 'V')) {
        return false;
    }
    const std::string_view version = text.substr(1, dot - 1);
    const std::string_view address = text.substr(dot + 1);
    return !version.empty() && std::all_of(version.begin(), version.end(), is_hex_digit) &&
           !address.empty() && std::all_of(address.begin(), address.end(), [marks](char c) {
               return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
           });
}

/// The length of the host that `authority` begins with, brackets included; 0 if it is invalid.
std::size_t host_length(std::string_view authority) noexcept {
    if (!authority.starts_with('[')) {
        const std::string_view name = authority.substr(0, authority.find(':'));
        return is_name(name) ? name.size() : 0;
    }
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
        return 0;
    }
    const std::string_view literal = authority.substr(1, end - 1);
    return is_ipv6_address(literal) || is_future_address(literal) ? end + 1 : 0;
}

} // namespace

bool is_authority(std::string_view text) noexcept {
    const std::size_t host_bytes = host_length(text);
    if (host_bytes == 0) {
        return false;
    }
    std::string_view port = text.substr(host_bytes);
    if (port.empty()) {
        return true;
    }
    if (port.front() != ':') {
        return false;
    }
    port.remove_prefix(1);
    return port.empty() || read_integer(port, 1, UINT16_MAX).has_value();
}

std::string_view host_of(std::string_view authority) noexcept {
    return authority.substr(0, host_length(authority));
}

bool equal_hosts(std::string_view a, std::string_view b) noexcept {
    return equal_ignoring_case(a, b);
}

} // namespace ringcast::http
