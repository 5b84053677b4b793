#include "relay/client_log.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;

namespace {

connection::Endpoint proxy_endpoint() {
    connection::Endpoint endpoint;
    std::ranges::copy(std::string_view("192.0.2.7:51234"), endpoint.peer.address.begin());
    return endpoint;
}

} // namespace

TEST_CASE("PROXY headers that are bad are logged once while they go on, with what to do") {
    test::LogCapture lines;
    relay::ClientLog log;
    Instant now{1h};
    for (int i = 0; i < 100; ++i) {
        log.note_bad_proxy_header(now, proxy_endpoint(), "let the proxy send one");
        now += 1s;
    }
    CHECK(lines.count("a connection from 192.0.2.7:51234", LogLevel::warning) == 1);
    CHECK(lines.count("let the proxy send one") == 1);
    now += 1min;
    log.note_bad_proxy_header(now, proxy_endpoint(), "let the proxy send one");
    CHECK(lines.count("proxy_protocol = true") == 2);
}

TEST_CASE("the first client that is disputed is logged with its proxy, and no other client") {
    test::LogCapture lines;
    relay::ClientLog log;
    connection::Endpoint endpoint = proxy_endpoint();
    log.note_identified(endpoint);
    CHECK(lines.count("") == 0);
    endpoint.client.disputed = true;
    log.note_identified(endpoint);
    log.note_identified(endpoint);
    CHECK(lines.count("through the proxy 192.0.2.7:51234", LogLevel::warning) == 1);
    CHECK(lines.count("") == 1);
}
