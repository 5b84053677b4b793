#include "http/ip_address.hpp"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "http/query.hpp"

namespace ringcast::http {

namespace {

constexpr std::array<std::byte, 12> ipv4_mapped = {
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};
constexpr unsigned ipv4_prefix_bits = 96;
constexpr unsigned address_bits = 128;
constexpr std::uint64_t ipv4_networks = std::uint64_t{0xFFFF} << 32U;

/// The number with these digits, the most significant byte first.
std::uint64_t number_of(std::span<const std::byte> bytes) noexcept {
    std::uint64_t number = 0;
    for (const std::byte byte : bytes) {
        number = number << 8U | std::to_integer<std::uint64_t>(byte);
    }
    return number;
}

/// `address` with zeros after its first `prefix_bits` bits.
IpAddress first_of_network(const IpAddress& address, unsigned prefix_bits) noexcept {
    std::array<std::byte, 16> bytes = address.bytes();
    for (unsigned i = 0; i < bytes.size(); ++i) {
        const unsigned kept = std::min(prefix_bits - std::min(prefix_bits, i * 8), 8U);
        bytes[i] &= static_cast<std::byte>(0xFF00U >> kept);
    }
    return IpAddress::from_ipv6(bytes);
}

} // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
    Text terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    std::copy(text.begin(), text.end(), terminated.begin());
    const bool ipv6 = text.find(':') != std::string_view::npos;
    std::array<std::byte, 16> bytes{};
    if (::inet_pton(ipv6 ? AF_INET6 : AF_INET, terminated.data(), bytes.data()) != 1) {
        return std::nullopt;
    }
    return ipv6 ? from_ipv6(bytes) : from_ipv4(std::span(bytes).first<4>());
}

IpAddress IpAddress::from_ipv4(std::span<const std::byte, 4> bytes) noexcept {
    IpAddress address;
    std::copy(ipv4_mapped.begin(), ipv4_mapped.end(), address.bytes_.begin());
    std::copy(bytes.begin(), bytes.end(), address.bytes_.begin() + ipv4_mapped.size());
    return address;
}

IpAddress IpAddress::from_ipv6(std::span<const std::byte, 16> bytes) noexcept {
    IpAddress address;
    std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
    return address;
}

bool IpAddress::is_ipv4() const noexcept {
    return std::equal(ipv4_mapped.begin(), ipv4_mapped.end(), bytes_.begin());
}

bool IpAddress::is_loopback() const noexcept {
    constexpr std::byte ipv4_loopback{127};
    return is_ipv4() ? bytes_[ipv4_mapped.size()] == ipv4_loopback
                     : number_of(std::span(bytes_).first<8>()) == 0 &&
                           number_of(std::span(bytes_).last<8>()) == 1;
}

std::uint64_t IpAddress::network() const noexcept {
    return is_ipv4() ? ipv4_networks | number_of(std::span(bytes_).last<4>())
                     : number_of(std::span(bytes_).first<8>());
}

IpAddress::Text IpAddress::text() const noexcept {
    Text text{};
    const std::byte* const from = is_ipv4() ? &bytes_[ipv4_mapped.size()] : bytes_.data();
    // Fails only without space for the text.
    static_cast<void>(::inet_ntop(is_ipv4() ? AF_INET : AF_INET6, from, text.data(), sizeof(text)));
    return text;
}

Result<AddressSet> AddressSet::parse(std::span<const std::string> texts) {
    AddressSet set;
    for (const std::string& text : texts) {
        if (text == "unix") {
            set.contains_unix_ = true;
            continue;
        }
        const Result<Network> network = parse_network(text);
        if (!network) {
            return tl::unexpected(network.error());
        }
        set.networks_.push_back(*network);
    }
    return set;
}

Result<AddressSet::Network> AddressSet::parse_network(std::string_view text) {
    const std::string_view first_text = text.substr(0, text.find('/'));
    const std::optional<IpAddress> first = IpAddress::parse(first_text);
    if (!first) {
        return fail(
            fmt::format("\"{}\" is no IP address: write an address such as \"127.0.0.1\" or "
                        "\"::1\", a network such as \"10.0.0.0/8\", or \"unix\"",
                        text));
    }
    if (first_text.size() == text.size()) {
        return Network{*first, address_bits};
    }
    const unsigned not_counted =
        first_text.find(':') == std::string_view::npos ? ipv4_prefix_bits : 0;
    const std::string_view bits_text = text.substr(first_text.size() + 1);
    const auto bits = read_integer(bits_text, 0, address_bits - not_counted);
    if (!bits) {
        return fail(fmt::format("\"{}\" ends in \"/{}\": write the length of the network's prefix, "
                                "from 0 to {} bits, such as \"{}/{}\"",
                                text, bits_text, address_bits - not_counted, first_text,
                                address_bits - not_counted));
    }
    const Network network{*first, static_cast<unsigned>(*bits) + not_counted};
    if (const IpAddress expected = first_of_network(*first, network.prefix_bits);
        expected != *first) {
        return fail(
            fmt::format("\"{0}\" is no network, because bits after its prefix are set: write "
                        "\"{1}/{2}\" for the network, or \"{3}\" for the address",
                        text, expected.text().data(), *bits, first_text));
    }
    return network;
}

bool AddressSet::Network::contains(const IpAddress& address) const noexcept {
    // "::/0" is all of IPv6 and none of IPv4.
    return address.is_ipv4() == first.is_ipv4() && first_of_network(address, prefix_bits) == first;
}

bool AddressSet::contains(const IpAddress& address) const noexcept {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const Network& network) { return network.contains(address); });
}

} // namespace ringcast::http
