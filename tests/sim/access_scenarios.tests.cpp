// Who gets what where passwords are asked for, each case in a simulated world without faults.

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "access/link.hpp"
#include "sim/sim_access.hpp"
#include "sim/simulation.hpp"
#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr int ok = 200;
constexpr int unauthorized = 401;
constexpr int too_many_requests = 429;

World locked_world() {
    World world;
    world.engine.faults = false;
    world.slots = 32;
    world.viewers_max = 2000;
    world.relay.viewers_max = world.viewers_max;
    world.relay.connections_extra = 2000;
    world.relay.requests_per_address = 100;
    world.source.period = 50ms;
    world.source.frame_bytes_min = world.source.frame_bytes_max = 5'000;
    world.clients_max = 0;
    world.healthy_clients = 0;
    world.passwords = true;
    world.password_time_max = 50ms;
    return world;
}

struct Door {
    explicit Door(const World& world = locked_world()) : simulation(decisions, world) {
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
    /// `address`: of IPv4; each client has one of its own by default.
    [[nodiscard]] ClientPlan plan(std::string_view target, AnswerKind kind, Proof proof,
                                  std::string_view address = "") {
        const std::size_t number = simulation.clients().size();
        ClientPlan made;
        made.name = target;
        made.link.address = address.empty()
                                ? fmt::format("10.0.{}.{}:1", number / 200, 1 + number % 200)
                                : std::string(address);
        made.link.faultless = true;
        made.link.round_trip = 1ms;
        made.link.send_buffer = made.link.receive_buffer = 1 << 18;
        ClientRequest request;
        request.text = fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", target);
        request.expectation.kind = kind;
        if (target.find("max_age_ms=1000") != std::string_view::npos) {
            request.expectation.age_max = 1s;
        }
        made.requests.push_back(std::move(request));
        add_proof(made, proof, "s0", number, simulation.engine().wall_now());
        made.known = !proves_nothing(proof);
        return made;
    }
    SimClient& ask(std::string_view target, AnswerKind kind, Proof proof,
                   std::string_view address = "") {
        return simulation.add_client(plan(target, kind, proof, address));
    }
    SimClient& watch(Proof proof, std::string_view address = "") {
        return ask("/s0/stream", AnswerKind::stream_standard, proof, address);
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

TEST_CASE("viewers with a password, a token or a link get frames, and others do not") {
    Door door;
    std::vector<const SimClient*> known;
    for (const Proof proof : {Proof::password, Proof::token, Proof::link}) {
        known.push_back(&door.watch(proof));
    }
    std::vector<const SimClient*> unknown;
    for (const Proof proof :
         {Proof::none, Proof::wrong_password, Proof::wrong_token, Proof::expired_link}) {
        unknown.push_back(&door.watch(proof));
    }
    door.run_for(1s);
    for (const SimClient* client : known) {
        CHECK(client->reader().frames() > 10);
    }
    for (const SimClient* client : unknown) {
        CHECK(client->reader().last_status() == unauthorized);
        CHECK(client->reader().frames() == 0);
    }
    door.finish();
}

TEST_CASE("guessing from one address and from a thousand costs viewers no frame") {
    Door door;
    const SimClient& viewer = door.watch(Proof::password);
    door.run_for(500ms);
    const std::uint64_t before = viewer.reader().frames();
    const bool one_address = GENERATE(true, false);
    for (int i = 0; i < 1000; ++i) {
        (void)door.ask("/s0/snapshot", AnswerKind::snapshot, Proof::wrong_password,
                       one_address ? "192.0.2.66:1" : "");
        door.run_for(1ms);
    }
    // Whoever is known already is answered at once, also from the address that guesses.
    const SimClient& again = door.ask("/s0/snapshot?max_age_ms=1000", AnswerKind::snapshot,
                                      Proof::password, one_address ? "192.0.2.66:2" : "");
    door.run_for(20ms);
    CHECK(again.reader().last_status() == ok);
    // A frame each 50 ms.
    CHECK(viewer.reader().frames() >= before + 19);
    door.run_for(11s);
    for (const auto& client : door.simulation.clients()) {
        const int status = client->reader().last_status();
        const bool known = client->plan().known;
        CHECK((known ? status == ok : status == unauthorized || status == too_many_requests));
    }
    door.finish();
}

TEST_CASE("a first login from an address without failures passes those who guess from others") {
    World world = locked_world();
    world.password_time_max = 100ms;
    Door door(world);
    for (int i = 0; i < 200; ++i) {
        (void)door.ask("/s0/snapshot", AnswerKind::snapshot, Proof::wrong_password, "192.0.2.66:1");
    }
    door.run_for(300ms);
    const SimClient& viewer = door.watch(Proof::password);
    door.run_for(300ms);
    CHECK(viewer.reader().frames() > 0);
    door.finish();
}

TEST_CASE("a password that others on the network could read is reported once, with what to do") {
    World world = locked_world();
    world.proxies = true;
    Door door(world);
    test::LogCapture lines;
    const auto ask = [&](Proof proof, std::string_view address, io::Transport transport) {
        ClientPlan plan = door.plan("/s0/snapshot", AnswerKind::snapshot, proof, address);
        plan.link.transport = transport;
        const SimClient& client = door.simulation.add_client(std::move(plan));
        door.run_for(300ms);
        CHECK(client.reader().last_status() == ok);
    };
    ask(Proof::password, "unix", io::Transport::unix_socket);
    ask(Proof::password, "198.51.100.1:4000", io::Transport::tcp); // a trusted proxy
    ask(Proof::token, "192.0.2.66:1", io::Transport::tcp);
    CHECK(lines.count("without encryption") == 0);
    for (int i = 0; i < 2; ++i) {
        ask(Proof::password, "192.0.2.66:1", io::Transport::tcp);
    }
    CHECK(lines.count("a password came from 192.0.2.66:1 without encryption", LogLevel::warning) ==
          1);
    CHECK(lines.count("put a proxy with HTTPS in front") == 1);
    door.finish();
}

TEST_CASE("whoever guesses behind a trusted proxy makes no other client of it wait") {
    World world = locked_world();
    world.proxies = true;
    Door door(world);
    const auto ask_for = [&](std::string_view client, Proof proof) -> SimClient& {
        ClientPlan plan = door.plan("/s0/snapshot?max_age_ms=1000", AnswerKind::snapshot, proof,
                                    "198.51.100.1:4000"); // of client_proxies.hpp's network
        plan.link.client = client;
        std::string& text = plan.requests.front().text;
        text.insert(text.size() - 2, fmt::format("X-Forwarded-For: {}\r\n", client));
        return door.simulation.add_client(std::move(plan));
    };
    for (int i = 0; i < 7; ++i) {
        (void)ask_for("203.0.113.66", Proof::wrong_password);
        door.run_for(100ms);
    }
    const SimClient& guesser = ask_for("203.0.113.66", Proof::wrong_password);
    const SimClient& other = ask_for("203.0.113.7", Proof::password);
    door.run_for(200ms);
    CHECK(guesser.reader().last_status() == too_many_requests);
    CHECK(other.reader().last_status() == ok);
    door.finish();
}

TEST_CASE("whoever waits too long for a verification is told to try again") {
    World world = locked_world();
    world.password_time_max = 1ns;
    world.relay.login_wait = 0ms;
    Door door(world);
    const SimClient& viewer = door.watch(Proof::password);
    door.run_for(100ms);
    CHECK(viewer.reader().last_status() == too_many_requests);
    door.finish();
}

TEST_CASE("a user, a token and a key that are replaced lose their viewers, and open ones stay") {
    World world = locked_world();
    world.unix_open = true;
    Door door(world);
    std::vector<const SimClient*> known;
    for (const Proof proof : {Proof::password, Proof::token, Proof::link}) {
        known.push_back(&door.watch(proof));
    }
    ClientPlan plan = door.watch(Proof::none).plan();
    plan.link.transport = io::Transport::unix_socket;
    plan.link.address = "unix";
    const SimClient& guest = door.simulation.add_client(plan);
    door.run_for(1s);
    for (const SimClient* client : known) {
        CHECK(client->here());
    }
    door.simulation.revoke_access();
    door.run_for(500ms);
    for (const SimClient* client : known) {
        CHECK_FALSE(client->here());
        CHECK_FALSE(client->was_reset());
    }
    CHECK(guest.here());
    CHECK(guest.reader().frames() > 20);
    const SimClient& returning = door.watch(Proof::password);
    door.run_for(500ms);
    CHECK(returning.reader().last_status() == unauthorized);
    door.finish();
}

TEST_CASE("a viewer with a link watches until it expires, at most at the rate of the link") {
    Door door;
    access::Link link;
    link.stream = "s0";
    link.expiry =
        std::chrono::floor<std::chrono::seconds>(door.simulation.engine().wall_now()) + 3s;
    link.millifps = 5000;
    const std::string target = fmt::format("/s0/stream?fps=10&token={}",
                                           access::sign_link(*sim_rules(false).link_key(), link));
    const SimClient& viewer = door.ask(target, AnswerKind::stream_standard, Proof::token);
    door.run_for(1900ms);
    CHECK(viewer.here());
    CHECK(viewer.reader().frames() >= 8);
    CHECK(viewer.reader().frames() <= 11);
    door.run_for(1500ms);
    CHECK_FALSE(viewer.here());
    CHECK_FALSE(viewer.was_reset());
    door.finish();
}

TEST_CASE("those who prove nothing see no page, and a health check") {
    Door door;
    const auto status = [&](std::string_view target, Proof proof) {
        const SimClient& client = door.ask(target, AnswerKind::page, proof);
        door.run_for(600ms);
        return client.reader().last_status();
    };
    for (const char* const target : {"/", "/api/status", "/metrics", "/s0/state", "/s0/controls",
                                     "/s0/link?for=1h", "/healthz?stream=s0", "/nowhere"}) {
        CAPTURE(target);
        CHECK(status(target, Proof::none) == unauthorized);
        CHECK(status(target, Proof::wrong_password) == unauthorized);
    }
    CHECK(status("/healthz", Proof::none) == ok);
    CHECK(status("/healthz", Proof::wrong_password) == ok);
    CHECK(status("/api/status", Proof::token) == ok);
    CHECK(status("/s0/link?for=1h", Proof::token) == ok);
    constexpr int forbidden = 403;
    CHECK(status("/s0/controls", Proof::token) == forbidden);
    CHECK(status("/api/status", Proof::link) == forbidden);
    door.finish();
}
