#pragma once
// IP addresses as values, and sets of them. Opens no sockets and resolves no names.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace ringcast::http {

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is the IPv4 address that
/// it contains.
class IpAddress {
public:
    /// Zero-terminated. The longest address has 45 characters.
    using Text = std::array<char, 46>;

    /// From "192.0.2.7" or "2001:db8::7", without brackets, port, zone or blanks. The octets of an
    /// IPv4 address are decimal, without leading zeros.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;
    /// From 4 bytes in network order.
    [[nodiscard]] static IpAddress from_ipv4(std::span<const std::byte, 4> bytes) noexcept;
    /// From 16 bytes in network order.
    [[nodiscard]] static IpAddress from_ipv6(std::span<const std::byte, 16> bytes) noexcept;

    [[nodiscard]] bool is_ipv4() const noexcept;
    /// True for 127.0.0.0/8 and ::1.
    [[nodiscard]] bool is_loopback() const noexcept;
    /// In network order; those of an IPv4 address are the last four, and it is IPv4-mapped.
    [[nodiscard]] const std::array<std::byte, 16>& bytes() const noexcept { return bytes_; }
    /// Equal exactly for addresses that count as one: the same IPv4 address, and the same /64 of
    /// IPv6, because one host has all addresses of a /64. Numbers from 1 to 2^32 are left to peers
    /// without an address: they, and those of IPv4, would be networks of 0000::/8, of which only a
    /// few addresses of the network 0 are in use (RFC 4291, 2.4).
    [[nodiscard]] std::uint64_t network() const noexcept;
    /// The inverse of `parse`, with IPv6 in the short form.
    [[nodiscard]] Text text() const noexcept;

    friend bool operator==(const IpAddress&, const IpAddress&) = default;

private:
    std::array<std::byte, 16> bytes_{};
};

/// Addresses from the configuration, such as those of trusted proxies.
class AddressSet {
public:
    /// Each text is an address ("127.0.0.1", "::1"), a network ("10.0.0.0/8", "2001:db8::/32") or
    /// "unix", for the peers on UNIX sockets. The error names the text that is wrong and says what
    /// to write.
    [[nodiscard]] static Result<AddressSet> parse(std::span<const std::string> texts);

    [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    /// True exactly when "unix" is in the set.
    [[nodiscard]] bool contains_unix() const noexcept { return contains_unix_; }
    [[nodiscard]] bool empty() const noexcept { return networks_.empty() && !contains_unix_; }

private:
    struct Network {
        IpAddress first;
        unsigned prefix_bits = 128; ///< of the 16 bytes, so those of IPv4 are above 96

        [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
    };

    [[nodiscard]] static Result<Network> parse_network(std::string_view text);

    std::vector<Network> networks_;
    bool contains_unix_ = false;
};

} // namespace ringcast::http
