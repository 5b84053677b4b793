// Status and metrics while there are many viewers and many who ask, each case in a simulated world
// without faults.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

World crowded_world(std::uint32_t viewers_max) {
    World world;
    world.engine.faults = false;
    world.slots = 32;
    world.viewers_max = viewers_max;
    world.relay.viewers_max = viewers_max;
    world.source.period = 33ms;
    world.source.frame_bytes_min = world.source.frame_bytes_max = 2'000;
    world.clients_max = 0;
    world.healthy_clients = 0;
    return world;
}

ClientPlan plan_for(const std::string& target, AnswerKind kind) {
    ClientPlan plan;
    plan.name = target;
    plan.link.address = "192.0.2.1:1";
    plan.link.faultless = true;
    plan.link.round_trip = 1ms;
    ClientRequest request;
    request.text = fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", target);
    request.expectation.kind = kind;
    plan.requests.push_back(std::move(request));
    return plan;
}

ClientPlan viewer() {
    return plan_for("/s0/stream", AnswerKind::stream_standard);
}

/// A simulation with viewers, which runs until all of them have got frames.
struct Crowd {
    explicit Crowd(std::uint32_t viewers, const World& world = crowded_world(1000))
        : simulation(decisions, world) {
        run_for(100ms);
        for (std::uint32_t i = 0; i < viewers; ++i) {
            clients.push_back(&simulation.add_client(viewer()));
        }
        run_for(500ms);
    }
    /// Runs for `span`; replies with success or a client's error count.
    std::uint64_t most_replies_in_a_turn(Duration span) {
        const auto replies = [&] {
            const auto& responses = simulation.relay().counters().responses;
            return responses[1] + responses[3];
        };
        std::uint64_t most = 0;
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            const std::uint64_t before = replies();
            REQUIRE(simulation.step(end));
            most = std::max(most, replies() - before);
        }
        return most;
    }
    void run_for(Duration span) {
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            if (!simulation.step(end)) {
                FAIL(simulation.failure());
            }
        }
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
    std::vector<SimClient*> clients;
};

ClientPlan asker(const std::string& target) {
    return plan_for(target, AnswerKind::page);
}

/// Whose socket takes a few kilobytes and is never read.
ClientPlan never_reading_asker(const std::string& target) {
    ClientPlan plan = asker(target);
    plan.link.send_buffer = 4'000;
    plan.link.receive_buffer = 2'000;
    plan.read_total_max = 0;
    return plan;
}

constexpr std::uint64_t submit_batch = 64;

} // namespace

TEST_CASE("pages of the list of viewers contain each viewer that stays exactly once, in order") {
    Crowd crowd(250);
    std::vector<std::uint64_t> listed;
    std::uint64_t after = 0;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        REQUIRE(pages < 10);
        const std::uint64_t queries = crowd.simulation.engine().progress_queries();
        const api::StatusSnapshot status =
            crowd.simulation.status({.count_max = 60, .after = after});
        CHECK(crowd.simulation.engine().progress_queries() - queries == status.viewers.size());
        CHECK(status.viewers_total == crowd.simulation.status().streams[0].viewers);
        for (const api::ViewerStatus& viewer : status.viewers) {
            CHECK(viewer.id > after);
            after = viewer.id;
            listed.push_back(viewer.id);
        }
        more = status.viewers_next.has_value();
        CHECK((!more || (status.viewers_next == after && status.viewers.size() == 60)));
        // In between some leave and others come.
        crowd.clients[static_cast<std::size_t>(pages)]->leave(Departure::reset);
        (void)crowd.simulation.add_client(viewer());
        crowd.run_for(20ms);
    }
    CHECK(pages == 5);
    CHECK(listed.size() >= 250 - 5);
    CHECK(listed.size() <= 250 + 5);
    crowd.finish();
}

TEST_CASE("metrics and a status without a list of viewers ask the kernel about no viewer") {
    Crowd crowd(50);
    const std::uint64_t queries = crowd.simulation.engine().progress_queries();
    const api::StatusSnapshot status = crowd.simulation.status({.count_max = 0});
    CHECK(status.viewers_total == 50);
    CHECK(status.viewers.empty());
    CHECK_FALSE(status.viewers_next);
    CHECK(crowd.simulation.engine().progress_queries() == queries);
    crowd.finish();
}

TEST_CASE("requests for the status within a quarter of a second share one report") {
    for (const std::string target : {"/api/status", "/metrics", "/"}) {
        CAPTURE(target);
        Crowd crowd(20);
        int gathered = 0;
        crowd.simulation.set_status_hook([&](api::RelayCounters&) { ++gathered; });
        std::vector<const SimClient*> askers;
        for (int i = 0; i < 300; ++i) {
            askers.push_back(&crowd.simulation.add_client(asker(target)));
            if (i % 50 == 49) {
                crowd.run_for(30ms);
            }
        }
        CHECK(gathered == (target == "/" ? 0 : 1));
        for (const SimClient* client : askers) {
            CHECK(client->reader().responses() == 1);
            CHECK(client->reader().last_status() == 200);
            CHECK(client->reader().last_body() == askers.front()->reader().last_body());
        }
        crowd.run_for(300ms);
        const SimClient& later = crowd.simulation.add_client(asker(target));
        crowd.run_for(30ms);
        CHECK(gathered == (target == "/" ? 0 : 2));
        CHECK(later.reader().last_status() == 200);
        crowd.finish();
    }
}

TEST_CASE("a part of the list of viewers is rendered for each request") {
    Crowd crowd(20);
    int gathered = 0;
    crowd.simulation.set_status_hook([&](api::RelayCounters&) { ++gathered; });
    std::vector<const SimClient*> askers;
    for (int i = 0; i < 10; ++i) {
        askers.push_back(&crowd.simulation.add_client(asker("/api/status?viewers=5")));
    }
    crowd.run_for(100ms);
    CHECK(gathered == 10);
    for (const SimClient* client : askers) {
        CHECK(client->reader().last_status() == 200);
        CHECK(client->reader().last_body().find("\"viewers_total\": 20") != std::string::npos);
    }
    crowd.finish();
}

TEST_CASE("reports that take long are rendered one per turn, and for a tenth of the time") {
    Crowd crowd(20);
    SimEngine& engine = crowd.simulation.engine();
    constexpr Duration cost = 20ms;
    std::vector<Instant> gathered;
    crowd.simulation.set_status_hook([&](api::RelayCounters&) {
        gathered.push_back(engine.now());
        engine.spend(cost);
    });
    const std::uint64_t frames = crowd.clients.front()->reader().frames();
    const std::uint64_t published = crowd.simulation.source(0).counters().frames;
    std::vector<const SimClient*> flood;
    for (int i = 0; i < 100; ++i) {
        flood.push_back(
            &crowd.simulation.add_client(asker(fmt::format("/api/status?viewers=5&after={}", i))));
    }
    crowd.run_for(500ms);
    // Whoever wants what is the same for everybody does not wait behind the flood.
    const SimClient& status = crowd.simulation.add_client(asker("/api/status"));
    const SimClient& metrics = crowd.simulation.add_client(asker("/metrics"));
    crowd.run_for(450ms);
    CHECK(status.reader().last_status() == 200);
    CHECK(metrics.reader().last_status() == 200);
    crowd.run_for(2500ms);
    for (std::size_t i = 1; i < gathered.size(); ++i) {
        CHECK(gathered[i] - gathered[i - 1] >= 10 * cost);
    }
    CHECK(gathered.size() >= 8);
    int answered = 0;
    for (const SimClient* client : flood) {
        REQUIRE(client->reader().responses() == 1);
        answered += client->reader().last_status() == 200 ? 1 : 0;
        if (client->reader().last_status() != 200) {
            CHECK(client->reader().last_status() == 503);
            CHECK(client->reader().last_body().find("try again in 2 s") != std::string::npos);
        }
    }
    CHECK(answered >= 6);
    CHECK(answered < 20);
    CHECK(crowd.clients.front()->reader().frames() - frames + 1 >=
          crowd.simulation.source(0).counters().frames - published);
    crowd.finish();
}

TEST_CASE("the controls of a camera are rendered for one request in a turn") {
    World world = crowded_world(200);
    world.cameras = true;
    world.camera.wakes_after = 1ms;
    Crowd crowd(5, world);
    std::vector<const SimClient*> askers;
    for (int i = 0; i < 100; ++i) {
        askers.push_back(&crowd.simulation.add_client(asker("/s0/controls")));
    }
    CHECK(crowd.most_replies_in_a_turn(500ms) == 1);
    for (const SimClient* client : askers) {
        CHECK(client->reader().last_status() == 200);
        CHECK(client->reader().last_body().find("\"AfMode\"") != std::string::npos);
    }
    crowd.finish();
}

TEST_CASE("a bounded number of replies is begun in one turn, and all requests are answered") {
    for (const std::string target : {"/api/status", "/healthz", "/nothing", "/s0/state"}) {
        CAPTURE(target);
        Crowd crowd(100, crowded_world(1200));
        const std::uint64_t published = crowd.simulation.source(0).counters().frames;
        const std::uint64_t frames = crowd.clients.front()->reader().frames();
        std::vector<const SimClient*> askers;
        for (int i = 0; i < 1000; ++i) {
            askers.push_back(&crowd.simulation.add_client(asker(target)));
        }
        CHECK(crowd.most_replies_in_a_turn(500ms) == submit_batch);
        for (const SimClient* client : askers) {
            CHECK(client->reader().responses() == 1);
        }
        CHECK(crowd.clients.front()->reader().frames() - frames + 1 >=
              crowd.simulation.source(0).counters().frames - published);
        crowd.finish();
    }
}

TEST_CASE("a request that waits keeps its connection's other rules") {
    // The client leaves, or the relay stops, while more requests wait than one turn answers.
    Crowd crowd(5, crowded_world(1200));
    for (int i = 0; i < 500; ++i) {
        ClientPlan plan = asker(i % 2 == 0 ? "/healthz" : "/api/status?viewers=1");
        plan.departure = i % 3 == 0 ? Departure::reset : Departure::close;
        plan.departs_after = std::chrono::microseconds(1000 + i);
        (void)crowd.simulation.add_client(plan);
    }
    crowd.run_for(2500us);
    for (int i = 0; i < 500; ++i) {
        (void)crowd.simulation.add_client(asker("/api/status?viewers=1"));
    }
    crowd.run_for(1200us);
    crowd.finish();
}

TEST_CASE("clients that ask for reports and never read them occupy a bounded memory") {
    for (const std::string target :
         {"/api/status", "/api/status?viewers=100", "/metrics", "/s0/controls"}) {
        CAPTURE(target);
        World world = crowded_world(1200);
        world.relay.report_bytes_max = 300'000;
        world.cameras = target == "/s0/controls";
        world.camera.controls = 300;
        Crowd crowd(100, world);
        const auto published_now = [&] {
            return world.cameras ? crowd.simulation.camera(0).counters().frames
                                 : crowd.simulation.source(0).counters().frames;
        };
        const std::uint64_t published = published_now();
        const std::uint64_t frames = crowd.clients.front()->reader().frames();
        std::size_t most = 0;
        for (int i = 0; i < 250; ++i) { // for two seconds, in which eight reports are made
            (void)crowd.simulation.add_client(never_reading_asker(target));
            crowd.run_for(8ms);
            most = std::max(most, crowd.simulation.relay().report_bytes());
        }
        CHECK(most > 60'000); // the clients do occupy memory
        CHECK(most < 600'000);
        const SimClient& honest = crowd.simulation.add_client(asker("/api/status"));
        crowd.run_for(300ms);
        CHECK(honest.reader().last_status() == 200);
        CHECK(crowd.clients.front()->reader().frames() - frames + 1 >= published_now() - published);
        crowd.finish();
    }
}

TEST_CASE("nobody is disconnected, and no signal is lost, for time that the loop itself took") {
    World world = crowded_world(1500);
    world.relay.connection.stall_timeout = 5s;
    Crowd crowd(20, world);
    // A viewer in the middle of a frame, one between two requests, one in the middle of a head.
    ClientPlan slow = viewer();
    slow.link.send_buffer = slow.link.receive_buffer = 500;
    slow.read_bytes = 100;
    slow.read_pause = 100ms; // a frame takes two seconds
    crowd.clients.push_back(&crowd.simulation.add_client(slow));
    ClientPlan twice = asker("/healthz");
    twice.requests.push_back(twice.requests.front());
    twice.requests.back().pause = 14s;
    const SimClient& idle = crowd.simulation.add_client(twice);
    ClientPlan head = asker("/healthz");
    head.dribble_bytes = 10;
    head.dribble_pause = 900ms; // four seconds in all
    const SimClient& dribbling = crowd.simulation.add_client(head);
    crowd.run_for(1s);

    SimEngine& engine = crowd.simulation.engine();
    bool once = false;
    crowd.simulation.set_status_hook([&](api::RelayCounters&) {
        if (std::exchange(once, true)) {
            return;
        }
        // More completions than one turn handles are ahead of the source's next frame.
        for (int i = 0; i < 1300; ++i) {
            (void)crowd.simulation.add_client(asker("/healthz"));
        }
        engine.spend(20s);
    });
    (void)crowd.simulation.add_client(asker("/api/status"));
    bool lost = false;
    const Instant end = engine.now() + 20s + 3s;
    while (engine.now() < end) {
        REQUIRE(crowd.simulation.step(end));
        lost =
            lost || crowd.simulation.relay().stream(0).signal().state() != api::StreamState::live;
    }
    CHECK(once);
    CHECK_FALSE(lost);
    const api::RelayCounters& counters = crowd.simulation.relay().counters();
    CHECK(counters.evicted_stalled == 0);
    CHECK(counters.bad_requests == 0);
    for (const SimClient* client : crowd.clients) {
        CHECK(client->here());
    }
    CHECK(idle.reader().responses() == 2);
    CHECK(dribbling.reader().responses() == 1);
    crowd.finish();
}
