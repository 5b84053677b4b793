// Renditions in a world without faults.

#include "sim/two_streams.hpp"

namespace ringcast::sim {

namespace {

ClientPlan plan_for_half(const std::string& target, AnswerKind kind) {
    ClientPlan plan = plan_for(target, kind);
    plan.requests[0].expectation.rendition = "half";
    return plan;
}

/// A viewer of half of the default stream's picture.
SimClient& watch_half(Running& running) {
    return running.simulation.add_client(
        plan_for_half("/s0/stream?size=half&variant=standard", AnswerKind::stream_standard));
}

/// One that leaves after half a second.
SimClient& watch_half_for_a_while(Running& running) {
    ClientPlan plan =
        plan_for_half("/s0/stream?size=half&variant=standard", AnswerKind::stream_standard);
    plan.departure = Departure::close;
    plan.departs_after = 500ms;
    return running.simulation.add_client(std::move(plan));
}

std::uint64_t made(Running& running) {
    std::uint64_t sum = 0;
    const api::StatusSnapshot status = running.simulation.status();
    for (const auto& rendition : status.streams[first].renditions) {
        sum += rendition.totals.made;
    }
    return sum;
}

const stream::RenditionStatus& only_rendition(const api::StatusSnapshot& status) {
    REQUIRE(status.streams[first].renditions.size() == 1);
    return status.streams[first].renditions[0];
}

bool runs(Running& running) {
    const api::StatusSnapshot status = running.simulation.status();
    return only_rendition(status).running;
}

} // namespace

TEST_CASE("a viewer of a rendition is sent its pictures, and counts as a viewer of the stream") {
    Running running;
    const SimClient& full = running.simulation.add_client(
        plan_for("/s0/stream?variant=standard", AnswerKind::stream_standard));
    const SimClient& half = watch_half(running);
    running.run_for(2s);
    CHECK(full.reader().frames() > 50);
    CHECK(half.reader().frames() > 25);
    const api::StatusSnapshot status = running.simulation.status(true);
    CHECK(status.streams[first].viewers == 2);
    CHECK(only_rendition(status).viewers == 1);
    CHECK(only_rendition(status).width == 320);
    REQUIRE(status.viewers.size() == 2);
    CHECK(status.viewers[0].rendition.empty());
    CHECK(status.viewers[1].rendition == "half");
    CHECK(status.viewers[1].stream == first);
    running.finish();
}

TEST_CASE("all viewers of a rendition share the work for it") {
    Running running;
    for (int i = 0; i < 5; ++i) {
        watch_half(running);
    }
    running.run_for(2s);
    const std::uint64_t frames = running.simulation.status().streams[first].source_counters.frames;
    CHECK(made(running) > 25);
    CHECK(made(running) <= frames);
    running.finish();
}

TEST_CASE("nothing is made without a viewer, and the rendition ends after a while") {
    Running running;
    watch_half_for_a_while(running);
    running.run_for(1s);
    const std::uint64_t before = made(running);
    CHECK(before > 0);
    CHECK(runs(running));
    running.run_for(running.simulation.world().relay.stream.rendition_idle_after + 1s);
    CHECK(made(running) == before);
    CHECK_FALSE(runs(running));
    CHECK(running.simulation.rendition_count() == 0);
    running.finish();
}

TEST_CASE(
    "a rendition rests without a viewer, also if a picture was being made when the last one left") {
    World world = two_streams();
    world.workers.time_max = 40ms;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Running running(world, seed);
        watch_half_for_a_while(running);
        running.run_for(1s);
        const stream::Stream& half = running.simulation.relay().stream(2);
        REQUIRE(half.rendition() == "half");
        CHECK(half.signal().state() == stream::StreamState::paused);
        running.finish();
    }
}

TEST_CASE("the counters of a stream include what viewers of its renditions were sent, also later") {
    Running running;
    const SimClient& client = watch_half_for_a_while(running);
    running.run_for(1s);
    const auto sent = [&] { return running.simulation.status().streams[first].sends.bytes_sent; };
    CHECK(client.reader().frames() > 5);
    const std::uint64_t before = sent();
    CHECK(before > 0);
    running.run_for(running.simulation.world().relay.stream.rendition_idle_after + 1s);
    CHECK(running.simulation.rendition_count() == 0);
    CHECK(sent() >= before);
    running.finish();
}

TEST_CASE("a snapshot of a rendition is newer than its request") {
    Running running;
    const SimClient& client = running.simulation.add_client(
        plan_for_half("/s0/snapshot?size=half", AnswerKind::snapshot));
    running.run_for(1s);
    CHECK(client.reader().frames() == 1);
    running.finish();
}

TEST_CASE("the renditions of a stream without signal say so") {
    Running running;
    const SimClient& client = watch_half(running);
    running.run_for(1s);
    running.simulation.hold_source(first, 20s);
    running.run_for(10s);
    CHECK(client.reader().placeholders() > 0);
    const std::uint64_t frames = client.reader().frames();
    running.run_for(15s);
    CHECK(client.reader().frames() > frames);
    running.finish();
}

TEST_CASE("viewers of a rendition move over when the stream is replaced") {
    Running running;
    const SimClient& client = watch_half(running);
    running.run_for(1s);
    const std::uint64_t frames = client.reader().frames();
    running.simulation.replace_stream(first, true);
    running.run_for(2s);
    CHECK(client.here());
    CHECK(client.reader().frames() > frames + 20);
    running.finish();
}

TEST_CASE("viewers of a rendition that is taken away are sent the stream") {
    Running running;
    ClientPlan plan =
        plan_for("/s0/stream?size=half&variant=standard", AnswerKind::stream_standard);
    plan.requests[0].expectation.rendition_may_change = true;
    const SimClient& client = running.simulation.add_client(std::move(plan));
    running.run_for(1s);
    const std::uint64_t frames = client.reader().frames();
    CHECK(frames > 0);
    running.simulation.set_renditions(first, {});
    running.run_for(1s);
    CHECK(client.here());
    CHECK(client.reader().frames() > frames + 20);
    CHECK(running.simulation.rendition_count() == 0);
    running.finish();
}

TEST_CASE("the renditions of a stream end with it") {
    Running running;
    ClientPlan plan =
        plan_for_half("/s1/stream?size=half&variant=standard", AnswerKind::stream_standard);
    plan.requests[0].expectation.stream = running.simulation.stream_id(second);
    const SimClient& client = running.simulation.add_client(std::move(plan));
    running.run_for(1s);
    CHECK(client.reader().frames() > 5);
    running.simulation.end_stream(second);
    running.run_for(2s);
    CHECK_FALSE(client.here());
    CHECK(client.reader().may_end_here());
    CHECK_FALSE(running.simulation.has_stream(second));
    CHECK(running.simulation.rendition_count() == 0);
    running.finish();
}

TEST_CASE("a size that the stream does not have is refused with those that it has") {
    Running running;
    const SimClient& client =
        running.simulation.add_client(plan_for("/s0/stream?size=huge", AnswerKind::page));
    running.run_for(1s);
    CHECK(client.reader().last_status() == 400);
    CHECK(client.reader().last_body() == "size must be full, half or wall.\n");
    running.finish();
}

TEST_CASE("a width chooses a rendition, or the stream itself") {
    Running running;
    const SimClient& half = running.simulation.add_client(
        plan_for_half("/s0/stream?width=320&variant=standard", AnswerKind::stream_standard));
    const SimClient& full = running.simulation.add_client(
        plan_for("/s0/stream?width=321&variant=standard", AnswerKind::stream_standard));
    running.run_for(1s);
    CHECK(half.reader().frames() > 10);
    CHECK(full.reader().frames() > 10);
    running.finish();
}

} // namespace ringcast::sim
