#pragma once
// The headers by which HTTP proxies tell the address of their client, and the path at which they
// publish a server. Anyone can send them, so they count only as far as a trusted proxy wrote them.
// No I/O.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "http/ip_address.hpp"

namespace ringcast::http {

enum class ForwardedSyntax : std::uint8_t {
    forwarded,       ///< Forwarded, RFC 7239
    x_forwarded_for, ///< X-Forwarded-For: addresses, which commas separate
};

/// A longer chain of trusted proxies is not followed to its end.
inline constexpr std::size_t forwarded_hops_max = 16;

/// The client's address, from the values of all headers of this name in the order of the request.
/// `peer` is the address of the socket's peer, or nothing for a UNIX socket.
///
/// Each proxy appends the address that it was sent the request from. So the last address was written
/// by the peer, the one before it by the sender at that address, and so on; the client is the first
/// sender from the right that is not `trusted`, or else the leftmost. A sender that a proxy does not
/// identify by an IP address ("unknown", "_hidden", or malformed) ends the chain: the client is that
/// proxy, as far as one can know. Nothing if the peer is not trusted or does not identify its
/// sender: then the client is the peer.
///
/// Ports are ignored. Unlike RFC 7239, IPv6 addresses need no brackets or quotes.
[[nodiscard]] std::optional<IpAddress> forwarded_client(ForwardedSyntax syntax,
                                                        std::span<const std::string_view> values,
                                                        const AddressSet& trusted,
                                                        const std::optional<IpAddress>& peer);

inline constexpr std::size_t forwarded_prefix_bytes_max = 200;

/// The path in front of this server's own, from the value of X-Forwarded-Prefix: "/cam" for "/cam"
/// and "/cam/"; empty for "/". Nothing if the value is no path that is safe to put in front of
/// links: it begins with '/' and has at most 200 bytes, all of them of a path (RFC 3986, 3.3) but
/// no comma, which would make it a list; it has no "//" and no segment "." or "..", escaped or not.
/// It may contain ' and &, which HTML needs escaped. Only a trusted peer's header means anything.
[[nodiscard]] std::optional<std::string_view> forwarded_prefix(std::string_view value) noexcept;

} // namespace ringcast::http
