// Connections that begin with a PROXY header. The examples are from HAProxy's
// doc/proxy-protocol.txt.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "connection/connection_bench.hpp"

using namespace ringcast;
using connection::Client;
using connection::ConnectionEvent;
using connection::ConnectionState;
using connection::test::Call;
using connection::test::ConnectionBench;
using connection::test::request_text;

namespace {

constexpr std::uint64_t proxy_network = 77;

connection::Endpoint proxy_endpoint(io::Transport transport = io::Transport::tcp) {
    connection::Endpoint endpoint = transport == io::Transport::tcp
                                        ? connection::test::remote_endpoint()
                                        : connection::test::unix_endpoint();
    endpoint.peer.network = proxy_network;
    endpoint.peer.local = true;
    std::ranges::copy(
        std::string_view(transport == io::Transport::tcp ? "127.0.0.1:51234" : "unix"),
        endpoint.peer.address.begin());
    endpoint.proxy_protocol = true;
    return endpoint;
}

struct ProxyBench : ConnectionBench {
    explicit ProxyBench(const connection::Endpoint& endpoint_of_proxy = proxy_endpoint())
        : ConnectionBench(endpoint_of_proxy) {}

    /// Receives the text in pieces of at most so many bytes until there is an event.
    ConnectionEvent receive_pieces(std::string_view text, std::size_t piece_bytes) {
        while (!text.empty()) {
            const std::string_view piece = text.substr(0, piece_bytes);
            text.remove_prefix(piece.size());
            const ConnectionEvent event = receive(piece);
            if (event != ConnectionEvent::none) {
                REQUIRE(text.empty());
                return event;
            }
        }
        return ConnectionEvent::none;
    }
    [[nodiscard]] std::string client_text() const {
        return connection.endpoint().client.text(endpoint.peer).data();
    }
    [[nodiscard]] std::uint64_t client_network() const {
        return connection.endpoint().client.network(endpoint.peer);
    }
    void trust(const std::string& address) {
        trusted_proxies = http::AddressSet::parse(std::span(&address, 1)).value();
    }
};

constexpr std::string_view line_v1 = "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);

/// A binary header with this byte of version and command, byte of family, and contents.
std::string binary(char command, char family, std::string_view contents) {
    std::string header(signature);
    header += command;
    header += family;
    header += static_cast<char>(contents.size() >> 8U);
    header += static_cast<char>(contents.size() & 0xFFU);
    return header.append(contents);
}

constexpr std::string_view addresses_v4("\xCB\x00\x71\x07\xC0\x00\x02\x01\x12\x67\x01\xBB", 12);

} // namespace

TEST_CASE("a connection with a PROXY header is its client's, however the header is split") {
    const std::string header =
        GENERATE(std::string(line_v1), binary('\x21', '\x11', addresses_v4),
                 binary('\x21', '\x11', std::string(addresses_v4) + std::string(300, 'x')));
    const std::string text = header + std::string(request_text);
    const std::size_t cut = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{1000});
    const std::string expected = header == line_v1 ? "192.168.0.1:56324" : "203.0.113.7:4711";
    const auto check = [&](ProxyBench& bench, ConnectionEvent event) {
        REQUIRE(event == ConnectionEvent::request);
        CHECK(bench.connection.exchange().reader.request().path == "/stream");
        bench.connection.identify_client(bench.context);
        CHECK(bench.client_text() == expected);
        CHECK(bench.connection.endpoint().through_proxy(bench.trusted_proxies));
        CHECK(bench.client_network() != proxy_network);
    };
    if (cut > 0) { // in pieces of one size
        ProxyBench bench;
        check(bench, bench.receive_pieces(text, cut));
        return;
    }
    for (std::size_t at = 1; at < text.size(); ++at) { // in two pieces
        CAPTURE(at);
        ProxyBench bench;
        CHECK(bench.receive(std::string_view(text).substr(0, at)) == ConnectionEvent::none);
        check(bench, bench.receive(std::string_view(text).substr(at)));
    }
}

TEST_CASE("the longest PROXY header is read, and a request behind it may be as long as others") {
    const std::string header =
        binary('\x21', '\x11', std::string(addresses_v4) + std::string(4096 - 16 - 12, 'x'));
    REQUIRE(header.size() == http::proxy_header_bytes_max);
    ProxyBench bench;
    CHECK(bench.receive(header) == ConnectionEvent::none);
    CHECK(bench.client_text() == "203.0.113.7:4711");
    const std::string request =
        "GET /stream HTTP/1.1\r\nHost: a\r\nX: " + std::string(10000, 'x') + "\r\n\r\n";
    CHECK(bench.receive_pieces(request, 4096) == ConnectionEvent::request);
}

TEST_CASE("a header and the request each have their own time-out") {
    ProxyBench bench;
    CHECK(bench.connection.state() == ConnectionState::reading_proxy_header);
    const Instant opened = bench.engine.now();
    CHECK(bench.connection.deadline() == opened + bench.settings.proxy_header_timeout);
    bench.engine.monotonic += std::chrono::seconds(2);
    CHECK(bench.receive(line_v1.substr(0, 20)) == ConnectionEvent::none);
    CHECK(bench.connection.deadline() == opened + bench.settings.proxy_header_timeout);
    CHECK(bench.receive(line_v1.substr(20)) == ConnectionEvent::none);
    CHECK(bench.connection.state() == ConnectionState::reading);
    CHECK(bench.connection.deadline() == bench.engine.now() + bench.settings.head_timeout);
    CHECK(bench.connection.exchange().reader.idle());
}

TEST_CASE("a header that is missing or malformed is reported, and nothing is sent") {
    struct Case {
        std::string_view text;
        std::string_view error;
    };
    const Case malformed =
        GENERATE(Case{request_text, "does not begin with a PROXY header"},
                 Case{"\x16\x03\x01\x02", "does not begin with a PROXY header"},
                 Case{"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "lacks two addresses of its protocol"},
                 Case{"PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "is not TCP4, TCP6 or UNKNOWN"},
                 Case{std::string_view("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", 16), "is not 2"});
    ProxyBench bench;
    CHECK(bench.receive(malformed.text) == ConnectionEvent::bad_proxy_header);
    CHECK(bench.connection.exchange().proxy_header.error().find(malformed.error) !=
          std::string_view::npos);
    bench.connection.abort(bench.context);
    bench.expect_close();
}

TEST_CASE("a header that is late is closed too, with a receive under way") {
    ProxyBench bench;
    CHECK(bench.receive("PROXY") == ConnectionEvent::none);
    CHECK(bench.connection.exchange().proxy_header.error().find("not complete in time") !=
          std::string_view::npos);
    bench.connection.abort(bench.context);
    bench.answer(Call::abort, 0);
    bench.answer(Call::receive, -ECANCELED);
    bench.expect_close();
}

TEST_CASE("a peer that ends or fails before its header is complete is closed") {
    const std::int32_t result = GENERATE(0, -ECONNRESET);
    const std::string_view before = GENERATE("", "PROXY TCP4");
    ProxyBench bench;
    if (!before.empty()) {
        CHECK(bench.receive(before) == ConnectionEvent::none);
    }
    CHECK(bench.answer(Call::receive, result) == ConnectionEvent::none);
    bench.expect_close();
}

TEST_CASE("the proxy's own connections and clients without an address have the peer's address") {
    const std::string header = GENERATE(
        std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN ffff:f...f:ffff x\r\n"),
        binary('\x20', '\x00', ""), binary('\x20', '\x11', addresses_v4),
        binary('\x21', '\x31', std::string(216, '\0')));
    const io::Transport transport = GENERATE(io::Transport::tcp, io::Transport::unix_socket);
    ProxyBench bench(proxy_endpoint(transport));
    REQUIRE(bench.receive(header + std::string(request_text)) == ConnectionEvent::request);
    bench.connection.identify_client(bench.context);
    CHECK(bench.client_text() == (transport == io::Transport::tcp ? "127.0.0.1:51234" : "unix"));
    CHECK(bench.client_network() == proxy_network);
    CHECK(bench.connection.endpoint().client.is_local(bench.endpoint.peer));
}

// --- with Forwarded and X-Forwarded-For ---

TEST_CASE("behind a PROXY header X-Forwarded-For counts only if that address is trusted") {
    constexpr std::string_view request =
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    ProxyBench bench;
    bench.trust(GENERATE("127.0.0.1", "192.168.0.1"));
    REQUIRE(bench.receive(std::string(line_v1).append(request)) == ConnectionEvent::request);
    bench.connection.identify_client(bench.context);
    const http::IpAddress sender = http::IpAddress::parse("192.168.0.1").value();
    CHECK(bench.client_text() ==
          (bench.trusted_proxies.contains(sender) ? "203.0.113.9" : "192.168.0.1:56324"));
}

TEST_CASE("each request on a connection names its own client") {
    connection::Endpoint endpoint = proxy_endpoint();
    endpoint.proxy_protocol = GENERATE(false, true);
    ProxyBench bench(endpoint);
    const std::string expected = endpoint.proxy_protocol ? "192.168.0.1:56324" : "127.0.0.1:51234";
    bench.trust(endpoint.proxy_protocol ? "192.168.0.1" : "127.0.0.1");
    if (endpoint.proxy_protocol) {
        CHECK(bench.receive(line_v1) == ConnectionEvent::none);
    }
    const auto client_of = [&](std::string_view headers) {
        std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
        REQUIRE(bench.receive(text.append(headers).append("\r\n")) == ConnectionEvent::request);
        bench.connection.identify_client(bench.context);
        bench.connection.reply(bench.context, "reply", true);
        CHECK(bench.answer_whole(Call::send) == ConnectionEvent::none);
        return bench.client_text();
    };
    CHECK(client_of("X-Forwarded-For: 203.0.113.9\r\n") == "203.0.113.9");
    CHECK(client_of("Forwarded: for=203.0.113.10\r\n") == "203.0.113.10");
    CHECK(client_of("") == expected);
    CHECK(client_of("X-Forwarded-For: unknown\r\n") == expected);
}

TEST_CASE("a viewer keeps its client, and counts for its address") {
    ProxyBench bench;
    bench.trust("192.168.0.1");
    REQUIRE(bench.receive(std::string(line_v1) +
                          "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n") ==
            ConnectionEvent::request);
    bench.connection.identify_client(bench.context);
    CHECK(bench.context.places.viewers_from(bench.connection) == 0);
    bench.connection.start_stream(bench.context, "head", {.stream = connection::test::stream},
                                  false);
    REQUIRE(bench.answer_whole(Call::send) == ConnectionEvent::streaming);
    CHECK(bench.client_text() == "203.0.113.9");
    CHECK(bench.context.places.viewers_from(bench.connection) == 1);
}

TEST_CASE("a connection without a proxy is its peer's, whatever its headers say") {
    ConnectionBench bench;
    REQUIRE(bench.receive("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n") ==
            ConnectionEvent::request);
    bench.connection.identify_client(bench.context);
    CHECK(bench.connection.endpoint().client == Client{});
    CHECK_FALSE(bench.connection.endpoint().through_proxy(bench.trusted_proxies));
}
