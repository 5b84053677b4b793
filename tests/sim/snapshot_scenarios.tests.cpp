// When snapshots are answered, and with what, each case in a simulated world without faults.

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr int ok = 200;
constexpr int unavailable = 503;

World quiet_world(Duration period) {
    World world;
    world.engine.faults = false;
    world.slots = 32;
    world.viewers_max = 3000;
    world.relay.viewers_max = world.viewers_max;
    world.source.period = period;
    world.source.frame_bytes_min = world.source.frame_bytes_max = 5'000;
    world.clients_max = 0;
    world.healthy_clients = 0;
    return world;
}

struct Asked {
    Asked(const World& world, Duration run_first) : simulation(decisions, world) {
        run_for(run_first);
    }

    void run_for(Duration span) { run_until(simulation.engine().now() + span); }
    void run_until(Instant end) {
        while (simulation.engine().now() < end) {
            INFO(simulation.failure());
            REQUIRE(simulation.step(end));
        }
    }
    /// A client that asks for one snapshot, with these parameters, and accepts an old one.
    SimClient& ask_for_old(const std::string& parameters) { return ask(parameters, 1h); }
    /// ... and wants one that is newer.
    SimClient& ask(const std::string& parameters = "", Duration age_max = {}) {
        ClientPlan plan;
        plan.name = "snapshot " + parameters;
        plan.link.address = "192.0.2.1:1";
        plan.link.faultless = true;
        plan.link.round_trip = 1ms;
        plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
        ClientRequest request;
        request.text = fmt::format("GET /s0/snapshot?{} HTTP/1.1\r\nHost: sim\r\n\r\n", parameters);
        request.expectation.kind = AnswerKind::snapshot;
        request.expectation.age_max = age_max;
        request.expectation.placeholder_wanted = parameters.find("placeholder=1") == 0;
        if (const auto at = parameters.find("within_ms="); at != std::string::npos) {
            request.expectation.patience =
                std::chrono::milliseconds(std::stoi(parameters.substr(at + 10)));
        }
        plan.requests.push_back(std::move(request));
        return simulation.add_client(std::move(plan));
    }
    /// Runs until the client has its answer; returns how long that took.
    Duration wait(const SimClient& client) {
        const Instant began = simulation.engine().now();
        while (client.reader().responses() == 0 || !client.reader().may_end_here()) {
            REQUIRE(simulation.engine().now() - began < 20s);
            run_until(simulation.engine().now() + 1ms);
        }
        return simulation.engine().now() - began;
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
};

} // namespace

TEST_CASE("a snapshot of a stream of one frame in five seconds is its latest, within 1.5 s") {
    World world = quiet_world(5s);
    world.period_expected = 5s;
    Asked asked(world, 5100ms);
    for (int i = 0; i < 20; ++i) {
        const SimClient& client = asked.ask();
        CHECK(asked.wait(client) <= 1500ms);
        CHECK(client.reader().last_status() == ok);
        CHECK(client.reader().frames() == 1);
        asked.run_for(777ms);
    }
    asked.finish();
}

TEST_CASE("a snapshot is of a picture that was captured after the time that its request names") {
    Asked asked(quiet_world(1s), 1100ms); // the latest picture is 100 ms old
    const auto seconds_ago = [&](double seconds) {
        const auto now = asked.simulation.engine().wall_now().time_since_epoch();
        return fmt::format("after={:.6f}", std::chrono::duration<double>(now).count() - seconds);
    };
    const SimClient& at_once = asked.ask_for_old(seconds_ago(0.2));
    CHECK(asked.wait(at_once) < 10ms);
    CHECK(at_once.reader().last_picture_age() > 80ms);
    const SimClient& next = asked.ask(seconds_ago(0.05));
    const Duration waited = asked.wait(next);
    CHECK(waited > 700ms);
    CHECK(waited < 1s);
    CHECK(next.reader().last_picture_age() < 10ms);
    const SimClient& too_late = asked.ask(seconds_ago(0.0) + "&within_ms=300");
    CHECK(asked.wait(too_late) <= 300ms);
    CHECK(too_late.reader().last_status() == unavailable);
    const SimClient& too_old = asked.ask(seconds_ago(3.0) + "&max_age_ms=50");
    CHECK(asked.wait(too_old) > 500ms);
    CHECK(too_old.reader().last_status() == ok);
    asked.finish();
}

TEST_CASE("a client that asks for what follows the picture that it has gets no picture twice") {
    Asked asked(quiet_world(100ms), 1s);
    const WallTime captured = asked.simulation.relay().stream(0).latest().info().captured;
    const auto since = std::chrono::floor<std::chrono::microseconds>(captured).time_since_epoch();
    const SimClient& next =
        asked.ask(fmt::format("after={}.{:06}", since.count() / 1'000'000,
                              since.count() % 1'000'000)); // as X-Timestamp says it
    CHECK(asked.wait(next) > 50ms);
    CHECK(next.reader().last_picture_age() < 10ms);
    asked.finish();
}

TEST_CASE(
    "the sharpest of several pictures is chosen when all have come, or when the time is over") {
    Asked asked(quiet_world(100ms), 1010ms);
    const SimClient& of_three = asked.ask("sharpest=3");
    const Duration waited = asked.wait(of_three);
    CHECK(waited > 250ms);
    CHECK(waited < 310ms);
    CHECK(of_three.reader().last_status() == ok);
    const SimClient& in_time = asked.ask("sharpest=30&within_ms=350");
    CHECK(asked.wait(in_time) <= 350ms);
    CHECK(in_time.reader().last_status() == ok);
    const SimClient& none = asked.ask("sharpest=30&within_ms=1");
    CHECK(asked.wait(none) <= 10ms);
    CHECK(none.reader().last_status() == unavailable);
    asked.simulation.hold_source(0, 30s);
    const SimClient& lost = asked.ask("sharpest=20&within_ms=10000");
    CHECK(asked.wait(lost) > 1s);
    CHECK(lost.reader().last_status() == unavailable);
    asked.finish();
}

TEST_CASE("few requests at a time may choose among pictures, and those that leave make room") {
    Asked asked(quiet_world(100ms), 1s);
    std::vector<SimClient*> waiting;
    for (int i = 0; i < 8; ++i) {
        waiting.push_back(&asked.ask("sharpest=30&within_ms=10000"));
    }
    asked.run_for(50ms);
    const SimClient& refused = asked.ask("sharpest=2");
    CHECK(asked.wait(refused) < 10ms);
    CHECK(refused.reader().last_status() == unavailable);
    const SimClient& usual = asked.ask();
    asked.wait(usual);
    CHECK(usual.reader().last_status() == ok);
    waiting[3]->leave(Departure::reset);
    asked.run_for(5s); // the others have their answers
    const SimClient& admitted = asked.ask("sharpest=2");
    asked.wait(admitted);
    CHECK(admitted.reader().last_status() == ok);
    asked.finish();
}

TEST_CASE("a snapshot waits for a newer frame for as long as its request allows") {
    Asked asked(quiet_world(4s), 4100ms);
    const SimClient& patient = asked.ask("within_ms=10000");
    const SimClient& hasty = asked.ask("within_ms=300");
    const SimClient& at_once = asked.ask("within_ms=0");
    CHECK(asked.wait(at_once) < 10ms);
    CHECK(asked.wait(hasty) <= 300ms);
    CHECK(patient.reader().responses() == 0);
    const Duration waited = asked.wait(patient);
    CHECK(waited > 3s);
    CHECK(waited < 4s);
    for (const SimClient* client : {&patient, &hasty, &at_once}) {
        CHECK(client->reader().last_status() == ok);
        CHECK(client->reader().frames() == 1);
    }
    CHECK(patient.reader().last_picture_age() < 10ms);
    CHECK(hasty.reader().last_picture_age() > 300ms);
    asked.finish();
}

TEST_CASE("a snapshot of a source that is starting is answered 503 in time, or with its frame") {
    World world = quiet_world(100ms);
    world.source.pauses = true;
    world.source.wakes_after = 3s;
    Asked asked(world, 1s);
    const SimClient& hasty = asked.ask();
    const SimClient& patient = asked.ask("within_ms=5000");
    const Duration waited = asked.wait(hasty);
    CHECK(waited > 1400ms);
    CHECK(waited <= 1500ms);
    CHECK(hasty.reader().last_status() == unavailable);
    CHECK(asked.wait(patient) < 2s);
    CHECK(patient.reader().last_status() == ok);
    asked.finish();
}

TEST_CASE("a snapshot waits for the first frame of a source that has never had one") {
    Asked asked(quiet_world(3s), 1600ms);
    CHECK(asked.simulation.relay().stream(0).signal().state() == stream::StreamState::lost);
    const SimClient& impatient = asked.ask("within_ms=1000");
    const SimClient& patient = asked.ask();
    CHECK(asked.wait(impatient) <= 1s);
    CHECK(impatient.reader().last_status() == unavailable);
    CHECK(asked.wait(patient) <= 600ms);
    CHECK(patient.reader().last_status() == ok);
    asked.finish();
}

TEST_CASE("a snapshot waits for the first frame of a source that has said that it is starting") {
    World world = quiet_world(3s);
    world.source.announces = true;
    Asked asked(world, 100ms);
    CHECK(asked.simulation.relay().stream(0).signal().reason() == "the source is starting");
    const SimClient& impatient = asked.ask();
    const SimClient& patient = asked.ask("within_ms=5000");
    CHECK(asked.wait(impatient) > 1400ms);
    CHECK(impatient.reader().last_status() == unavailable);
    CHECK(impatient.reader().last_body().find("is starting: try again in 2 s") !=
          std::string::npos);
    CHECK(asked.wait(patient) < 2s);
    CHECK(patient.reader().last_status() == ok);
    asked.finish();
}

TEST_CASE("without signal a snapshot is answered at once, however patient its client") {
    World world = quiet_world(33ms);
    world.cameras = true;
    world.camera.period = 33ms;
    world.camera.frame_bytes_min = world.camera.frame_bytes_max = world.source.frame_bytes_max;
    Asked asked(world, 1s);
    asked.simulation.camera(0).unplug(60s);
    asked.run_for(100ms);
    const SimClient& client = asked.ask("within_ms=10000");
    CHECK(asked.wait(client) < 10ms);
    CHECK(client.reader().last_status() == unavailable);
    const SimClient& shown = asked.ask("placeholder=1&within_ms=10000");
    CHECK(asked.wait(shown) < 200ms);
    CHECK(shown.reader().last_status() == ok);
    CHECK(shown.reader().placeholders() == 1);
    asked.finish();
}

TEST_CASE("a snapshot that waits is answered at once when the signal is lost") {
    World world = quiet_world(4s);
    world.relay.stream.silence_max = 5s;
    world.source.wakes_after = std::chrono::hours(1);
    world.source.pauses = true;
    Asked asked(world, 1s);
    const SimClient& client = asked.ask("within_ms=10000");
    const Duration waited = asked.wait(client);
    CHECK(waited >= 5s); // the time in which a source that was woken may be silent
    CHECK(waited < 5100ms);
    CHECK(client.reader().last_status() == unavailable);
    asked.finish();
}

TEST_CASE("many snapshots with different deadlines are answered in time, each exactly once") {
    World world = quiet_world(60s);
    world.period_expected = 60s;
    Asked asked(world, 61s);
    std::vector<std::pair<const SimClient*, Duration>> clients;
    for (int i = 0; i < 500; ++i) {
        const Duration within = std::chrono::milliseconds(i * 7 % 3000);
        clients.emplace_back(&asked.ask(fmt::format("within_ms={}", within / 1ms)), within);
    }
    const Instant began = asked.simulation.engine().now();
    for (Duration passed{}; passed <= 3s; passed += 10ms) {
        asked.run_until(began + passed);
        for (const auto& [client, within] : clients) {
            if (passed >= within + 10ms) {
                REQUIRE(client->reader().responses() == 1);
            } else if (passed + 60ms < within) {
                REQUIRE(client->reader().responses() == 0);
            }
        }
    }
    for (const auto& [client, within] : clients) {
        CHECK(client->reader().last_status() == ok);
    }
    asked.finish();
}
