#pragma once
// The host and port of a request: the value of Host, or the authority of an absolute target.

#include <string_view>

namespace ringcast::http {

/// True exactly when `text` is a host and, optionally, a colon and a port. The host is a name of
/// letters, digits, '-', '.' and '_' without empty labels, except for one dot at its end (an IPv4
/// address is such a name), or an IP literal of RFC 3986, 3.2.2. The port is from 1 to 65535, or
/// empty as RFC 3986, 3.2.3, permits. Zones of IPv6 addresses are rejected: they have a meaning on
/// the client's machine only.
[[nodiscard]] bool is_authority(std::string_view text) noexcept;

/// The host of an `authority` that is valid: without the port; brackets included.
[[nodiscard]] std::string_view host_of(std::string_view authority) noexcept;
/// True when both are the same host; case is ignored, as in DNS.
[[nodiscard]] bool equal_hosts(std::string_view a, std::string_view b) noexcept;

} // namespace ringcast::http
