// Streams of other servers, each case in a world without faults.

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t frame_bytes = 10'000;

/// The relay with one stream of another server.
struct Edge {
    explicit Edge(const UpstreamSetup& upstream) : simulation(decisions, world(upstream)) {}

    static World world(const UpstreamSetup& upstream) {
        World world;
        world.engine.faults = false;
        world.slots = 32;
        world.viewers_max = 100;
        world.relay.viewers_max = world.viewers_max;
        world.source.frame_bytes_max = frame_bytes;
        world.upstreams = true;
        world.upstream = upstream;
        world.upstream.frame_bytes_min = world.upstream.frame_bytes_max = frame_bytes;
        world.upstream.link.round_trip = 2ms;
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
    template <typename Condition>
    Duration time_until(Condition condition) {
        const Instant begin = simulation.engine().now();
        while (!condition()) {
            REQUIRE(simulation.engine().now() - begin < 2min);
            run_for(5ms);
        }
        return simulation.engine().now() - begin;
    }
    SimClient& add_viewer(const std::string& path = "/s0/stream",
                          AnswerKind kind = AnswerKind::stream_standard) {
        ClientPlan plan;
        plan.name = path;
        plan.link.address = "192.0.2.1:1";
        plan.link.faultless = true;
        plan.link.round_trip = 1ms;
        plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
        ClientRequest request;
        request.text = fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", path);
        request.expectation.kind = kind;
        plan.requests.push_back(std::move(request));
        return simulation.add_client(std::move(plan));
    }
    [[nodiscard]] SimUpstream& server() { return simulation.upstream(0); }
    [[nodiscard]] std::string reason() {
        return std::string(simulation.status().streams.front().reason);
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
};

UpstreamSetup with_framing(Framing framing) {
    UpstreamSetup setup;
    setup.framing = framing;
    return setup;
}

TEST_CASE("every frame of another server reaches a viewer, however it is framed") {
    const auto framing = static_cast<Framing>(GENERATE(Catch::Generators::range(0U, 6U)));
    CAPTURE(static_cast<int>(framing));
    Edge edge(with_framing(framing));
    const SimClient& viewer = edge.add_viewer();
    edge.time_until([&] { return viewer.reader().frames() > 0; });
    const std::uint64_t published = edge.server().counters().frames;
    const std::uint64_t received = viewer.reader().frames();
    edge.run_for(5s);
    const std::uint64_t frames = edge.server().counters().frames - published;
    CHECK(frames >= 145); // of 150, of which the first ones may be on their way
    CHECK(viewer.reader().frames() - received + 1 >= frames);
    CHECK(edge.server().connections() == 1);
    CHECK(edge.server().counters().frames_damaged == 0);
    edge.finish();
}

TEST_CASE("frames of known length are received into their slots, in three receives each") {
    Edge edge(with_framing(Framing::parts));
    edge.run_for(1s);
    const source::SourceCounters before = edge.server().counters();
    edge.run_for(10s);
    const source::SourceCounters& after = edge.server().counters();
    const std::uint64_t frames = after.frames - before.frames;
    REQUIRE(frames > 290);
    // The delimiter that is sent with the frame before, the head of the part, the frame.
    CHECK(after.reads - before.reads <= 3 * frames + 3);
    // At most what a read of a part's head contains of the frame behind it.
    CHECK(after.bytes_moved - before.bytes_moved <= frames * 512);
}

TEST_CASE("fifty viewers share one connection to the other server") {
    Edge edge(with_framing(Framing::parts));
    for (int i = 0; i < 50; ++i) {
        edge.add_viewer();
    }
    edge.run_for(3s);
    CHECK(edge.server().connections() == 1);
    CHECK(edge.server().requests() == 1);
    for (const auto& viewer : edge.simulation.clients()) {
        CHECK(viewer->reader().frames() > 80);
    }
    edge.finish();
}

TEST_CASE("when the other server restarts, viewers stay, and are live again within two seconds") {
    const auto framing =
        GENERATE(Framing::parts, Framing::parts_chunked, Framing::run, Framing::single);
    const Duration outage = GENERATE(Duration(200ms), Duration(3s), Duration(20s));
    CAPTURE(static_cast<int>(framing), outage.count());
    Edge edge(with_framing(framing));
    const SimClient& viewer = edge.add_viewer();
    edge.time_until([&] { return viewer.reader().frames() > 10; });
    edge.server().go_down();
    edge.run_for(outage);
    if (outage > 1s) {
        CHECK(viewer.reader().placeholders() > 0);
        CHECK(edge.reason().starts_with("the upstream server refuses connections"));
    }
    edge.server().come_back();
    const std::uint64_t received = viewer.reader().frames();
    CHECK(edge.time_until([&] { return viewer.reader().frames() > received + 2; }) < 2s);
    CHECK(viewer.here());
    CHECK(edge.reason().empty());
    edge.finish();
}

TEST_CASE("a server that falls silent is connected to again after the time-out") {
    UpstreamSetup setup = with_framing(GENERATE(Framing::parts, Framing::parts_chunked,
                                                Framing::parts_without_length, Framing::run));
    setup.timeout = 3s;
    Edge edge(setup);
    const SimClient& viewer = edge.add_viewer();
    edge.time_until([&] { return viewer.reader().frames() > 10; });
    edge.server().hang();
    const Duration silence = edge.time_until(
        [&] { return edge.reason().starts_with("no frame from the upstream server for 3 s"); });
    CHECK(silence > setup.timeout - 100ms);
    CHECK(silence < setup.timeout + 1s);
    edge.time_until([&] { return edge.server().connections() == 2; });
    edge.time_until([&] { return edge.reason().empty(); });
    edge.finish();
}

TEST_CASE("the 'no signal' pictures of another ringcast are no frames") {
    UpstreamSetup setup = with_framing(GENERATE(Framing::parts, Framing::parts_chunked));
    setup.ringcast = true;
    Edge edge(setup);
    const SimClient& viewer = edge.add_viewer();
    edge.time_until([&] { return viewer.reader().frames() > 10; });
    edge.server().lose_signal("the camera is unplugged");
    edge.time_until([&] { return edge.reason() == "the camera is unplugged"; });
    const std::uint64_t frames = viewer.reader().frames();
    edge.run_for(30s);
    CHECK(viewer.reader().frames() == frames);
    CHECK(viewer.reader().placeholders() > 20);
    CHECK(edge.reason() == "the camera is unplugged");
    CHECK(edge.server().upstream()->parts_without_signal > 500);
    CHECK(edge.server().connections() == 1);
    edge.server().lose_signal("");
    CHECK(edge.time_until([&] { return edge.reason().empty(); }) < 100ms);
    edge.finish();
}

TEST_CASE("on demand, the other server is connected to while somebody watches") {
    UpstreamSetup setup = with_framing(GENERATE(Framing::parts, Framing::single));
    setup.on_demand = true;
    setup.idle_after = 2s;
    Edge edge(setup);
    edge.run_for(5s);
    CHECK(edge.server().connections() == 0);

    const SimClient& picture = edge.add_viewer("/s0/snapshot", AnswerKind::snapshot);
    edge.run_for(500ms);
    CHECK(picture.reader().frames() == 1);
    CHECK(edge.server().connections() == 1);
    edge.run_for(3s);
    CHECK(edge.server().upstream()->state == "resting");

    SimClient& viewer = edge.add_viewer();
    edge.time_until([&] { return viewer.reader().frames() > 10; });
    CHECK(edge.server().connections() == 2);
    viewer.leave(Departure::close);
    edge.run_for(1s);
    CHECK(edge.server().upstream()->state != "resting");
    edge.run_for(2s);
    CHECK(edge.server().upstream()->state == "resting");
    edge.finish();
}

TEST_CASE("a single picture is asked for again on the same connection") {
    UpstreamSetup setup = with_framing(Framing::single);
    setup.period = 500ms;
    Edge edge(setup);
    edge.run_for(10s);
    CHECK(edge.server().requests() >= 19);
    CHECK(edge.server().requests() <= 21);
    CHECK(edge.server().connections() == 1);
    CHECK(edge.server().upstream()->state == "polling");
    edge.finish();
}

} // namespace
