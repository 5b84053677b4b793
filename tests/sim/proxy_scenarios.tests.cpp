// Viewers behind proxies, in a world without faults.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr int too_many = 503;

/// How a viewer reaches the server, and as whom it must be listed.
struct Path {
    std::string peer = "198.51.100.1:4000"; ///< a proxy that is trusted
    std::string headers{};
    std::string proxy_header{};
    std::string client{}; ///< empty: the peer
    bool disputed = false;
};

Path forwarded_for(const std::string& client) {
    return {.headers = fmt::format("X-Forwarded-For: {}\r\n", client), .client = client};
}
Path with_proxy_header(const std::string& client) {
    return {.peer = "192.0.2.9:4000",
            .proxy_header = fmt::format("PROXY TCP4 {} 192.0.2.1 4711 443\r\n", client),
            .client = client + ":4711"};
}

/// A server that admits two viewers of one address.
class Proxied {
public:
    SimClient& view(const Path& path) {
        ClientPlan plan = plan_for(path);
        ClientRequest request;
        request.text = fmt::format("GET /s0/stream HTTP/1.1\r\nHost: sim\r\n{}\r\n", path.headers);
        request.expectation.kind = AnswerKind::stream_standard;
        plan.requests.push_back(std::move(request));
        SimClient& client = simulation.add_client(std::move(plan));
        run_for(100ms);
        return client;
    }
    /// Sends the PROXY header alone.
    SimClient& connect(const Path& path) { return simulation.add_client(plan_for(path)); }
    void run_for(Duration span) {
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            if (!simulation.step(end)) {
                FAIL(simulation.failure());
            }
        }
    }
    /// Of the viewers, as "ADDRESS by PROXY".
    [[nodiscard]] std::vector<std::string> listed() {
        std::vector<std::string> texts;
        for (const api::ViewerStatus& viewer : simulation.status(true).viewers) {
            texts.push_back(fmt::format("{} by {}", viewer.address, viewer.proxy));
        }
        return texts;
    }
    [[nodiscard]] std::uint64_t bad_headers() const {
        return simulation.relay().counters().bad_proxy_headers;
    }

private:
    static World world() {
        World world;
        world.engine.faults = false;
        world.slots = 32;
        world.relay.viewers_per_address_max = 2;
        world.source.period = 33ms;
        world.source.frame_bytes_min = world.source.frame_bytes_max = 2'000;
        world.clients_max = 0;
        world.healthy_clients = 0;
        world.proxies = true;
        return world;
    }
    static ClientPlan plan_for(const Path& path) {
        ClientPlan plan;
        plan.name = path.headers;
        plan.link.address = path.peer;
        plan.link.local = path.peer.starts_with("127.");
        plan.link.faultless = true;
        plan.link.round_trip = 1ms;
        plan.link.client = path.client;
        plan.link.client_disputed = path.disputed;
        plan.proxy_header = path.proxy_header;
        return plan;
    }

    Decisions decisions_{std::span<const std::uint8_t>{}};

public:
    Simulation simulation{decisions_, world()};
};

bool watches(const SimClient& client) {
    return client.here() && client.reader().streaming();
}

} // namespace

TEST_CASE("the limit of viewers by address counts the viewers behind a proxy each by its own") {
    const auto path_of = GENERATE(forwarded_for, with_proxy_header);
    Proxied proxied;
    CHECK(watches(proxied.view(path_of("203.0.113.1"))));
    CHECK(watches(proxied.view(path_of("203.0.113.1"))));
    CHECK(proxied.view(path_of("203.0.113.1")).reader().last_status() == too_many);
    CHECK(watches(proxied.view(path_of("203.0.113.2"))));
    // Those on this machine are never refused.
    for (int i = 0; i < 3; ++i) {
        CHECK(watches(proxied.view(path_of("127.0.0.1"))));
    }
}

TEST_CASE("viewers that come by a proxy and without it share the limit of their address") {
    Proxied proxied;
    CHECK(watches(proxied.view(forwarded_for("203.0.113.1"))));
    CHECK(watches(proxied.view(with_proxy_header("203.0.113.1"))));
    CHECK(proxied.view(forwarded_for("203.0.113.1")).reader().last_status() == too_many);
}

TEST_CASE("a place that a viewer behind a proxy has left is free for its address again") {
    Proxied proxied;
    SimClient& leaves = proxied.view(forwarded_for("203.0.113.1"));
    CHECK(watches(proxied.view(forwarded_for("203.0.113.1"))));
    leaves.leave(Departure::reset);
    proxied.run_for(100ms);
    CHECK(watches(proxied.view(forwarded_for("203.0.113.1"))));
    CHECK(proxied.view(forwarded_for("203.0.113.1")).reader().last_status() == too_many);
}

TEST_CASE("a forged header neither changes an address nor evades the limit") {
    Proxied proxied;
    const auto forged = [](const std::string& client) {
        Path path = forwarded_for(client);
        path.peer = "192.0.2.66:4000";
        path.client.clear();
        return path;
    };
    CHECK(watches(proxied.view(forged("203.0.113.99"))));
    CHECK(watches(proxied.view(forged("127.0.0.1"))));
    CHECK(proxied.view(forged("203.0.113.98")).reader().last_status() == too_many);
    CHECK(proxied.listed() ==
          std::vector<std::string>{"192.0.2.66:4000 by ", "192.0.2.66:4000 by "});
}

TEST_CASE("clients whose proxy's headers contradict one another count as one, also on this host") {
    Proxied proxied;
    const auto disputed = [](int number) {
        return Path{.headers = fmt::format("X-Forwarded-For: 203.0.113.{}\r\n"
                                           "Forwarded: for=127.0.0.1\r\n",
                                           number),
                    .disputed = true};
    };
    CHECK(watches(proxied.view(disputed(1))));
    CHECK(watches(proxied.view(disputed(2))));
    CHECK(proxied.view(disputed(3)).reader().last_status() == too_many);
    CHECK(watches(proxied.view(forwarded_for("203.0.113.3"))));
}

TEST_CASE("status lists the client, and the proxy that it comes by") {
    Proxied proxied;
    proxied.view({.peer = "192.0.2.1:4000"});
    proxied.view(forwarded_for("203.0.113.1"));
    proxied.view(forwarded_for("2001:db8::7"));
    proxied.view(with_proxy_header("203.0.113.2"));
    proxied.view({}); // the proxy itself
    Path health_check{.peer = "192.0.2.9:4000", .proxy_header = "PROXY UNKNOWN\r\n"};
    proxied.view(health_check);
    std::vector<std::string> listed = proxied.listed();
    std::ranges::sort(listed);
    CHECK(listed == std::vector<std::string>{
                        "192.0.2.1:4000 by ", "192.0.2.9:4000 by 192.0.2.9:4000",
                        "198.51.100.1:4000 by 198.51.100.1:4000",
                        "2001:db8::7 by 198.51.100.1:4000", "203.0.113.1 by 198.51.100.1:4000",
                        "203.0.113.2:4711 by 192.0.2.9:4000"});
}

TEST_CASE("a connection whose PROXY header is late, missing or malformed is closed unanswered") {
    Proxied proxied;
    SimClient& late = proxied.connect({.proxy_header = "PROXY TCP4 203.0.113.1"});
    proxied.run_for(2900ms);
    CHECK(late.here());
    proxied.run_for(500ms); // the time-out, and the interval at which they are looked at
    CHECK_FALSE(late.here());
    CHECK(proxied.bad_headers() == 1);
    SimClient& missing = proxied.connect({.proxy_header = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"});
    SimClient& malformed = proxied.connect({.proxy_header = "PROXY UDP4\r\n"});
    proxied.run_for(100ms);
    CHECK(proxied.bad_headers() == 3);
    for (const SimClient* client : {&late, &missing, &malformed}) {
        CHECK_FALSE(client->here());
        CHECK(client->reader().responses() == 0);
    }
}

TEST_CASE("a peer that only connects, as a health check does, is not counted as an error") {
    Proxied proxied;
    SimClient& checks = proxied.connect({.proxy_header = "PROXY"});
    proxied.run_for(100ms);
    checks.leave(Departure::close);
    proxied.run_for(1s);
    CHECK(proxied.bad_headers() == 0);
    CHECK(proxied.simulation.relay().connections().size() == 0);
}
