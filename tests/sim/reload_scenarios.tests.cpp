// Streams that are replaced, listeners and settings that change while the relay runs, each case in a
// world without faults.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "sim/sim_access.hpp"
#include "sim/two_streams.hpp"

using namespace ringcast;
using namespace ringcast::sim;

namespace {

constexpr bool waits = true;

/// A client on a listener that is chosen by the simulation.
SimClient& ask_for_health(Running& running) {
    ClientPlan plan = plan_for("/healthz", AnswerKind::page);
    return running.simulation.add_client(std::move(plan));
}

} // namespace

TEST_CASE("viewers of a replaced stream stay and go on with the frames of the new one") {
    Running running(two_streams(GENERATE(false, true)));
    const SimClient& standard = running.watch(second);
    const SimClient& advance = running.watch(second, true);
    const SimClient& rate_limited =
        running.ask(second, AnswerKind::stream_standard, "stream?fps=5");
    running.run_for(1s);
    const std::uint64_t before = standard.reader().frames();
    const std::uint64_t before_limited = rate_limited.reader().frames();
    const std::size_t third = running.simulation.replace_stream(second, GENERATE(false, true));
    running.run_for(2s);
    CHECK(standard.here());
    CHECK(advance.here());
    CHECK(standard.reader().frames() >= before + 50);
    CHECK(advance.reader().frames() >= before + 50);
    CHECK(rate_limited.reader().frames() >= before_limited + 9);
    CHECK(rate_limited.reader().frames() <= before_limited + 12);
    CHECK_FALSE(running.simulation.has_stream(second));
    CHECK(running.simulation.source(third).counters().frames > 50);
    running.finish();
}

TEST_CASE("viewers see that the stream is reconfigured while the new source does not start") {
    Running running;
    const SimClient& viewer = running.watch(second);
    running.run_for(1s);
    const std::uint64_t frames = viewer.reader().frames();
    const std::size_t third = running.simulation.replace_stream(second, waits);
    running.simulation.hold_source(third, 3s);
    running.run_for(2s);
    CHECK(viewer.here());
    CHECK(viewer.reader().frames() <= frames + 1);
    CHECK(viewer.reader().placeholders() >= 1);
    const api::StatusSnapshot status = running.simulation.status();
    REQUIRE(status.streams.size() == 2);
    CHECK(status.streams[1].name == "s1");
    CHECK(status.streams[1].state == stream::StreamState::lost);
    CHECK(status.streams[1].reason == "reconfigured");
    running.run_for(2s);
    CHECK(viewer.reader().frames() > frames + 10);
    running.finish();
}

TEST_CASE("a viewer in the middle of a part gets all of it, and goes on with the new stream") {
    Running running;
    ClientPlan plan = slow_reader("/s1/stream", AnswerKind::stream_standard);
    plan.requests.front().expectation.stream = running.simulation.stream_id(second);
    const SimClient& slow = running.simulation.add_client(std::move(plan));
    while (slow.reader().may_end_here() || slow.reader().frames() == 0) {
        running.run_for(5ms);
    }
    const std::uint64_t frames = slow.reader().frames();
    running.simulation.replace_stream(second, false);
    running.run_for(20ms);
    CHECK(running.simulation.has_stream(second)); // its frame is still being sent
    running.run_for(2s);
    CHECK(slow.here());
    CHECK(slow.reader().frames() >= frames + 5);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("a new source that waits starts when the earlier one has stopped, and not before") {
    World world = two_streams(true);
    Running running(world);
    const SimClient& viewer = running.watch(second);
    running.run_for(1s);
    const std::size_t third = running.simulation.replace_stream(second, waits);
    CHECK_FALSE(running.simulation.source(third).started());
    while (!running.simulation.source(third).started()) {
        running.run_for(1ms);
        CHECK(running.simulation.source(third).started() <=
              running.simulation.source(second).stopped());
    }
    running.run_for(500ms);
    CHECK(viewer.here());
    running.finish();
}

TEST_CASE("a stream can be replaced again before its source has started, and the relay can stop") {
    Running running(two_streams(true));
    const SimClient& viewer = running.watch(second);
    running.run_for(1s);
    const std::size_t third = running.simulation.replace_stream(second, waits);
    CHECK_FALSE(running.simulation.source(third).started());
    const std::size_t fourth = running.simulation.replace_stream(third, waits);
    running.run_for(500ms);
    CHECK_FALSE(running.simulation.source(third).started());
    CHECK_FALSE(running.simulation.has_stream(third));
    CHECK(running.simulation.source(fourth).started());
    CHECK(viewer.here());
    running.simulation.replace_stream(fourth, waits);
    running.finish();
}

TEST_CASE("the viewers of another stream miss no frame when a stream is replaced") {
    Running running;
    const SimClient& other = running.watch(first);
    for (int i = 0; i < 10; ++i) {
        (void)running.watch(second);
    }
    running.run_for(1s);
    const std::uint64_t published = running.simulation.source(first).counters().frames;
    const std::uint64_t received = other.reader().frames();
    std::size_t number = second;
    for (int i = 0; i < 5; ++i) {
        number = running.simulation.replace_stream(number, false);
        running.run_for(200ms);
    }
    const std::uint64_t frames = running.simulation.source(first).counters().frames - published;
    CHECK(other.reader().frames() + 1 >= received + frames);
    CHECK(running.simulation.relay().connections().size() == 11);
    running.finish();
}

TEST_CASE("a snapshot that waits for a stream that is replaced gets a picture of the new one") {
    World world = two_streams();
    world.relay.snapshot_wait = 1500ms;
    Running running(world);
    running.simulation.hold_source(second, 10s);
    running.run_for(100ms);
    const SimClient& waiter = running.ask(second, AnswerKind::snapshot, "snapshot");
    running.run_for(100ms);
    CHECK(waiter.reader().responses() == 0);
    running.simulation.replace_stream(second, false);
    running.run_for(500ms);
    CHECK(waiter.reader().last_status() == 200);
    running.finish();
}

TEST_CASE(
    "the default stream can be replaced, and another one can become the default and it can end") {
    Running running;
    ClientPlan plan = plan_for("/stream", AnswerKind::stream_standard);
    plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
    plan.requests.front().expectation.stream = running.simulation.stream_id(first);
    const SimClient& viewer = running.simulation.add_client(std::move(plan));
    running.run_for(500ms);
    const std::size_t third = running.simulation.replace_stream(first, waits);
    running.run_for(500ms);
    CHECK(viewer.here());
    CHECK(running.simulation.status().streams[0].is_default);

    running.simulation.set_default_stream(second);
    running.simulation.end_stream(third);
    running.run_for(500ms);
    check_orderly_end(viewer);
    ClientPlan root = plan_for("/snapshot", AnswerKind::snapshot);
    root.link.send_buffer = root.link.receive_buffer = 4 << 20;
    root.requests.front().expectation.stream = running.simulation.stream_id(second);
    const SimClient& snapshot = running.simulation.add_client(std::move(root));
    running.run_for(200ms);
    CHECK(snapshot.reader().last_status() == 200);
    running.finish();
}

TEST_CASE("the status names each stream once while one is being replaced") {
    Running running;
    ClientPlan plan = plan_for("/s1/stream", AnswerKind::stream_standard);
    plan.link.send_buffer = plan.link.receive_buffer = 2'000;
    plan.read_bytes = 100; // it keeps a frame of the earlier stream
    plan.read_pause = 1s;
    plan.requests.front().expectation.stream = running.simulation.stream_id(second);
    running.simulation.add_client(std::move(plan));
    running.run_for(500ms);
    running.simulation.replace_stream(second, false);
    running.run_for(100ms);
    CHECK(running.simulation.has_stream(second));
    const api::StatusSnapshot status = running.simulation.status(true);
    REQUIRE(status.streams.size() == 2);
    CHECK(status.streams[1].name == "s1");
    REQUIRE(status.viewers.size() == 1);
    CHECK(status.viewers[0].stream == 1);
    running.finish();
}

TEST_CASE("a listener that is removed keeps its connections, and its place is used again") {
    Running running;
    running.simulation.add_listener();
    std::vector<const SimClient*> viewers;
    for (int i = 0; i < 20; ++i) { // some of them over the new listener
        viewers.push_back(&running.watch(first));
    }
    running.run_for(500ms);
    running.simulation.remove_listener();
    running.run_for(100ms);
    const std::uint64_t frames = viewers.front()->reader().frames();
    running.simulation.add_listener();
    const SimClient& late = ask_for_health(running);
    running.run_for(500ms);
    for (const SimClient* viewer : viewers) {
        CHECK(viewer->here());
        CHECK(viewer->reader().frames() > frames + 10);
    }
    CHECK(late.reader().last_status() == 200);
    running.finish();
}

TEST_CASE("fewer viewers are admitted after a change, and those that are here stay") {
    Running running;
    std::vector<const SimClient*> viewers;
    for (int i = 0; i < 5; ++i) {
        viewers.push_back(&running.watch(first));
    }
    running.run_for(500ms);
    relay::ServingSettings settings = running.simulation.world().relay;
    settings.viewers_max = 3;
    running.simulation.change_settings(settings);
    const SimClient& refused = running.watch(first);
    running.run_for(500ms);
    CHECK(refused.reader().last_status() == 503);
    CHECK(running.simulation.status().server.viewers_max == 3);
    settings.viewers_max = 1'000'000; // more than there are places for
    running.simulation.change_settings(settings);
    const SimClient& admitted = running.watch(first);
    running.run_for(500ms);
    CHECK(admitted.here());
    CHECK(running.simulation.status().server.viewers_max == 100);
    for (const SimClient* viewer : viewers) {
        CHECK(viewer->here());
    }
    running.finish();
}

TEST_CASE(
    "passwords that are switched on end what strangers watch, and nothing when switched off") {
    Running running;
    const SimClient& stranger = running.watch(first);
    running.run_for(500ms);
    running.simulation.set_access(relay::AccessSettings{sim_rules(false), {}});
    running.run_for(500ms);
    check_orderly_end(stranger);
    const SimClient& refused = running.watch(first);
    running.run_for(100ms);
    CHECK(refused.reader().last_status() == 401);

    ClientPlan plan = plan_for("/s0/stream", AnswerKind::stream_standard);
    plan.requests.front().expectation.stream = running.simulation.stream_id(first);
    plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
    add_proof(plan, Proof::token, "s0", 0, running.simulation.engine().wall_now());
    const SimClient& known = running.simulation.add_client(std::move(plan));
    running.run_for(500ms);
    CHECK(known.here());
    running.simulation.set_access(std::nullopt);
    const SimClient& anybody = running.watch(first);
    running.run_for(500ms);
    CHECK(known.here());
    CHECK(anybody.here());
    CHECK(anybody.reader().frames() > 10);
    running.finish();
}
