// Tests of the documented bounds, each in a simulated world without faults and with one difficulty.

#include <algorithm>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

World quiet_world() {
    World world;
    world.engine.faults = false;
    world.slots = 32;
    world.viewers_max = 300;
    world.source.period = 33ms;
    world.source.frame_bytes_min = 10'000;
    world.source.frame_bytes_max = 10'000;
    world.relay.viewers_max = world.viewers_max;
    world.clients_max = 0;
    world.healthy_clients = 0;
    return world;
}

World camera_world() {
    World world = quiet_world();
    world.cameras = true;
    world.camera.period = world.source.period;
    world.camera.frame_bytes_min = world.camera.frame_bytes_max = world.source.frame_bytes_max;
    return world;
}

ClientPlan stream_viewer(std::string address) {
    ClientPlan plan;
    plan.name = "viewer";
    plan.link.address = std::move(address);
    plan.link.faultless = true;
    plan.link.round_trip = 1ms;
    plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
    ClientRequest request;
    request.text = "GET /s0/stream HTTP/1.1\r\nHost: sim\r\n\r\n";
    request.expectation.kind = AnswerKind::stream_standard;
    plan.requests.push_back(std::move(request));
    return plan;
}

ClientPlan never_reading_viewer(std::uint32_t number) {
    ClientPlan plan = stream_viewer(fmt::format("192.0.2.200:{}", 1000 + number));
    plan.link.send_buffer = 64'000;
    plan.link.receive_buffer = 2'000;
    plan.read_total_max = 0;
    return plan;
}

/// The viewer's socket has no room for a frame, so that the viewer holds one for ever.
ClientPlan one_frame_viewer(std::uint32_t number) {
    ClientPlan plan = never_reading_viewer(number);
    plan.link.send_buffer = 2'000;
    plan.link.receive_buffer = 500;
    return plan;
}

void run_for(Simulation& simulation, Duration span) {
    const Instant end = simulation.engine().now() + span;
    while (simulation.engine().now() < end) {
        INFO(simulation.failure());
        REQUIRE(simulation.step(end));
    }
}

void finish(Simulation& simulation) {
    const bool finished = simulation.finish();
    INFO(simulation.failure());
    CHECK(finished);
}

/// The share of the frames published during `span` that the client received.
double share_received(Simulation& simulation, const SimClient& client, Duration span) {
    const std::uint64_t published = simulation.source(0).counters().frames;
    const std::uint64_t received = client.reader().frames();
    run_for(simulation, span);
    return static_cast<double>(client.reader().frames() - received) /
           static_cast<double>(simulation.source(0).counters().frames - published);
}

} // namespace

TEST_CASE("a viewer with a long round trip and enough bandwidth gets its frames at any pin limit") {
    for (const std::uint32_t pinned_max : {2U, 4U}) {
        Decisions decisions{std::span<const std::uint8_t>{}};
        World world = quiet_world();
        world.source.frame_bytes_min = world.source.frame_bytes_max = 200'000;
        world.relay.connection.pinned_per_viewer_max = pinned_max;
        Simulation simulation(decisions, world);
        ClientPlan plan = stream_viewer("192.0.2.1:1");
        plan.link.round_trip = 100ms;
        const SimClient& far = simulation.add_client(plan);
        run_for(simulation, 1s);
        CHECK(share_received(simulation, far, 10s) >= 0.95);
        CHECK(far.reader().last_picture_age() < 150ms);
        finish(simulation);
    }
}

TEST_CASE("a viewer that reads less than the stream's rate skips whole frames and stays fresh") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.period = 66ms;
    world.source.frame_bytes_min = world.source.frame_bytes_max = 60'000;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.link.receive_buffer = 128 * 1024;
    plan.read_bytes = 3'000; // 300 KB/s
    plan.read_pause = 10ms;
    const SimClient& slow = simulation.add_client(plan);
    run_for(simulation, 5s);
    std::vector<Duration> ages;
    for (int second = 0; second < 20; ++second) {
        run_for(simulation, 1s);
        ages.push_back(slow.reader().last_picture_age());
    }
    CHECK(*std::max_element(ages.begin(), ages.end()) <= 1s);
    CHECK(slow.reader().frames() >= 100); // 5 frames/s
    finish(simulation);
}

TEST_CASE("healthy viewers miss no frame while one viewer that never reads joins per frame") {
    for (const std::uint32_t crowd : {10U, 200U, 280U}) {
        Decisions decisions{std::span<const std::uint8_t>{}};
        Simulation simulation(decisions, quiet_world());
        std::vector<const SimClient*> good;
        for (std::uint32_t i = 0; i < 20; ++i) {
            good.push_back(&simulation.add_client(stream_viewer(fmt::format("192.0.2.{}:1", i))));
        }
        run_for(simulation, 1s);
        const std::uint64_t published = simulation.source(0).counters().frames;
        const std::uint64_t received = good.front()->reader().frames();
        for (std::uint32_t i = 0; i < crowd; ++i) {
            (void)simulation.add_client(never_reading_viewer(i));
            run_for(simulation, 33ms);
        }
        run_for(simulation, 2s);
        const std::uint64_t frames = simulation.source(0).counters().frames - published;
        for (const SimClient* client : good) {
            CHECK(client->here());
            CHECK(client->reader().frames() >= received + frames - 1);
        }
        CHECK(simulation.source(0).counters().frames_dropped == 0);
        if (crowd > 32) {
            CHECK(simulation.relay().counters().evicted_for_memory > 0);
        }
        finish(simulation);
    }
}

TEST_CASE("a viewer that stops reading is disconnected after the stall time-out") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.relay.connection.stall_timeout = 5s;
    Simulation simulation(decisions, world);
    const SimClient& stuck = simulation.add_client(never_reading_viewer(1));
    run_for(simulation, 4s);
    CHECK(stuck.here());
    run_for(simulation, 4s);
    CHECK(stuck.was_reset());
    CHECK(simulation.relay().counters().evicted_stalled == 1);
    CHECK(simulation.relay().connections().size() == 0);
    finish(simulation);
}

TEST_CASE("a viewer that reads slowly is never disconnected, however slow it is") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.relay.connection.stall_timeout = 5s;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.link.receive_buffer = 8'000;
    plan.read_bytes = 1'000;
    plan.read_pause = 500ms; // a frame takes five seconds
    const SimClient& slow = simulation.add_client(plan);
    run_for(simulation, 60s);
    CHECK(slow.here());
    CHECK(slow.reader().frames() >= 10);
    finish(simulation);
}

TEST_CASE("viewers that connect at the same time all get a frame soon") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, quiet_world());
    run_for(simulation, 1s);
    std::vector<const SimClient*> all;
    for (std::uint32_t i = 0; i < 300; ++i) {
        all.push_back(&simulation.add_client(stream_viewer(fmt::format("192.0.2.{}:1", i % 250))));
    }
    run_for(simulation, 60ms);
    CHECK(std::all_of(all.begin(), all.end(),
                      [](const SimClient* client) { return client->reader().frames() >= 1; }));
    finish(simulation);
}

TEST_CASE("silent connections do not keep others from an answer") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, quiet_world());
    const auto connect_silently = [&](std::uint32_t number) {
        ClientPlan silent = stream_viewer(fmt::format("192.0.2.200:{}", 1000 + number));
        silent.requests.front().text = "GET /s0/str"; // and never the rest
        (void)simulation.add_client(silent);
    };
    constexpr std::uint32_t more_than_there_is_room_for = 500;
    for (std::uint32_t i = 0; i < more_than_there_is_room_for; ++i) {
        connect_silently(i);
    }
    run_for(simulation, 100ms);
    // Further silent connections arrive while another client sends a request.
    for (std::uint32_t i = 0; i < 20; ++i) {
        connect_silently(more_than_there_is_room_for + i);
        ClientPlan plan = stream_viewer("192.0.2.1:1");
        plan.requests.front().text = "GET /healthz HTTP/1.1\r\nHost: sim\r\n\r\n";
        plan.requests.front().expectation.kind = AnswerKind::page;
        const SimClient& asking = simulation.add_client(plan);
        run_for(simulation, 50ms);
        CHECK(asking.reader().responses() == 1);
        CHECK(asking.reader().last_status() == 200);
    }
    CHECK(simulation.relay().counters().evicted_over_share > 0);
    finish(simulation);
}

TEST_CASE("connections that open and close leave nothing behind") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, quiet_world());
    for (int i = 0; i < 1000; ++i) {
        ClientPlan plan = stream_viewer("192.0.2.1:1");
        plan.departure = i % 2 == 0 ? Departure::close : Departure::reset;
        plan.departs_after = std::chrono::milliseconds(i % 90);
        (void)simulation.add_client(plan);
        run_for(simulation, 5ms);
    }
    run_for(simulation, 1s);
    CHECK(simulation.relay().connections().size() == 0);
    CHECK(simulation.relay().send_count() == 0);
    finish(simulation);
}

TEST_CASE("a snapshot whose head is stuck behind a full socket can be evicted") {
    // One of these numbers of answers fills the socket so that the next head does not fit.
    for (std::uint32_t answers = 10; answers <= 18; ++answers) {
        Decisions decisions{std::span<const std::uint8_t>{}};
        Simulation simulation(decisions, quiet_world());
        const SimClient& good = simulation.add_client(stream_viewer("192.0.2.1:1"));
        run_for(simulation, 1s);
        std::string text;
        for (std::uint32_t answer = 0; answer < answers; ++answer) {
            text += "GET /healthz HTTP/1.1\r\nHost: sim\r\n\r\n";
        }
        text += "GET /s0/snapshot?max_age_ms=1000 HTTP/1.1\r\nHost: sim\r\n\r\n";
        constexpr std::uint32_t crowd = 40;
        for (std::uint32_t i = 0; i < crowd; ++i) {
            ClientPlan plan = never_reading_viewer(i);
            plan.link.send_buffer = 2'000;
            plan.link.receive_buffer = 500;
            plan.requests.front().text = text; // whatever is answered is never read
            (void)simulation.add_client(plan);
            run_for(simulation, 33ms);
        }
        INFO(answers << " answers first");
        CHECK(share_received(simulation, good, 2s) >= 0.95);
        CHECK(simulation.source(0).counters().frames_dropped == 0);
        finish(simulation);
    }
}

TEST_CASE("viewers that never read are evicted before one that reads slowly") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.frame_bytes_min = world.source.frame_bytes_max = 60'000;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.link.send_buffer = 16'000;
    plan.link.receive_buffer = 16'000;
    plan.read_bytes = 3'000;
    plan.read_pause = 125ms; // a frame takes two and a half seconds
    const SimClient& slow = simulation.add_client(plan);
    for (std::uint32_t i = 0; i < 100; ++i) {
        (void)simulation.add_client(never_reading_viewer(i));
        run_for(simulation, 33ms);
    }
    CHECK(simulation.relay().counters().evicted_for_memory > 30);
    CHECK(slow.here());
    CHECK(slow.reader().frames() >= 1);
    finish(simulation);
}

TEST_CASE("a far viewer with few slots is served by copy instead of being disconnected") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.slots = 8;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.link.round_trip = 300ms;
    const SimClient& far = simulation.add_client(plan);
    run_for(simulation, 20s);
    CHECK(far.here());
    CHECK(simulation.relay().counters().evicted_for_memory == 0);
    CHECK(far.reader().frames() >= 300); // at least half of the rate over this distance
    finish(simulation);
}

TEST_CASE("a viewer that sends no more, but still receives, is served") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, quiet_world());
    const bool unix_socket = GENERATE(false, true);
    const Duration departs_after = GENERATE(1ms, 500ms);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    if (unix_socket) {
        plan.link.transport = io::Transport::unix_socket;
    }
    plan.departure = Departure::half_close;
    plan.departs_after = departs_after;
    SimClient& viewer = simulation.add_client(plan);
    run_for(simulation, 1s);
    CAPTURE(unix_socket, departs_after.count());
    CHECK(share_received(simulation, viewer, 10s) >= 0.95);
    CHECK(viewer.here());
    viewer.leave(Departure::close);
    run_for(simulation,
            100ms); // the next frame is answered with a reset, and the one after it fails
    CHECK(simulation.relay().connections().size() == 0);
    finish(simulation);
}

TEST_CASE("a viewer that has left a stream without frames is noticed when that is shown") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.period = std::chrono::hours(1);
    Simulation simulation(decisions, world);
    SimClient& viewer = simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 10s);
    CHECK(simulation.relay().connections().size() == 1);
    viewer.leave(Departure::close);
    run_for(simulation, 2100ms); // the second "no signal" picture meets a connection that is reset
    CHECK(simulation.relay().connections().size() == 0);
    finish(simulation);
}

TEST_CASE("a source with one picture in ten seconds does not count as silent") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.period = 10s;
    Simulation simulation(decisions, world);
    (void)simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 35s); // three pictures: two similar intervals are the stream's usual ones
    for (int second = 0; second < 40; ++second) {
        run_for(simulation, 1s);
        CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::live);
    }
    finish(simulation);
}

TEST_CASE("viewers with a rate limit get its rate, and are served with the frames") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.jitters = GENERATE(false, true);
    const int fps = GENERATE(1, 5, 12, 30, 100);
    CAPTURE(fps, world.source.jitters);
    Simulation simulation(decisions, world);
    std::vector<const SimClient*> viewers;
    for (std::uint32_t i = 0; i < 50; ++i) {
        ClientPlan plan = stream_viewer(fmt::format("192.0.2.{}:1", i));
        plan.requests.front().text =
            fmt::format("GET /s0/stream?fps={} HTTP/1.1\r\nHost: sim\r\n\r\n", fps);
        viewers.push_back(&simulation.add_client(plan));
        run_for(simulation, 7ms);
    }
    run_for(simulation, 2s);
    const stream::Stream& stream = simulation.relay().stream(0);
    const std::uint64_t published = simulation.source(0).counters().frames;
    std::vector<std::uint64_t> received;
    for (const SimClient* viewer : viewers) {
        received.push_back(viewer->reader().frames());
    }
    const Instant end = simulation.engine().now() + 20s;
    while (simulation.engine().now() < end) {
        INFO(simulation.failure());
        REQUIRE(simulation.step(end));
        // The loop is not woken for them between two frames.
        REQUIRE((world.source.jitters ||
                 stream.deadline() > stream.signal().last_frame_at() + world.source.period));
    }
    const std::uint64_t frames = simulation.source(0).counters().frames - published;
    const double expected = std::min(20.0 * fps, static_cast<double>(frames));
    for (std::size_t i = 0; i < viewers.size(); ++i) {
        const auto count = static_cast<double>(viewers[i]->reader().frames() - received[i]);
        CHECK(count >= 0.97 * expected - 1);
        CHECK(count <= expected + 2);
        CHECK(viewers[i]->reader().last_picture_age() < 10ms);
    }
    finish(simulation);
}

TEST_CASE("a viewer with a rate limit gets the last frame of a stream that has stopped") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.requests.front().text = "GET /s0/stream?fps=3 HTTP/1.1\r\nHost: sim\r\n\r\n";
    const SimClient& limited = simulation.add_client(plan);
    const SimClient& every = simulation.add_client(stream_viewer("192.0.2.2:1"));
    run_for(simulation, 2s);
    // Until the viewer has been sent a frame, and another one after it.
    const std::uint64_t frames = limited.reader().frames();
    while (limited.reader().frames() == frames) {
        run_for(simulation, 1ms);
    }
    run_for(simulation, 2 * world.source.period);
    simulation.hold_source(0, 1s);
    run_for(simulation, 600ms);
    CHECK(limited.reader().frames() == frames + 2);
    CHECK(limited.reader().last_picture_at() > every.reader().last_picture_at());
    finish(simulation);
}

TEST_CASE("a source pauses while nobody watches, and a viewer wakes it") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.pauses = true;
    Simulation simulation(decisions, world);
    const stream::Stream& stream = simulation.relay().stream(0);
    run_for(simulation, 60s); // its silence is no loss of signal
    CHECK(stream.signal().state() == api::StreamState::paused);
    CHECK(simulation.source(0).counters().frames == 0);

    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.departure = Departure::close;
    plan.departs_after = 2s;
    const SimClient& viewer = simulation.add_client(plan);
    run_for(simulation, 1s);
    CHECK(stream.signal().state() == api::StreamState::live);
    CHECK(viewer.reader().frames() >= 20);
    run_for(simulation, 2s);
    CHECK(stream.signal().state() == api::StreamState::paused);
    const std::uint64_t frames = simulation.source(0).counters().frames;
    run_for(simulation, 60s);
    CHECK(stream.signal().state() == api::StreamState::paused);
    CHECK(simulation.source(0).counters().frames == frames);
    finish(simulation);
}

TEST_CASE("the source pauses only when the last of several viewers has left") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.pauses = true;
    Simulation simulation(decisions, world);
    for (int second = 1; second <= 3; ++second) {
        ClientPlan plan = stream_viewer("192.0.2.1:1");
        plan.departure = Departure::reset;
        plan.departs_after = std::chrono::seconds(second);
        (void)simulation.add_client(plan);
    }
    run_for(simulation, 2900ms);
    CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::live);
    run_for(simulation, 300ms);
    CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::paused);
    finish(simulation);
}

TEST_CASE("a snapshot wakes a paused source and gets a new picture") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.pauses = true;
    Simulation simulation(decisions, world);
    run_for(simulation, 10s);
    for (std::uint64_t round = 1; round <= 3; ++round) {
        ClientPlan plan = stream_viewer("192.0.2.1:1");
        plan.requests.front().text =
            "GET /s0/snapshot HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n";
        plan.requests.front().expectation.kind = AnswerKind::snapshot;
        const SimClient& client = simulation.add_client(plan);
        run_for(simulation, 1s);
        CHECK(client.reader().responses() == 1);
        CHECK(client.reader().last_status() == 200);
        CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::paused);
        CHECK(simulation.source(0).counters().frames <= 3 * round);
    }
    finish(simulation);
}

TEST_CASE(
    "the signal of a source that is woken and stays silent is lost, counted from the waking") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.pauses = true;
    world.source.wakes_after = std::chrono::hours(1);
    world.relay.stream.silence_max = 5s;
    Simulation simulation(decisions, world);
    const stream::Stream& stream = simulation.relay().stream(0);
    run_for(simulation, 20s);
    const SimClient& viewer = simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 4500ms);
    CHECK(stream.signal().state() == api::StreamState::paused);
    CHECK(viewer.reader().placeholders() == 0);
    run_for(simulation, 1s);
    CHECK(stream.signal().state() == api::StreamState::lost);
    CHECK(viewer.reader().placeholders() >= 1);
    finish(simulation);
}

TEST_CASE("a paused stream is reported as healthy") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.pauses = true;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.requests.front().text = "GET /healthz?stream=s0 HTTP/1.1\r\nHost: sim\r\n\r\n";
    plan.requests.front().expectation.kind = AnswerKind::page;
    const SimClient& client = simulation.add_client(plan);
    run_for(simulation, 1s);
    CHECK(client.reader().last_status() == 200);
    CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::paused);
    finish(simulation);
}

TEST_CASE("a viewer on this host is served by copy, and one on another host by zero-copy") {
    for (const bool local : {true, false}) {
        CAPTURE(local);
        Decisions decisions{std::span<const std::uint8_t>{}};
        Simulation simulation(decisions, quiet_world());
        ClientPlan plan = stream_viewer(local ? "127.0.0.1:1" : "192.0.2.1:1");
        plan.link.local = local;
        const SimClient& viewer = simulation.add_client(plan);
        run_for(simulation, 3s);
        CHECK(viewer.reader().frames() > 80);
        const api::StreamStatus status = simulation.status().streams[0];
        CHECK((local ? status.sends.frames_sent_zero_copy : status.sends.frames_sent_copy) == 0);
        CHECK(status.viewers_zero_copy == (local ? 0 : 1));
        finish(simulation);
    }
}

TEST_CASE("a viewer whose zero-copy sends are copied by the kernel is served by copy for a while") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.relay.connection.zero_copy_probe_interval = 10s;
    Simulation simulation(decisions, world);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.link.copies_zero_copy = true;
    static_cast<void>(simulation.add_client(plan));
    // Three notifications, and the frames that were sent before the third one arrived.
    constexpr std::uint64_t tries_min = 3;
    constexpr std::uint64_t tries_max = 6;
    std::uint64_t before = 0;
    for (int probe = 0; probe < 3; ++probe) {
        run_for(simulation, 10s);
        const connection::SendCounters sends = simulation.status().streams[0].sends;
        CHECK(sends.frames_sent_zero_copy >= before + tries_min);
        CHECK(sends.frames_sent_zero_copy <= before + tries_max);
        CHECK(sends.notifications_copied == sends.notifications);
        before = sends.frames_sent_zero_copy;
    }
    finish(simulation);
}

TEST_CASE("latency is measured from a frame's capture, not from the start of its send") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    world.source.period = 1s;
    Simulation simulation(decisions, world);
    const stream::Stream& stream = simulation.relay().stream(0);
    while (simulation.source(0).counters().frames == 0) {
        run_for(simulation, 10ms);
    }
    run_for(simulation, 600ms);
    const SimClient& viewer = simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 100ms);
    CHECK(viewer.reader().frames() == 1); // the newest frame when it joined
    const stream::FrameTimes times = stream.status().times;
    CHECK(times.latency.count() == 1);
    CHECK(times.latency.sum() >= 600ms);
    CHECK(times.latency.sum() <= 720ms);
    CHECK(times.send.count() == 1);
    CHECK(times.send.sum() < 100ms);
    CHECK(times.arrival.count() == 1);
    CHECK(times.arrival.sum() < 100ms);
    finish(simulation);
}

TEST_CASE("the age of what viewers have is sampled, of all viewers in turn") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = quiet_world();
    Simulation simulation(decisions, world);
    constexpr std::uint32_t prompt_viewers = 30;
    for (std::uint32_t i = 0; i < prompt_viewers; ++i) {
        static_cast<void>(simulation.add_client(stream_viewer("192.0.2.1:1")));
    }
    ClientPlan far = stream_viewer("192.0.2.2:1");
    far.link.round_trip = 1s;
    static_cast<void>(simulation.add_client(far));
    run_for(simulation, 5s);
    const metrics::TimeHistogram before = simulation.status().streams[0].times.delivered_age;
    run_for(simulation, 10s);
    const metrics::TimeHistogram ages = simulation.status().streams[0].times.delivered_age;
    // Sixteen in each quarter of a second, and fewer where a round ends.
    const std::uint64_t samples = ages.count() - before.count();
    CHECK(samples >= 500);
    CHECK(samples <= 41 * 16);
    // One in 31 is of the far viewer, half a second old or more.
    std::uint64_t old = 0;
    for (std::size_t i = 0; i < metrics::TimeHistogram::bucket_count; ++i) {
        const bool late = i > 0 && metrics::TimeHistogram::bounds[i - 1] >= 500ms;
        old += late ? ages.count_in(i) - before.count_in(i) : 0;
    }
    CHECK(old >= samples / 31 - 3);
    CHECK(old <= samples / 31 + 3);
    finish(simulation);
}

TEST_CASE("a camera's frames are sent from its own buffers while viewers keep up") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, camera_world());
    const SimClient& viewer = simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 1s);
    CHECK(share_received(simulation, viewer, 10s) >= 0.99);
    const camera::CameraCounters& counters = simulation.camera(0).camera_counters();
    CHECK(counters.lent > 300);
    CHECK(counters.bytes_copied == 0);
    CHECK(simulation.camera(0).order().gaps() == 0);
    CHECK(simulation.relay().stream(0).arena().free_count() == 32);
    finish(simulation);
}

TEST_CASE("all buffers of a camera that is paused or unplugged are released and unmapped") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = camera_world();
    world.camera.pauses = GENERATE(true, false);
    Simulation simulation(decisions, world);
    SimCamera& camera = simulation.camera(0);
    ClientPlan plan = stream_viewer("192.0.2.1:1");
    plan.departure = Departure::close;
    plan.departs_after = 2s;
    const SimClient& viewer = simulation.add_client(plan);
    run_for(simulation, 1900ms);
    CHECK(viewer.reader().frames() > 20);
    CHECK(camera.camera_counters().buffers_lent > 0);
    run_for(simulation, 200ms);
    if (!world.camera.pauses) {
        camera.unplug(1h);
        run_for(simulation, 200ms);
    }
    CHECK(camera.camera_counters().buffers_lent == 0); // the newest frame's included
    CHECK(camera.sets_mapped() == 0);
    finish(simulation);
}

TEST_CASE("a camera keeps its rate while all viewers are stalled, and copies frames only then") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = camera_world();
    world.relay.connection.stall_timeout = 12s;
    Simulation simulation(decisions, world);
    SimCamera& camera = simulation.camera(0);
    std::vector<const SimClient*> stalled;
    for (std::uint32_t i = 0; i < 6; ++i) {
        stalled.push_back(&simulation.add_client(one_frame_viewer(i)));
        run_for(simulation, 40ms); // each has a frame of its own
    }
    const std::uint64_t copied = camera.camera_counters().copied_under_pressure;
    run_for(simulation, 10s);
    CHECK(camera.camera_counters().buffers_lent == 2);
    CHECK(camera.camera_counters().copied_under_pressure - copied >= 300);
    CHECK(std::all_of(stalled.begin(), stalled.end(),
                      [](const SimClient* client) { return client->here(); }));

    run_for(simulation, 4s);
    CHECK(simulation.relay().connections().size() == 0);
    const std::uint64_t copied_in_all = camera.camera_counters().copied_under_pressure;
    run_for(simulation, 10s);
    CHECK(camera.camera_counters().copied_under_pressure == copied_in_all);
    CHECK(camera.order().gaps() == 0);
    CHECK(camera.frames_missed() == 0);
    finish(simulation);
}

TEST_CASE("a viewer that holds a camera's buffers is not evicted when slots are short") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    World world = camera_world();
    world.relay.connection.stall_timeout = 60s;
    Simulation simulation(decisions, world);
    const SimClient& good = simulation.add_client(stream_viewer("192.0.2.1:1"));
    run_for(simulation, 1s);
    std::vector<const SimClient*> first;
    for (std::uint32_t i = 0; i < 100; ++i) {
        const SimClient& client = simulation.add_client(one_frame_viewer(i));
        run_for(simulation, 40ms);
        if (simulation.camera(0).camera_counters().copied_under_pressure == 0) {
            first.push_back(&client); // it holds a buffer of the camera
        }
    }
    CHECK(simulation.relay().counters().evicted_for_memory > 30);
    REQUIRE_FALSE(first.empty());
    CHECK(std::all_of(first.begin(), first.end(),
                      [](const SimClient* client) { return client->here(); }));
    CHECK(share_received(simulation, good, 2s) >= 0.95);
    CHECK(simulation.camera(0).frames_missed() == 0);
    CHECK(simulation.source(0).counters().frames_dropped == 0);
    finish(simulation);
}

TEST_CASE(
    "viewers, a stuck one included, stay connected while a camera is unplugged and plugged in") {
    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation(decisions, camera_world());
    SimCamera& camera = simulation.camera(0);
    const SimClient& good = simulation.add_client(stream_viewer("192.0.2.1:1"));
    const SimClient& stuck = simulation.add_client(one_frame_viewer(1));
    run_for(simulation, 1s);
    for (int round = 0; round < 3; ++round) {
        const std::uint64_t placeholders = good.reader().placeholders();
        camera.unplug(1500ms);
        run_for(simulation, 1400ms);
        CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::lost);
        CHECK(good.reader().placeholders() > placeholders);
        run_for(simulation, 300ms);
        CHECK(simulation.relay().stream(0).signal().state() == api::StreamState::live);
        CHECK(share_received(simulation, good, 500ms) >= 0.9);
    }
    CHECK(stuck.here());
    CHECK(camera.sets_mapped() ==
          2); // the current one, and the one that the stuck viewer holds a buffer of
    run_for(simulation, 12s);
    CHECK(stuck.was_reset());
    CHECK(camera.sets_mapped() == 1);
    CHECK(good.here());
    finish(simulation);
}
