#pragma once
// The header of the PROXY protocol, versions 1 and 2, by which a proxy that relays bytes tells the
// address of its client at the beginning of a connection. Knows no sockets. Facts are from
// doc/proxy-protocol.txt of HAProxy, which specifies the protocol.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "http/ip_address.hpp"
#include "http/request.hpp"

namespace ringcast::http {

/// Longer headers are malformed. Addresses need 232 bytes at most; the rest are extensions, such as
/// names from the client's certificate.
inline constexpr std::size_t proxy_header_bytes_max = 4096;

struct ProxyHeader {
    /// Where the client is. The port may be 0.
    struct Source {
        IpAddress address;
        std::uint16_t port = 0;

        friend bool operator==(const Source&, const Source&) = default;
    };

    ParseState state = ParseState::need_more;
    /// When complete: the length of the header, behind which the client's bytes begin.
    std::size_t bytes = 0;
    /// When complete: the client, or nothing if the address of the socket's peer applies. That is
    /// so for the proxy's own connections, such as health checks, and for clients without an IP
    /// address.
    std::optional<Source> source;
    /// In state error: one line that says what is wrong. A string literal.
    std::string_view error;
};

/// Reads the header from all bytes received on a connection so far. In state need_more, call again
/// with the same bytes and further ones; they are fewer than `proxy_header_bytes_max`. The outcome
/// depends on the bytes alone, not on how they were split into receives. Extensions of version 2
/// are skipped.
[[nodiscard]] ProxyHeader read_proxy_header(ConstByteSpan received) noexcept;

} // namespace ringcast::http
