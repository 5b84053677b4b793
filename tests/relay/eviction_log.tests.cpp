#include "relay/eviction_log.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include "connection/connection_bench.hpp"
#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using connection::RequestPlaces;

namespace {

constexpr std::uint32_t places = 4160;

connection::Endpoint endpoint_of(std::string_view address) {
    connection::Endpoint endpoint = connection::test::remote_endpoint();
    std::ranges::copy(address, endpoint.peer.address.begin());
    return endpoint;
}

/// A connection that yields, and the log.
struct Evicting {
    explicit Evicting(std::string_view address) : Evicting(endpoint_of(address)) {}
    explicit Evicting(const connection::Endpoint& endpoint) : bench(endpoint) {}

    void note(bool over_share) {
        log.note(now, RequestPlaces::Yielding{bench.connection, 4100, over_share}, places);
    }

    test::LogCapture lines;
    connection::test::ConnectionBench bench;
    relay::EvictionLog log;
    Instant now{1h};
};

} // namespace

TEST_CASE("the first eviction of an address is logged with the address and the figures") {
    Evicting evicting("192.0.2.7:51234");
    evicting.note(true);
    CHECK(evicting.lines.count("all 4160 places", LogLevel::warning) == 1);
    CHECK(evicting.lines.count("4100 of them by requests from 192.0.2.7:", LogLevel::warning) == 1);
}

TEST_CASE("an IPv6 address is logged without its port") {
    Evicting evicting("[2001:db8::7]:51234");
    evicting.note(true);
    CHECK(evicting.lines.count("from [2001:db8::7]:") == 1);
}

TEST_CASE("behind a proxy the client's address is logged") {
    connection::Endpoint endpoint = endpoint_of("127.0.0.1:51234");
    endpoint.client = {
        .is_peer = false, .port = 4711, .address = http::IpAddress::parse("203.0.113.9").value()};
    Evicting evicting(endpoint);
    evicting.note(true);
    CHECK(evicting.lines.count("from 203.0.113.9:") == 1);
}

TEST_CASE("evictions for memory are logged once while they go on") {
    Evicting evicting("192.0.2.7:51234");
    for (int i = 0; i < 100; ++i) {
        evicting.log.note_for_memory(evicting.now, "door");
        evicting.now += 1s;
    }
    CHECK(evicting.lines.count("stream door: viewers that read too slowly") == 1);
    evicting.now += 1min;
    evicting.log.note_for_memory(evicting.now, "door");
    CHECK(evicting.lines.count("raise [memory] slots", LogLevel::warning) == 2);
}

TEST_CASE("while evictions go on there is one line a minute, with how many there were") {
    Evicting evicting("192.0.2.7:51234");
    for (int i = 0; i < 300; ++i) {
        evicting.note(true);
        evicting.now += 1s;
    }
    CHECK(evicting.lines.count("") == 5);
    CHECK(evicting.lines.count("(1 since the last such line") == 1);
    CHECK(evicting.lines.count("(60 since the last such line") == 4);
}

TEST_CASE("evictions that are nobody's fault blame no address") {
    Evicting evicting("192.0.2.7:51234");
    evicting.note(false);
    CHECK(evicting.lines.count("raise [viewers] max") == 1);
    CHECK(evicting.lines.count("192.0.2.7") == 0);
}
