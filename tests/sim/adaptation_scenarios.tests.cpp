// Viewers that adapt to their links, in a world without faults. The stream has 300 KB/s, half of its
// picture 12 KB/s.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/generators/catch_generators.hpp>

#include "sim/two_streams.hpp"

namespace ringcast::sim {

namespace {

constexpr std::uint64_t thin = 100'000; // bytes per second
constexpr std::uint64_t wide = 100'000'000;

/// A viewer whose link carries so much, with a round trip of 20 ms.
SimClient& add_viewer(Running& running, std::uint64_t bytes_per_second,
                      const std::string& query = "adapt=1") {
    ClientPlan plan = plan_for("/s0/stream?variant=standard&" + query, AnswerKind::stream_standard);
    plan.link.bytes_per_second = bytes_per_second;
    plan.link.round_trip = 20ms;
    plan.link.segment_max = 1'400;
    plan.requests[0].expectation.rendition_may_change = true;
    return running.simulation.add_client(std::move(plan));
}

api::ViewerStatus status_of(Running& running, std::size_t viewer = 0) {
    const api::StatusSnapshot status = running.simulation.status(true);
    REQUIRE(status.viewers.size() > viewer);
    return status.viewers[viewer];
}

connection::SendCounters sent(Running& running) {
    return running.simulation.status().streams[first].sends;
}

} // namespace

TEST_CASE("a viewer behind a thin link is moved to a smaller picture, and gets all frames of it") {
    Running running;
    const SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    CHECK(status_of(running).rendition == "half");
    CHECK(status_of(running).adapts);
    CHECK(status_of(running).moves == 1);
    CHECK(status_of(running).link_rate > 0);
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(2s);
    CHECK(viewer.reader().frames() >= frames + 55);
    CHECK(viewer.reader().last_picture_age() < 100ms);
    CHECK(sent(running).moves_down == 1);
    CHECK(status_of(running).skipped.busy > 0);
    CHECK(status_of(running).skipped.late == 0);
    running.finish();
}

TEST_CASE("a viewer on a good link is never moved, also beside many on thin ones") {
    Running running;
    for (int i = 0; i < 50; ++i) {
        add_viewer(running, thin);
    }
    const SimClient& viewer = add_viewer(running, wide);
    running.run_for(10s);
    CHECK(status_of(running, 50).rendition.empty());
    CHECK(status_of(running, 50).moves == 0);
    CHECK(status_of(running, 50).skipped.sum() == 0);
    CHECK(viewer.reader().frames() >= 295);
    CHECK(sent(running).moves_down == 50);
    running.finish();
}

TEST_CASE("nothing is asked of the kernel about viewers on good links") {
    Running running;
    add_viewer(running, wide);
    running.run_for(1s);
    const std::uint64_t before = running.simulation.engine().progress_queries();
    running.run_for(10s);
    // For the statistics, four times a second.
    CHECK(running.simulation.engine().progress_queries() - before <= 41);
    running.finish();
}

TEST_CASE("a viewer whose link has recovered is moved back within ten seconds") {
    Running running;
    SimClient& viewer = add_viewer(running, thin);
    running.run_for(10s);
    CHECK(status_of(running).rendition == "half");
    viewer.set_link_rate(wide);
    running.run_for(10s);
    CHECK(status_of(running).rendition.empty());
    CHECK(status_of(running).moves == 2);
    CHECK(sent(running).moves_up == 1);
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(2s);
    CHECK(viewer.reader().frames() >= frames + 58);
    running.finish();
}

TEST_CASE("nothing is made smaller when those who needed it have left or recovered") {
    Running running;
    SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    CHECK(running.simulation.rendition_count() == 1);
    viewer.set_link_rate(wide);
    running.run_for(10s + running.simulation.world().relay.stream.rendition_idle_after + 1s);
    CHECK(running.simulation.rendition_count() == 0);
    running.finish();
}

TEST_CASE("a viewer that names a size, or does not want to adapt, keeps the picture") {
    const char* const query = GENERATE("adapt=0", "size=full", "size=full&adapt=1", "width=9999");
    Running running;
    add_viewer(running, thin, query);
    running.run_for(5s);
    CHECK(status_of(running).rendition.empty());
    CHECK_FALSE(status_of(running).adapts);
    CHECK(running.simulation.rendition_count() == 0);
    running.finish();
}

TEST_CASE("the configuration says who adapts") {
    using stream::Adapting;
    struct Row {
        Adapting adapting;
        std::string_view query;
        bool adapts;
    };
    constexpr std::array rows{
        Row{Adapting::browsers, "fps=30", false}, Row{Adapting::browsers, "adapt=1", true},
        Row{Adapting::everybody, "fps=30", true}, Row{Adapting::everybody, "adapt=0", false},
        Row{Adapting::nobody, "fps=30", false},   Row{Adapting::nobody, "adapt=1", false},
    };
    Running running;
    const auto has = running.simulation.relay().stream(first).renditions();
    const std::vector<stream::RenditionSpec> specs(has.begin(), has.end());
    for (const Row& row : rows) {
        running.simulation.set_renditions(first, specs, row.adapting);
        SimClient& viewer = add_viewer(running, wide, std::string(row.query));
        running.run_for(1s);
        CAPTURE(row.query);
        CHECK(status_of(running).adapts == row.adapts);
        viewer.leave(Departure::close);
        running.run_for(1s);
    }
    running.finish();
}

TEST_CASE("a viewer for whom nothing smaller can be made is sent the picture as it is") {
    Running running;
    running.simulation.set_renditions(first, {});
    const SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    CHECK(status_of(running).rendition.empty());
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(2s);
    CHECK(viewer.reader().frames() >= frames + 15); // of 20 that the link carries
    running.finish();
}

TEST_CASE("adapting viewers see the stream's loss of signal, and its return") {
    Running running;
    const SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    CHECK(status_of(running).rendition == "half");
    running.simulation.hold_source(first, 20s);
    running.run_for(15s);
    CHECK(viewer.reader().placeholders() > 0);
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(15s);
    CHECK(viewer.reader().frames() > frames + 100);
    running.finish();
}

TEST_CASE("a viewer is moved back also when the stream pauses in that moment") {
    Running running;
    SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    viewer.set_link_rate(wide);
    while (sent(running).moves_up == 0) {
        running.run_for(1ms);
    }
    running.simulation.hold_source(first, 5s);
    running.run_for(15s);
    CHECK(status_of(running).rendition.empty());
    running.finish();
}

TEST_CASE("adapting viewers move over when the stream is replaced") {
    Running running;
    const SimClient& viewer = add_viewer(running, thin);
    running.run_for(5s);
    running.simulation.replace_stream(first, true);
    const std::uint64_t frames = viewer.reader().frames();
    running.run_for(5s);
    CHECK(viewer.here());
    CHECK(status_of(running).rendition == "half");
    CHECK(viewer.reader().frames() > frames + 100);
    running.finish();
}

} // namespace ringcast::sim
