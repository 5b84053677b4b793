#include "api/host_names.hpp"

#include <algorithm>
#include <array>

#include "http/authority.hpp"

namespace ringcast::api {

namespace {

/// RFC 6762 (.local), RFC 8375 (.home.arpa), RFC 6761 (.localhost); .internal is reserved by ICANN;
/// .lan is what many routers call their network, and no top-level domain.
constexpr std::array<std::string_view, 5> private_suffixes{".local", ".lan", ".home.arpa",
                                                           ".internal", ".localhost"};

bool ends_with(std::string_view host, std::string_view suffix) noexcept {
    return host.size() > suffix.size() &&
           http::equal_hosts(host.substr(host.size() - suffix.size()), suffix);
}

/// An IPv6 address in brackets, or a name that browsers take for an IPv4 address: its last label is
/// a number (URL Standard, "ends in a number").
bool is_address(std::string_view host) noexcept {
    const std::size_t last = host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1;
    const std::string_view label = host.substr(last);
    return host.starts_with('[') || (!label.empty() && std::ranges::all_of(label, [](char c) {
               return c >= '0' && c <= '9';
           }));
}

} // namespace

bool HostNames::contain(std::string_view authority) const noexcept {
    std::string_view host = http::host_of(authority);
    if (host.empty()) {
        return true;
    }
    const bool fully_qualified = host.ends_with('.');
    host.remove_suffix(fully_qualified ? 1 : 0);
    // A name of one label with a dot is a top-level domain, and some have addresses.
    const bool one_label = host.find('.') == std::string_view::npos && !fully_qualified;
    return one_label || is_address(host) || http::equal_hosts(host, "localhost") ||
           std::ranges::any_of(
               private_suffixes,
               [host](std::string_view suffix) { return ends_with(host, suffix); }) ||
           std::ranges::any_of(
               names_, [host](std::string_view name) { return http::equal_hosts(host, name); });
}

} // namespace ringcast::api
