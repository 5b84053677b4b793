// Status and metrics while there are many viewers and many who ask, each case in a simulated world
// without faults.

#include <string>
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
