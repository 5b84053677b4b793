// Requests that change a camera's controls, each case in a simulated world without faults.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/sim_access.hpp"
#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view manual = R"({"AfMode": "manual"})";

World camera_world() {
    World world;
    world.engine.faults = false;
    world.slots = 32;
    world.clients_max = 0;
    world.healthy_clients = 0;
    world.passwords = true;
    world.password_time_max = 50ms;
    world.cameras = true;
    world.camera.period = 50ms;
    world.camera.frame_bytes_min = world.camera.frame_bytes_max = 4'000;
    return world;
}

struct Put {
    std::string_view target = "/s0/controls";
    std::string headers = "Content-Type: application/json\r\n"; ///< besides the length
    std::string body{manual};
    Proof proof = Proof::password; ///< of an administrator
    std::size_t dribble_bytes = 0;
    Duration dribble_pause = 1ms;
    std::string behind{}; ///< sent with the body
    bool unix_socket = false;
};

struct Scene {
    explicit Scene(const World& world = camera_world()) : simulation(decisions, world) {
        run_for(200ms);
    }

    void run_for(Duration span) {
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            if (!simulation.step(end)) {
                FAIL(simulation.failure());
            }
        }
    }
    SimClient& send(const Put& put) {
        ClientPlan plan;
        plan.name = put.target;
        plan.link.address = fmt::format("10.0.0.{}:1", 1 + simulation.clients().size());
        plan.link.faultless = true;
        plan.link.round_trip = 1ms;
        plan.link.send_buffer = plan.link.receive_buffer = 1 << 18;
        if (put.unix_socket) {
            plan.link.transport = io::Transport::unix_socket;
        }
        plan.dribble_bytes = put.dribble_bytes;
        plan.dribble_pause = put.dribble_pause;
        ClientRequest request;
        request.text = fmt::format("PUT {} HTTP/1.1\r\nHost: sim\r\n{}Content-Length: {}\r\n\r\n{}",
                                   put.target, put.headers, put.body.size(), put.body);
        request.expectation.may_continue = true;
        plan.requests.push_back(std::move(request));
        add_proof(plan, put.proof, "s0", simulation.clients().size(),
                  simulation.engine().wall_now());
        if (!put.behind.empty()) {
            plan.pipelines = true;
            plan.requests.emplace_back().text = put.behind;
        }
        plan.known = !proves_nothing(put.proof);
        return simulation.add_client(std::move(plan));
    }
    /// The status of the answer, which arrives within a second.
    int answer_to(const Put& put) {
        const SimClient& client = send(put);
        run_for(1s);
        REQUIRE(client.reader().responses() > 0);
        body = client.reader().last_body();
        return client.reader().last_status();
    }
    [[nodiscard]] bool changed() {
        return !simulation.camera(0).control_settings().changed().empty();
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
    std::string body; ///< of the last answer
};

} // namespace

TEST_CASE("an administrator changes controls, with a body in pieces of any size") {
    Scene scene;
    const std::size_t pieces = GENERATE(0U, 1U, 7U, 50U);
    CHECK(scene.answer_to({.dribble_bytes = pieces}) == 200);
    CHECK(scene.body.find(R"("line": "controls = { AfMode = \"manual\" }")") != std::string::npos);
    CHECK(scene.changed());
    const relay::EventLog& log = scene.simulation.relay().event_log();
    CHECK(log.find(log.next_number() - 1)
              ->text.text()
              .find(R"("stream":"s0","lines":["{ AfMode = \"manual\" }"]})") !=
          std::string_view::npos);
    const api::RelayCounters& counters = scene.simulation.relay().counters();
    CHECK(counters.requests[static_cast<std::size_t>(api::RouteKind::controls)] == 1);
    scene.finish();
}

TEST_CASE("others change nothing, and whoever is refused needs not send the body") {
    const auto [proof, status] =
        GENERATE(std::pair{Proof::none, 401}, std::pair{Proof::wrong_password, 401},
                 std::pair{Proof::wrong_token, 401}, std::pair{Proof::token, 403},
                 std::pair{Proof::link, 403}, std::pair{Proof::expired_link, 401});
    CAPTURE(proof);
    Scene scene;
    CHECK(scene.answer_to({.headers = "Content-Type: application/json\r\nExpect: 100-continue\r\n",
                           .proof = proof}) == status);
    CHECK_FALSE(scene.changed());
    scene.finish();
}

TEST_CASE("controls can't be changed where nobody is asked who they are") {
    World world = camera_world();
    world.unix_open = true;
    SECTION("on any listener") {
        world.passwords = false;
        Scene scene(world);
        CHECK(scene.answer_to({}) == 403);
        CHECK(scene.body.find("[access]") != std::string::npos);
        CHECK_FALSE(scene.changed());
        scene.finish();
    }
    SECTION("on one listener, also with a password") {
        Scene scene(world);
        CHECK(scene.answer_to({.unix_socket = true}) == 403);
        CHECK(scene.body.find("access = \"public\"") != std::string::npos);
        CHECK_FALSE(scene.changed());
        CHECK(scene.answer_to({}) == 200);
        scene.finish();
    }
}

TEST_CASE("bodies that are no values of the camera's controls are refused") {
    Scene scene;
    CHECK(scene.answer_to({.body = R"({"AfMode": "sometimes"})"}) == 400);
    CHECK(scene.body.find("one of \"manual\", \"continuous\"") != std::string::npos);
    CHECK(scene.answer_to({.body = "manual"}) == 400);
    CHECK(scene.answer_to({.body = ""}) == 400);
    CHECK(scene.answer_to({.body = std::string(16384, ' ')}) == 400);
    CHECK(scene.answer_to({.body = std::string(16385, ' ')}) == 413);
    CHECK(scene.answer_to({.headers = "Content-Type: text/plain\r\n"}) == 415);
    CHECK(scene.answer_to({.headers = ""}) == 415);
    CHECK(scene.answer_to({.target = "/s0/stream"}) == 405);
    CHECK(scene.answer_to({.target = "/nothing/controls"}) == 404);
    CHECK_FALSE(scene.changed());
    scene.finish();
}

TEST_CASE("a request behind a body is answered after it, and never taken from it") {
    Scene scene;
    const std::string hidden = "PUT /s0/controls HTTP/1.1\r\nHost: sim\r\n\r\n";
    const SimClient& good = scene.send(
        {.body = std::string(manual), .behind = "GET /healthz HTTP/1.1\r\nHost: sim\r\n\r\n"});
    const SimClient& refused = scene.send({.body = hidden + hidden, .proof = Proof::token});
    scene.run_for(1s);
    CHECK(good.reader().responses() == 2);
    CHECK(good.reader().last_status() == 200);
    CHECK(good.reader().last_body() == "ok\n");
    CHECK(refused.reader().responses() == 1);
    CHECK(refused.reader().last_status() == 403);
    CHECK_FALSE(refused.here());
    scene.finish();
}

TEST_CASE("a body that does not arrive in time is answered 408") {
    Scene scene;
    const SimClient& client = scene.send({.dribble_bytes = 150, .dribble_pause = 1h});
    scene.run_for(7s);
    CHECK(client.reader().last_status() == 408);
    CHECK_FALSE(scene.changed());
    scene.finish();
}

TEST_CASE("while a change is under way another one is told to wait, and a late one how to look") {
    World world = camera_world();
    world.camera.controls_time = 1h;
    world.relay.controls_wait = 300ms;
    Scene scene(world);
    const SimClient& first = scene.send({});
    scene.run_for(100ms);
    CHECK(first.reader().responses() == 0);
    CHECK(scene.answer_to({}) == 503);
    CHECK(scene.body.find("another change") != std::string::npos);
    CHECK(first.reader().last_status() == 503);
    CHECK(first.reader().last_body().find("has not answered in time") != std::string::npos);
    scene.finish();
}

TEST_CASE("a client that leaves while its change is under way leaves it to the camera") {
    World world = camera_world();
    world.camera.controls_time = 400ms;
    Scene scene(world);
    SimClient& client = scene.send({});
    scene.run_for(20ms);
    client.leave(Departure::reset);
    scene.run_for(1s);
    CHECK(scene.changed());
    scene.finish();
}

TEST_CASE("a change that is asked for as another one ends does not change the other one's answer") {
    World world = camera_world();
    world.camera.controls_time = 5ms;
    Scene scene(world);
    CHECK(scene.answer_to({}) == 200); // the password is remembered from here on
    const SimClient& first = scene.send({.body = R"({"AfMode": "continuous"})"});
    const SimClient& second = scene.send(
        {.body = R"({"AfMode": "sometimes"})", .dribble_bytes = 150, .dribble_pause = 8ms});
    scene.run_for(4ms);
    CHECK(first.reader().responses() == 0);
    // In one turn of the loop the camera answers, and then the rest of the second request arrives.
    EventQueue& events = scene.simulation.engine().events();
    events.run_until(events.now() + 10ms);
    scene.run_for(1s);
    CHECK(first.reader().last_status() == 200);
    CHECK(first.reader().last_body().find("continuous") != std::string::npos);
    CHECK(second.reader().last_status() == 400);
    scene.finish();
}
