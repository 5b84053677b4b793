// Streams that end and begin while the relay runs, each case in a world without faults.

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/two_streams.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

TEST_CASE("the viewers of a stream that ends get whole parts and an orderly end") {
    Running running(two_streams(GENERATE(false, true)));
    const SimClient& standard = running.watch(second);
    const SimClient& advance = running.watch(second, true);
    running.run_for(1s);
    CHECK(standard.here());
    CHECK(advance.here());
    running.simulation.end_stream(second);
    running.run_for(500ms);
    check_orderly_end(standard);
    check_orderly_end(advance);
    CHECK(running.simulation.relay().connections().size() == 0);
    running.finish();
}

TEST_CASE("a viewer in the middle of a part gets all of it before its stream's end") {
    Running running;
    ClientPlan plan = slow_reader("/s1/stream", AnswerKind::stream_standard);
    plan.requests.front().expectation.stream = running.simulation.stream_id(second);
    const SimClient& slow = running.simulation.add_client(std::move(plan));
    while (slow.reader().may_end_here() || slow.reader().frames() == 0) {
        running.run_for(5ms);
    }
    const std::uint64_t frames = slow.reader().frames();
    running.simulation.end_stream(second);
    running.run_for(20ms);
    CHECK(slow.here());
    CHECK(running.simulation.has_stream(second));
    running.run_for(1s);
    check_orderly_end(slow);
    CHECK(slow.reader().frames() == frames + 1);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("the viewers of another stream miss no frame when a stream ends") {
    Running running;
    std::vector<const SimClient*> others;
    for (int i = 0; i < 10; ++i) {
        others.push_back(&running.watch(first));
        (void)running.watch(second);
    }
    running.run_for(1s);
    const std::uint64_t published = running.simulation.source(first).counters().frames;
    const std::uint64_t received = others.front()->reader().frames();
    running.simulation.end_stream(second);
    running.run_for(2s);
    const std::uint64_t frames = running.simulation.source(first).counters().frames - published;
    CHECK(frames > 50);
    for (const SimClient* other : others) {
        CHECK(other->here());
        CHECK(other->reader().frames() + 1 >= received + frames);
    }
    CHECK(running.simulation.relay().connections().size() == others.size());
    running.finish();
}

TEST_CASE("a stream that has ended is gone, and all of its slots are back") {
    Running running(two_streams(GENERATE(false, true)));
    (void)running.watch(second);
    running.run_for(1s);
    CHECK(running.simulation.has_stream(second));
    running.simulation.end_stream(second);
    running.run_for(500ms);
    CHECK_FALSE(running.simulation.has_stream(second));
    CHECK(running.simulation.has_stream(first));
    const frame::FrameArena& arena = running.simulation.arena(second);
    CHECK(arena.free_count() == arena.geometry().slot_count);
    CHECK(running.simulation.source(second).stopped());
    CHECK(running.simulation.status().streams.size() == 1);
    running.finish();
}

TEST_CASE("a stream without viewers is gone as soon as its source has stopped") {
    Running running;
    running.simulation.end_stream(second);
    running.run_for(50ms);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("a stream is not gone while a viewer that never reads holds its frames") {
    Running running;
    SimClient& stuck = running.watch(second);
    running.run_for(100ms);
    stuck.leave(Departure::vanish);
    running.run_for(1s);
    CHECK(running.simulation.relay().send_count() > 0);
    running.simulation.end_stream(second);
    running.run_for(100ms);
    CHECK(running.simulation.has_stream(second));
    running.run_for(15s); // the drain and stall time-outs
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("a stream is not gone while a snapshot of it is being sent, which is completed") {
    Running running;
    ClientPlan plan = slow_reader("/s1/snapshot", AnswerKind::snapshot);
    plan.requests.front().expectation.stream = running.simulation.stream_id(second);
    const SimClient& slow = running.simulation.add_client(std::move(plan));
    running.run_for(100ms);
    running.simulation.end_stream(second);
    running.run_for(50ms);
    CHECK(running.simulation.relay().send_count() == 1);
    CHECK(running.simulation.has_stream(second));
    running.run_for(1s);
    CHECK(slow.error().empty());
    CHECK(slow.reader().last_status() == 200);
    CHECK(slow.reader().frames() == 1);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("the status can be gathered while descriptors of viewers are being closed") {
    // With faults, so that some descriptors are closed long before the relay gets the completion.
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        World world = two_streams();
        world.engine.faults = true;
        Running running(world, seed);
        for (int i = 0; i < 10; ++i) {
            (void)running.watch(second);
        }
        running.run_for(100ms);
        running.simulation.end_stream(second);
        while (running.simulation.has_stream(second)) {
            REQUIRE(running.simulation.status(true).viewers.size() <= 10);
            running.run_for(100us);
        }
        running.finish();
    }
}

TEST_CASE("the name of a stream is answered with 404 once the stream begins to end") {
    Running running;
    SimClient& stuck = running.watch(second);
    running.run_for(100ms);
    stuck.leave(Departure::vanish);
    running.run_for(1s);
    running.simulation.end_stream(second);
    for (const bool gone : {false, true}) {
        running.run_for(gone ? Duration(15s) : Duration(50ms));
        CHECK(running.simulation.has_stream(second) != gone);
        const SimClient& stream = running.watch(second);
        const SimClient& snapshot = running.ask(second, AnswerKind::snapshot, "snapshot");
        running.run_for(100ms);
        CHECK(stream.reader().last_status() == 404);
        CHECK(snapshot.reader().last_status() == 404);
    }
    running.finish();
}

TEST_CASE("a snapshot that waits for a frame of an ending stream is answered with 503") {
    World world = two_streams();
    world.source.period = 2s;
    Running running(world);
    running.run_for(1500ms); // its first frame has arrived
    const SimClient& waiter = running.ask(second, AnswerKind::snapshot, "snapshot");
    running.run_for(100ms);
    CHECK(waiter.reader().responses() == 0);
    running.simulation.end_stream(second);
    running.run_for(100ms);
    CHECK(waiter.reader().responses() == 1);
    CHECK(waiter.reader().last_status() == 503);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("a stream that is added in the place of an earlier one serves its own frames") {
    Running running(two_streams(GENERATE(false, true)));
    const SimClient& earlier = running.watch(second);
    running.run_for(500ms);
    running.simulation.end_stream(second);
    running.run_for(500ms);
    check_orderly_end(earlier);
    const std::size_t third = running.simulation.add_stream();
    CHECK(running.simulation.stream_id(third).index == running.simulation.stream_id(second).index);
    CHECK(running.simulation.stream_id(third) != running.simulation.stream_id(second));
    // Its clients check that every picture is one of the new stream's.
    const SimClient& viewer = running.watch(third);
    const SimClient& snapshot = running.ask(third, AnswerKind::snapshot, "snapshot");
    running.run_for(2s);
    CHECK(viewer.here());
    CHECK(viewer.reader().frames() > 50);
    CHECK(snapshot.reader().last_status() == 200);
    CHECK(running.simulation.status().streams.back().viewers == 1);
    CHECK(running.late_completions() == 0);
    running.finish();
}

TEST_CASE("a stream that is added while an earlier one is ending has another place") {
    Running running;
    SimClient& stuck = running.watch(second);
    running.run_for(100ms);
    stuck.leave(Departure::vanish);
    running.run_for(1s);
    running.simulation.end_stream(second);
    const std::size_t third = running.simulation.add_stream();
    CHECK(running.simulation.stream_id(third).index != running.simulation.stream_id(second).index);
    const SimClient& viewer = running.watch(third);
    running.run_for(15s);
    CHECK(viewer.reader().frames() > 300);
    CHECK_FALSE(running.simulation.has_stream(second));
    running.finish();
}

TEST_CASE("a completion for a source of an earlier stream is counted as late and not followed") {
    Running running;
    running.simulation.end_stream(second);
    running.run_for(100ms);
    const std::size_t third = running.simulation.add_stream();
    const SimClient& viewer = running.watch(third);
    running.run_for(500ms);
    running.simulation.expect_late_completions(1);
    // The new source has an operation with the same code, and would begin a second read if it got
    // this completion, which is that of a cancel that finds nothing.
    constexpr std::uint8_t read_operation = 0;
    running.simulation.engine().cancel(
        io::source_token(running.simulation.stream_id(second), read_operation, 1),
        {io::OpKind::control, 99, 1});
    running.run_for(100ms);
    CHECK(running.late_completions() == 1);
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(1s);
    CHECK(viewer.reader().frames() >= frames + 29);
    running.finish();
}

TEST_CASE("streams that begin and end in one place leave nothing behind") {
    Running running(two_streams(GENERATE(false, true)));
    std::size_t newest = second;
    for (int round = 0; round < 20; ++round) {
        const SimClient& viewer = running.watch(newest);
        running.run_for(300ms);
        running.simulation.end_stream(newest);
        running.run_for(300ms);
        check_orderly_end(viewer);
        CHECK_FALSE(running.simulation.has_stream(newest));
        newest = running.simulation.add_stream();
        CHECK(running.simulation.stream_id(newest).index == 1);
    }
    CHECK(running.simulation.relay().connections().size() == 0);
    CHECK(running.late_completions() == 0);
    running.finish();
}
