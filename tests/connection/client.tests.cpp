#include "connection/client.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

using namespace ringcast;
using connection::Client;
using connection::client_of;
using connection::is_trusted;

namespace {

io::Peer tcp_peer(std::string_view address, bool local = false) {
    io::Peer peer;
    peer.transport = io::Transport::tcp;
    peer.local = local;
    peer.network = 77;
    std::ranges::copy(address, peer.address.begin());
    return peer;
}

io::Peer unix_peer() {
    io::Peer peer;
    peer.transport = io::Transport::unix_socket;
    peer.local = true;
    peer.network = 1;
    std::ranges::copy(std::string_view("unix"), peer.address.begin());
    return peer;
}

http::AddressSet addresses(const std::vector<std::string>& texts) {
    return http::AddressSet::parse(texts).value();
}

Client at(std::string_view address, std::uint16_t port = 0) {
    return {.is_peer = false, .port = port, .address = http::IpAddress::parse(address).value()};
}

/// The client of a request with these headers.
Client client_with(std::string_view headers, const io::Peer& peer, const http::AddressSet& trusted,
                   const Client& sender = {}) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
    http::RequestReader reader;
    std::memcpy(reader.free_space().data(), text.data(), text.size());
    REQUIRE(reader.consume(text.size()) == http::ParseState::complete);
    return client_of(reader.request(), sender, peer, trusted);
}

std::string text_of(const Client& client, const io::Peer& peer) {
    return client.text(peer).data();
}
std::string host_of(const Client& client, const io::Peer& peer) {
    return client.host_text(peer).data();
}

const io::Peer proxy = tcp_peer("127.0.0.1:51234", true);
const io::Peer stranger = tcp_peer("198.51.100.9:51234");
const Client the_peer;

} // namespace

// --- addresses ---

TEST_CASE("a client that is the peer has the peer's address") {
    CHECK(text_of(the_peer, stranger) == "198.51.100.9:51234");
    CHECK(host_of(the_peer, stranger) == "198.51.100.9");
    CHECK(the_peer.network(stranger) == 77);
    CHECK_FALSE(the_peer.is_local(stranger));
    CHECK(the_peer.is_local(proxy));
    CHECK(text_of(the_peer, unix_peer()) == "unix");
    CHECK(host_of(the_peer, unix_peer()) == "unix");
    CHECK(the_peer.is_local(unix_peer()));
}

TEST_CASE("a client that a proxy names has a port only where it is known") {
    CHECK(text_of(at("203.0.113.7", 4711), proxy) == "203.0.113.7:4711");
    CHECK(text_of(at("203.0.113.7"), proxy) == "203.0.113.7");
    CHECK(text_of(at("2001:db8::7", 4711), proxy) == "[2001:db8::7]:4711");
    CHECK(text_of(at("2001:db8::7"), proxy) == "2001:db8::7");
    CHECK(host_of(at("203.0.113.7", 4711), proxy) == "203.0.113.7");
    CHECK(host_of(at("2001:db8::7", 4711), proxy) == "2001:db8::7");
}

TEST_CASE("the longest address with a port fits") {
    const std::string longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    CHECK(text_of(at(longest, 65535), proxy) == std::string("[").append(longest).append("]:65535"));
}

TEST_CASE("a client that a proxy names counts for its own address, and on this host is local") {
    CHECK(at("203.0.113.7").network(proxy) == at("203.0.113.7", 4711).network(stranger));
    CHECK(at("203.0.113.7").network(proxy) != at("203.0.113.8").network(proxy));
    CHECK(at("2001:db8::7").network(proxy) == at("2001:db8::8").network(proxy));
    CHECK_FALSE(at("203.0.113.7").is_local(proxy));
    CHECK(at("127.0.0.1").is_local(stranger));
    CHECK(at("::1").is_local(stranger));
}

// --- who is believed ---

TEST_CASE("a peer is trusted by its address, and on a UNIX socket by that") {
    CHECK(is_trusted(the_peer, proxy, addresses({"127.0.0.0/8"})));
    CHECK(is_trusted(the_peer, tcp_peer("[2001:db8::1]:443"), addresses({"2001:db8::/64"})));
    CHECK(is_trusted(the_peer, unix_peer(), addresses({"unix"})));
    CHECK_FALSE(is_trusted(the_peer, proxy, {}));
    CHECK_FALSE(is_trusted(the_peer, proxy, addresses({"unix", "127.0.0.2"})));
    CHECK_FALSE(is_trusted(the_peer, unix_peer(), addresses({"0.0.0.0/0", "::/0"})));
    // A peer that has left before it was asked for its address is on no UNIX socket.
    CHECK_FALSE(is_trusted(the_peer, tcp_peer("gone"), addresses({"unix", "0.0.0.0/0", "::/0"})));
}

TEST_CASE("a client that a PROXY header names is trusted by its own address, not by the peer's") {
    CHECK(is_trusted(at("203.0.113.7"), stranger, addresses({"203.0.113.7"})));
    CHECK_FALSE(is_trusted(at("203.0.113.7"), proxy, addresses({"127.0.0.1", "unix"})));
    CHECK_FALSE(is_trusted(at("203.0.113.7"), unix_peer(), addresses({"unix"})));
}

TEST_CASE("headers of a peer that is not trusted change nothing") {
    const std::string_view headers =
        GENERATE("X-Forwarded-For: 203.0.113.7\r\n", "Forwarded: for=203.0.113.7\r\n",
                 "X-Forwarded-For: 203.0.113.7\r\n"
                 "Forwarded: for=203.0.113.8\r\n");
    CHECK(client_with(headers, stranger, {}) == the_peer);
    CHECK(client_with(headers, stranger, addresses({"127.0.0.1", "unix"})) == the_peer);
    CHECK(client_with(headers, unix_peer(), addresses({"127.0.0.1"})) == the_peer);
    const Client sender = at("192.0.2.1", 1000);
    CHECK(client_with(headers, proxy, addresses({"127.0.0.1", "unix"}), sender) == sender);
}

TEST_CASE("a trusted peer names the client, by either header") {
    const auto trusted = addresses({"127.0.0.1", "unix"});
    for (const io::Peer& peer : {proxy, unix_peer()}) {
        CHECK(client_with("X-Forwarded-For: 10.0.0.1, 203.0.113.7\r\n", peer, trusted) ==
              at("203.0.113.7"));
        // The examples of RFC 7239, 4 and 7.1.
        CHECK(client_with("Forwarded: for=\"_gazonk\"\r\n", peer, trusted) == the_peer);
        CHECK(client_with("Forwarded: For=\"[2001:db8:cafe::17]:4711\"\r\n", peer, trusted) ==
              at("2001:db8:cafe::17"));
        CHECK(client_with("Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43\r\n", peer,
                          trusted) == at("192.0.2.60"));
        CHECK(client_with("Forwarded: for=192.0.2.43, for=198.51.100.17\r\n", peer, trusted) ==
              at("198.51.100.17"));
        CHECK(client_with("Forwarded: for=192.0.2.43\r\n"
                          "Forwarded: for=\"[2001:db8:cafe::17]\", for=unknown\r\n",
                          peer, trusted) == the_peer);
    }
}

TEST_CASE("a trusted peer that names nobody is the client itself") {
    const auto trusted = addresses({"127.0.0.1"});
    CHECK(client_with("", proxy, trusted) == the_peer);
    CHECK(client_with("X-Forwarded-For:\r\nForwarded: \r\n", proxy, trusted) == the_peer);
    CHECK(client_with("X-Forwarded-For: unknown\r\n", proxy, trusted) == the_peer);
}

TEST_CASE("headers of all occurrences form one chain") {
    const auto trusted = addresses({"127.0.0.1", "10.0.0.0/8"});
    CHECK(client_with("X-Forwarded-For: 192.0.2.66\r\nX-Forwarded-For: 203.0.113.7\r\n"
                      "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n",
                      proxy, trusted) == at("203.0.113.7"));
}

TEST_CASE("a client of a PROXY header that is trusted itself names the next one") {
    const auto trusted = addresses({"10.0.0.1"});
    const std::string_view headers = "X-Forwarded-For: 203.0.113.7\r\n";
    CHECK(client_with(headers, proxy, trusted, at("10.0.0.1", 1000)) == at("203.0.113.7"));
    CHECK(client_with(headers, proxy, trusted, at("10.0.0.2", 1000)) == at("10.0.0.2", 1000));
}

// --- both headers ---

TEST_CASE("two headers that agree are believed") {
    const auto trusted = addresses({"127.0.0.1"});
    CHECK(client_with("X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n"
                      "Forwarded: for=\"203.0.113.7:80\"\r\n",
                      proxy, trusted) == at("203.0.113.7"));
}

TEST_CASE("whichever header the proxy does not write, a client can't choose its address by it") {
    const auto trusted = addresses({"127.0.0.1", "unix"});
    const std::string_view headers = GENERATE(
        // The proxy writes X-Forwarded-For.
        "Forwarded: for=192.0.2.66\r\nX-Forwarded-For: 203.0.113.7\r\n",
        "Forwarded: for=127.0.0.1\r\nX-Forwarded-For: 203.0.113.7\r\n",
        "Forwarded: for=unknown\r\nX-Forwarded-For: 203.0.113.7\r\n",
        "Forwarded: \"\r\nX-Forwarded-For: 203.0.113.7\r\n",
        // The proxy writes Forwarded.
        "X-Forwarded-For: 127.0.0.1\r\nForwarded: for=203.0.113.7\r\n",
        "X-Forwarded-For: ,\r\nForwarded: for=203.0.113.7\r\n");
    for (const io::Peer& peer : {proxy, unix_peer()}) {
        const Client client = client_with(headers, peer, trusted);
        CHECK(client.disputed);
        CHECK(text_of(client, peer) == peer.address.data());
        // It is not exempt from limits as the proxy itself is, and shares no address with anybody
        // but others of its kind.
        CHECK_FALSE(client.is_local(peer));
        CHECK(client.network(peer) == client.network(stranger));
        CHECK(client.network(peer) != the_peer.network(peer));
        CHECK(client.network(peer) != at("192.0.2.66").network(peer));
    }
}

TEST_CASE("a disputed client behind a PROXY header has the address of that header") {
    const Client sender = at("127.0.0.5", 1000);
    const Client client =
        client_with("Forwarded: for=192.0.2.66\r\nX-Forwarded-For: 192.0.2.67\r\n", proxy,
                    addresses({"127.0.0.5"}), sender);
    CHECK(client.disputed);
    CHECK(text_of(client, proxy) == "127.0.0.5:1000");
    CHECK_FALSE(client.is_local(proxy));
}

TEST_CASE("a connection keeps little memory for its client") {
    CHECK(sizeof(Client) <= 20);
}
