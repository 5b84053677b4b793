// Who has a place while all places are taken, each case in a world without faults.

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t viewers_max = 4;
constexpr std::uint32_t places_extra = 64;

ClientPlan plan_for(const std::string& address, const std::string& target, AnswerKind kind) {
    ClientPlan plan;
    plan.name = fmt::format("{} from {}", target, address);
    plan.link.address = address;
    plan.link.faultless = true;
    plan.link.round_trip = 1ms;
    plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
    ClientRequest request;
    request.text = fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", target);
    request.expectation.kind = kind;
    plan.requests.push_back(std::move(request));
    return plan;
}

/// A relay with few places, all of those for streams taken.
struct Crowded {
    explicit Crowded(const World& with = world()) : simulation(decisions, with) {
        for (std::uint32_t i = 0; i < viewers_max; ++i) {
            viewers.push_back(&simulation.add_client(
                plan_for("192.0.2.1:1", "/s0/stream", AnswerKind::stream_standard)));
        }
        run_for(200ms);
    }

    static World world() {
        World world;
        world.engine.faults = false;
        world.slots = 32;
        world.viewers_max = viewers_max;
        world.relay.viewers_max = viewers_max;
        world.relay.connections_extra = places_extra;
        world.source.period = 33ms;
        world.source.frame_bytes_min = world.source.frame_bytes_max = 10'000;
        world.clients_max = 0;
        world.healthy_clients = 0;
        return world;
    }
    void run_for(Duration span) {
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            if (!simulation.step(end)) {
                FAIL(simulation.failure());
            }
        }
    }
    /// Sends one request and then keeps its connection.
    SimClient& ask(const std::string& address, const std::string& target = "/healthz") {
        return simulation.add_client(plan_for(address, target, AnswerKind::page));
    }
    /// Sends a part of a request, and never the rest.
    SimClient& connect_silently(const std::string& address) {
        ClientPlan plan = plan_for(address, "/healthz", AnswerKind::page);
        plan.requests.front().text = "GET /hea";
        return simulation.add_client(std::move(plan));
    }
    [[nodiscard]] const api::RelayCounters& counters() const {
        return simulation.relay().counters();
    }
    /// No viewer has noticed anything.
    void finish() {
        for (const SimClient* viewer : viewers) {
            CHECK(viewer->here());
            CHECK(viewer->reader().last_picture_age() < 100ms);
            CHECK(viewer->reader().frames() + 1 >= simulation.source(0).counters().frames);
        }
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
    std::vector<const SimClient*> viewers;
};

/// Another host for each number.
std::string address_of(std::uint32_t number) {
    return fmt::format("198.51.{}.{}:1", number / 200, number % 200);
}

bool was_answered(const SimClient* client) {
    return client->reader().responses() == 1 && client->reader().last_status() == 200;
}

} // namespace

TEST_CASE("idle connections keep nobody from status, metrics and health, and the oldest yield") {
    Crowded crowded;
    std::vector<const SimClient*> idle;
    constexpr std::uint32_t idle_count = 60;
    for (std::uint32_t i = 0; i < idle_count; ++i) {
        idle.push_back(&crowded.ask(address_of(i)));
        crowded.run_for(1ms);
    }
    crowded.run_for(20ms);
    REQUIRE(std::ranges::all_of(idle, was_answered));
    CHECK(std::ranges::all_of(idle, &SimClient::here)); // while places are free, nobody yields
    CHECK(crowded.counters().evicted_silent == 0);

    constexpr std::size_t burst_size = 10;
    constexpr std::array targets{"/api/status", "/metrics", "/healthz"};
    for (std::size_t burst = 0; burst < 4; ++burst) {
        std::vector<const SimClient*> asking;
        for (std::size_t i = 0; i < burst_size; ++i) {
            const auto number = static_cast<std::uint32_t>(1000 + burst * burst_size + i);
            asking.push_back(&crowded.ask(address_of(number), targets[i % targets.size()]));
        }
        crowded.run_for(50ms);
        CHECK(std::ranges::all_of(asking, was_answered));
        // Each burst keeps its connections, and is the last to yield.
        const std::size_t asked = (burst + 1) * burst_size;
        const std::size_t yielded = idle_count + asked - places_extra;
        CHECK(crowded.counters().evicted_silent == yielded);
        for (std::size_t i = 0; i < idle.size(); ++i) {
            CHECK(idle[i]->here() == (i >= yielded));
            CHECK_FALSE(idle[i]->was_reset());
        }
    }
    crowded.finish();
}

TEST_CASE("connections that never send a whole request yield after idle ones, the oldest first") {
    Crowded crowded;
    std::vector<const SimClient*> silent;
    constexpr std::size_t silent_count = 50;
    for (std::uint32_t i = 0; i < silent_count; ++i) {
        silent.push_back(&crowded.connect_silently(address_of(i)));
        crowded.run_for(1ms);
    }
    std::vector<const SimClient*> idle;
    constexpr std::size_t idle_count = 14;
    for (std::uint32_t i = 0; i < idle_count; ++i) {
        idle.push_back(&crowded.ask(address_of(200 + i)));
    }
    crowded.run_for(20ms);
    CHECK(crowded.counters().evicted_silent == 0);
    const auto here = [](const std::vector<const SimClient*>& clients) {
        return static_cast<std::size_t>(std::ranges::count_if(clients, &SimClient::here));
    };
    for (std::uint32_t i = 0; i < idle_count + 3; ++i) {
        crowded.connect_silently(address_of(1000 + i));
        crowded.run_for(5ms);
        CHECK(here(idle) == idle_count - std::min<std::size_t>(i + 1, idle_count));
    }
    CHECK(here(silent) == silent_count - 3);
    for (std::size_t i = 0; i < silent_count; ++i) {
        CHECK(silent[i]->here() == (i >= 3));
    }
    crowded.finish();
}

TEST_CASE("replies that nobody reads yield to newcomers") {
    Crowded crowded;
    constexpr std::uint32_t count = 200;
    for (std::uint32_t i = 0; i < count; ++i) {
        ClientPlan plan = plan_for(address_of(i), "/api/status", AnswerKind::page);
        plan.link.send_buffer = 500;
        plan.link.receive_buffer = 500;
        plan.read_total_max = 0;
        (void)crowded.simulation.add_client(std::move(plan));
    }
    crowded.run_for(100ms);
    REQUIRE(crowded.simulation.relay().places_taken().requests == places_extra);
    for (std::uint32_t i = 0; i < 20; ++i) {
        const SimClient& asking = crowded.ask("192.0.2.2:1", "/metrics");
        crowded.run_for(20ms);
        CHECK(was_answered(&asking));
    }
    crowded.finish();
}

TEST_CASE("an address that connects without end keeps nobody else from an answer") {
    Crowded crowded;
    // Others with an idle connection each, and a proxy with as many as its share.
    std::vector<const SimClient*> idle;
    for (std::uint32_t i = 0; i < 20; ++i) {
        idle.push_back(&crowded.ask(address_of(i)));
    }
    for (std::uint32_t i = 0; i < 16; ++i) {
        idle.push_back(&crowded.ask("192.0.2.9:1"));
    }
    crowded.run_for(20ms);

    std::vector<const SimClient*> attackers;
    constexpr std::size_t attacker_count = 120;
    std::vector<const SimClient*> asking;
    for (int round = 0; round < 20; ++round) {
        std::erase_if(attackers, [](const SimClient* client) { return !client->here(); });
        while (attackers.size() < attacker_count) {
            attackers.push_back(&crowded.connect_silently("192.0.2.8:1"));
        }
        ClientPlan plan = plan_for("192.0.2.7:1", "/", AnswerKind::page);
        plan.requests.front().text =
            fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n",
                        round % 2 == 0 ? "/api/status" : "/metrics");
        asking.push_back(&crowded.simulation.add_client(std::move(plan)));
        crowded.run_for(5ms);
    }
    crowded.run_for(50ms);
    CHECK(std::ranges::all_of(asking, was_answered));
    CHECK(std::ranges::all_of(idle, &SimClient::here));
    CHECK(crowded.counters().evicted_silent == 0);
    CHECK(crowded.counters().evicted_over_share > attacker_count);
    crowded.finish();
}

TEST_CASE("an address has more than its share of the places while nobody else needs them") {
    Crowded crowded;
    std::vector<const SimClient*> busy;
    for (std::uint32_t i = 0; i < places_extra; ++i) {
        busy.push_back(&crowded.connect_silently("192.0.2.8:1"));
    }
    crowded.run_for(50ms);
    CHECK(std::ranges::all_of(busy, &SimClient::here));
    CHECK(crowded.counters().evicted_over_share == 0);
    const SimClient& asking = crowded.ask("192.0.2.7:1");
    crowded.run_for(50ms);
    CHECK(was_answered(&asking));
    CHECK(crowded.counters().evicted_over_share == 1);
    CHECK_FALSE(busy.front()->here());
    crowded.finish();
}

TEST_CASE("places that viewers do not take are free for requests") {
    World world = Crowded::world();
    world.viewers_max = world.relay.viewers_max = 100;
    Crowded crowded(world);
    std::vector<const SimClient*> silent;
    for (std::uint32_t i = 0; i < 100 - viewers_max + places_extra; ++i) {
        silent.push_back(&crowded.connect_silently("192.0.2.8:1"));
    }
    crowded.run_for(50ms);
    CHECK(std::ranges::all_of(silent, &SimClient::here));
    // ... and are given up for viewers.
    for (std::uint32_t i = 0; i < 50; ++i) {
        crowded.viewers.push_back(&crowded.simulation.add_client(
            plan_for("192.0.2.7:1", "/s0/stream", AnswerKind::stream_standard)));
    }
    crowded.run_for(100ms);
    CHECK(crowded.simulation.relay().places_taken().viewers == viewers_max + 50);
    CHECK(crowded.counters().evicted_over_share == 50);
    CHECK(crowded.simulation.finish());
}

TEST_CASE("the limit of viewers for an address counts a /64 of IPv6 as one") {
    World world = Crowded::world();
    world.viewers_max = world.relay.viewers_max = 100;
    world.relay.viewers_per_address_max = 2;
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, world);
    const std::array<std::string, 8> addresses{"[2001:db8:1:2:3:4:5:6]:1",
                                               "[2001:db8:1:2:ffff:1:2:3]:2",
                                               "[2001:db8:1:2::9]:3",
                                               "[2001:db8:1:3::9]:4",
                                               "192.0.2.7:5",
                                               "192.0.2.7:6",
                                               "192.0.2.7:7",
                                               "192.0.2.8:8"};
    std::vector<const SimClient*> viewers;
    for (const std::string& address : addresses) {
        ClientPlan plan = plan_for(address, "/s0/stream", AnswerKind::stream_standard);
        viewers.push_back(&simulation.add_client(std::move(plan)));
        const Instant end = simulation.engine().now() + 50ms;
        while (simulation.engine().now() < end) {
            REQUIRE(simulation.step(end));
        }
    }
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < viewers.size(); ++i) {
        if (!viewers[i]->reader().streaming()) {
            CHECK(viewers[i]->reader().last_status() == 503);
            refused.push_back(i);
        }
    }
    CHECK(refused == std::vector<std::size_t>{2, 6});
    CHECK(simulation.finish());
}

TEST_CASE("while draining, viewers stay, new ones are refused, and the health check fails") {
    World world = Crowded::world();
    world.viewers_max = world.relay.viewers_max = viewers_max + 1;
    Crowded crowded(world);
    const auto answers = [&](const std::string& target, AnswerKind kind, int status) {
        const SimClient& client =
            crowded.simulation.add_client(plan_for(address_of(1), target, kind));
        crowded.run_for(100ms);
        return client.reader().responses() == 1 && client.reader().last_status() == status;
    };
    crowded.simulation.set_draining(true);
    CHECK(crowded.simulation.status().server.draining);
    CHECK(answers("/s0/stream", AnswerKind::stream_standard, 503));
    CHECK(answers("/healthz", AnswerKind::page, 503));
    CHECK(answers("/healthz?stream=s0", AnswerKind::page, 503));
    CHECK(answers("/s0/snapshot", AnswerKind::snapshot, 200));
    CHECK(answers("/api/status", AnswerKind::page, 200));
    CHECK(answers("/metrics", AnswerKind::page, 200));
    CHECK(crowded.counters().connections_refused == 1);
    crowded.simulation.set_draining(false);
    CHECK_FALSE(crowded.simulation.status().server.draining);
    CHECK(answers("/healthz", AnswerKind::page, 200));
    CHECK(answers("/s0/stream", AnswerKind::stream_standard, 200));
    crowded.finish();
}
