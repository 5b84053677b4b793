#include "connection/client.hpp"

#include <cstdio>
#include <optional>
#include <span>
#include <string_view>

#include "http/forwarded.hpp"

namespace ringcast::connection {

namespace {

/// The number of a network that no IP address has, and neither have peers (os/peer.cpp).
constexpr std::uint64_t disputed_network = 3;

/// "192.0.2.7" of "192.0.2.7:51234", "[2001:db8::1]" of "[2001:db8::1]:51234".
std::string_view host_of(const io::Peer& peer) noexcept {
    const std::string_view address = peer.address.data();
    return address.substr(0, address.rfind(':'));
}

/// Nothing for the peer on a UNIX socket.
std::optional<http::IpAddress> address_of(const Client& client, const io::Peer& peer) noexcept {
    if (!client.is_peer) {
        return client.address;
    }
    std::string_view host = host_of(peer);
    if (host.starts_with('[')) {
        host = host.substr(1, host.size() - 2);
    }
    return http::IpAddress::parse(host);
}

} // namespace

bool Client::is_local(const io::Peer& peer) const noexcept {
    return !disputed && (is_peer ? peer.local : address.is_loopback());
}

std::uint64_t Client::network(const io::Peer& peer) const noexcept {
    if (disputed) {
        return disputed_network;
    }
    return is_peer ? peer.network : address.network();
}

Client::Text Client::text(const io::Peer& peer) const noexcept {
    if (is_peer) {
        return peer.address;
    }
    if (port == 0) {
        return host_text(peer);
    }
    Text text{};
    std::snprintf(text.data(), text.size(), address.is_ipv4() ? "%s:%u" : "[%s]:%u",
                  address.text().data(), static_cast<unsigned>(port));
    return text;
}

Client::Text Client::host_text(const io::Peer& peer) const noexcept {
    Text text{};
    const http::IpAddress::Text address_text = address.text();
    const std::string_view host = is_peer ? host_of(peer) : address_text.data();
    host.copy(text.data(), text.size() - 1);
    return text;
}

bool is_trusted(const Client& sender, const io::Peer& peer,
                const http::AddressSet& trusted) noexcept {
    if (trusted.empty()) {
        return false;
    }
    if (sender.is_peer && peer.transport == io::Transport::unix_socket) {
        return trusted.contains_unix();
    }
    const std::optional<http::IpAddress> address = address_of(sender, peer);
    return address && trusted.contains(*address);
}

Client client_of(const http::Request& request, const Client& sender, const io::Peer& peer,
                 const http::AddressSet& trusted) {
    const std::span<const std::string_view> forwarded = request.forwarded.all();
    const std::span<const std::string_view> x_forwarded_for = request.x_forwarded_for.all();
    if ((forwarded.empty() && x_forwarded_for.empty()) || !is_trusted(sender, peer, trusted)) {
        return sender;
    }
    const std::optional<http::IpAddress> sent_from = address_of(sender, peer);
    const auto named =
        http::forwarded_client(http::ForwardedSyntax::forwarded, forwarded, trusted, sent_from);
    const auto x_named = http::forwarded_client(http::ForwardedSyntax::x_forwarded_for,
                                                x_forwarded_for, trusted, sent_from);
    if (!forwarded.empty() && !x_forwarded_for.empty() && named != x_named) {
        Client disputed = sender;
        disputed.disputed = true;
        return disputed;
    }
    const std::optional<http::IpAddress>& client = forwarded.empty() ? x_named : named;
    return client ? Client{.is_peer = false, .address = *client} : sender;
}

} // namespace ringcast::connection
