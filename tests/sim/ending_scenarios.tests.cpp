// What becomes of requests while the server ends, each case in a simulated world without faults.

#include <chrono>
#include <string>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "sim/two_streams.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr int unavailable = 503;

/// A client whose request follows `pause` after it has connected.
SimClient& connect(Running& running, const std::string& target, AnswerKind kind, Duration pause) {
    ClientPlan plan = plan_for(target, kind);
    plan.requests.front().pause = pause;
    return running.simulation.add_client(std::move(plan));
}

} // namespace

TEST_CASE("a request that arrives on a new connection while the server ends is told to come back") {
    const std::string target = GENERATE("/s0/stream", "/s0/snapshot", "/api/status", "/healthz");
    Running running;
    const SimClient& client = connect(running, target, AnswerKind::refusal, 60ms);
    running.run_for(30ms); // it has connected
    running.finish();
    INFO(client.error());
    CHECK(client.reader().responses() == 1);
    CHECK(client.reader().last_status() == unavailable);
    CHECK(client.reader().closing());
    CHECK_FALSE(client.was_reset());
}

TEST_CASE("a connection without a request does not keep the server from ending") {
    World world = two_streams();
    world.relay.shutdown_grace = 10s;
    Running running(world);
    const SimClient& silent = connect(running, "/healthz", AnswerKind::page, 1h);
    running.run_for(30ms);
    const Instant began = running.simulation.engine().now();
    running.finish();
    CHECK_FALSE(silent.here());
    CHECK_FALSE(silent.was_reset());
    CHECK(running.simulation.engine().now() - began < 1s);
}

TEST_CASE("a snapshot that waits for a picture is answered when the server ends") {
    Running running;
    running.simulation.hold_source(first, 10s);
    const SimClient& client =
        running.ask(first, AnswerKind::refusal, "snapshot?within_ms=5000&max_age_ms=0");
    running.run_for(100ms);
    REQUIRE(client.reader().responses() == 0);
    running.finish();
    INFO(client.error());
    CHECK(client.reader().responses() == 1);
    CHECK(client.reader().last_status() == unavailable);
}
