// Clients that follow the events, each case in a simulated world without faults.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include "sim/sim_access.hpp"
#include "sim/two_streams.hpp"

using namespace ringcast;
using namespace ringcast::sim;

namespace {

ClientPlan follower(const std::string& last_id = {}, std::uint64_t last_number = 0) {
    ClientPlan plan = plan_for("/api/events", AnswerKind::events);
    if (!last_id.empty()) {
        ClientRequest& request = plan.requests.front();
        request.text = fmt::format(
            "GET /api/events HTTP/1.1\r\nHost: sim\r\nLast-Event-ID: {}\r\n\r\n", last_id);
        request.expectation.after_event = last_number;
    }
    return plan;
}

/// Whose socket takes little.
ClientPlan narrow_follower() {
    ClientPlan plan = follower();
    plan.link.send_buffer = plan.link.receive_buffer = 1'000;
    return plan;
}

std::size_t count_of(const SimClient& client, std::string_view kind) {
    const std::string text = fmt::format("{{\"kind\":\"{}\"", kind);
    return static_cast<std::size_t>(
        std::ranges::count_if(client.reader().events(),
                              [&](const std::string& event) { return event.starts_with(text); }));
}

void add_events(Running& running, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        running.simulation.add_event({.kind = api::EventKind::memory_short,
                                      .reason = std::string(200, 'x'),
                                      .count = i + 1});
    }
}

std::uint32_t connections(const Running& running) {
    return running.simulation.relay().connections().size();
}

} // namespace

TEST_CASE("a client is sent the events of the past, and then those that happen") {
    Running running;
    const SimClient& client = running.simulation.add_client(follower());
    running.run_for(100ms);
    REQUIRE(client.reader().events().size() == 3);
    CHECK(client.reader().events()[0].starts_with(R"({"kind":"server_started",)"));
    CHECK(count_of(client, "stream_live") == 2);

    running.simulation.hold_source(second, 8s);
    running.run_for(7s);
    REQUIRE(count_of(client, "stream_lost") == 1);
    CHECK(client.reader().events().back().find(
              R"("stream":"s1","reason":"no picture for a while")") != std::string::npos);
    running.run_for(2s);
    CHECK(count_of(client, "stream_live") == 3);
    CHECK(client.reader().events().size() == 5);
    CHECK(client.reader().last_event() == 5);
    CHECK(client.here());
    running.finish();
    CHECK_FALSE(client.was_reset());
}

TEST_CASE("changes of streams by a reload are events") {
    Running running;
    const SimClient& client = running.simulation.add_client(follower());
    const std::size_t third = running.simulation.add_stream();
    running.simulation.replace_stream(second, false);
    running.run_for(1s);
    running.simulation.end_stream(third);
    running.run_for(100ms);
    CHECK(count_of(client, "stream_added") == 1);
    CHECK(count_of(client, "stream_replaced") == 1);
    CHECK(count_of(client, "stream_removed") == 1);
    CHECK(count_of(client, "stream_live") == 4);
    running.finish();
}

TEST_CASE("smaller pictures come and go without an event") {
    Running running;
    ClientPlan plan = plan_for("/s0/stream?size=half", AnswerKind::stream_standard);
    plan.requests.front().expectation.rendition = "half";
    SimClient& viewer = running.simulation.add_client(std::move(plan));
    running.run_for(1s);
    CHECK(viewer.reader().frames() > 10);
    viewer.leave(Departure::reset);
    running.run_for(12s);
    CHECK(running.simulation.relay().event_log().next_number() == 4);
    running.finish();
}

TEST_CASE("refused viewers are few events, with their number") {
    World world = two_streams();
    world.viewers_max = world.relay.viewers_max = 1;
    Running running(world);
    const SimClient& client = running.simulation.add_client(follower());
    for (int i = 0; i < 50; ++i) {
        running.simulation.add_client(plan_for("/s0/stream", AnswerKind::stream_standard));
        running.run_for(100ms);
    }
    CHECK(count_of(client, "viewers_refused") == 1);
    running.run_for(60s);
    REQUIRE(count_of(client, "viewers_refused") == 2);
    CHECK(client.reader().events().back().find(R"("reason":"too many viewers","count":48)") !=
          std::string::npos);
    running.finish();
}

TEST_CASE("a stream that comes and goes all the time is few events") {
    Running running;
    const SimClient& client = running.simulation.add_client(follower());
    for (int i = 0; i < 20; ++i) {
        running.simulation.hold_source(second, 6s);
        running.run_for(7s);
    }
    // Two of these are the first ones of both streams.
    CHECK(count_of(client, "stream_live") + count_of(client, "stream_lost") == 1 + 10);
    running.run_for(600s);
    CHECK(count_of(client, "stream_live") + count_of(client, "stream_lost") == 1 + 10 + 1);
    CHECK(client.reader().events().back().find(R"("stream":"s1","count":31)") != std::string::npos);
    CHECK(client.reader().events().back().starts_with(R"({"kind":"stream_live")"));
    running.finish();
}

TEST_CASE("a client that comes back is sent only what it has not got") {
    Running running;
    SimClient& before = running.simulation.add_client(follower());
    running.run_for(100ms);
    CHECK(before.reader().events().size() == 3);
    before.leave(GENERATE(Departure::close, Departure::reset));
    running.run_for(100ms);
    CHECK(connections(running) == 0);
    running.simulation.add_stream();
    running.run_for(500ms);

    const std::string id = before.reader().last_event_id();
    CHECK(id == "00000000000000aa-3");
    const SimClient& again = running.simulation.add_client(follower(id, 3));
    const SimClient& other_process = running.simulation.add_client(follower("00000000000000ab-3"));
    const SimClient& from_the_future =
        running.simulation.add_client(follower("00000000000000aa-6"));
    const SimClient& up_to_date = running.simulation.add_client(follower("00000000000000aa-5", 5));
    running.run_for(100ms);
    CHECK(again.reader().events().size() == 2);
    CHECK(again.reader().last_event() == 5);
    CHECK(other_process.reader().events().size() == 5);
    CHECK(from_the_future.reader().events().size() == 5);
    CHECK(up_to_date.reader().events().empty());
    running.finish();
}

TEST_CASE("a client that reads too slowly finds a gap, and costs no memory") {
    Running running;
    ClientPlan plan = narrow_follower();
    plan.read_bytes = 500;
    plan.read_pause = 50ms;
    const SimClient& slow = running.simulation.add_client(std::move(plan));
    const SimClient& quick = running.simulation.add_client(follower());
    running.run_for(500ms);
    constexpr std::size_t many = 1'000;
    for (std::size_t i = 0; i < many; i += 100) {
        add_events(running, 100);
        running.run_for(200ms);
    }
    CHECK(quick.reader().events().size() == 3 + many);
    running.run_for(30s);
    CHECK(slow.here());
    CHECK(slow.reader().last_event() == 3 + many);
    CHECK(slow.reader().events().size() < many / 2);
    CHECK(slow.reader().events().size() > relay::EventLog::count_max);
    CHECK(running.simulation.relay().event_log().bytes() < relay::EventLog::count_max * 400);
    running.finish();
}

TEST_CASE("a client that does not read is disconnected, and no other one waits for it") {
    Running running;
    ClientPlan plan = narrow_follower();
    plan.read_total_max = 0;
    const SimClient& deaf = running.simulation.add_client(std::move(plan));
    const SimClient& other = running.simulation.add_client(follower());
    add_events(running, 100);
    running.run_for(1s);
    CHECK(other.reader().events().size() == 103);
    CHECK(connections(running) == 2);
    running.run_for(11s);
    CHECK(connections(running) == 1);
    CHECK(deaf.was_reset());
    CHECK(running.simulation.relay().counters().evicted_stalled == 1);
    CHECK(other.here());
    running.finish();
}

TEST_CASE("a client that leaves is noticed at once, also while it has events to read") {
    Running running;
    const auto how = GENERATE(Departure::close, Departure::reset, Departure::half_close);
    ClientPlan plan = narrow_follower();
    const bool busy = GENERATE(false, true);
    if (busy) {
        plan.read_total_max = 2'000;
    }
    SimClient& client = running.simulation.add_client(std::move(plan));
    if (busy) {
        add_events(running, 100);
    }
    running.run_for(500ms);
    CHECK(connections(running) == 1);
    client.leave(how);
    running.run_for(500ms);
    // It still receives, after it has ended its own side.
    const bool stays = busy && how == Departure::half_close;
    CHECK(connections(running) == (stays ? 1 : 0));
    running.run_for(11s);
    CHECK(connections(running) == 0);
    running.finish();
}

TEST_CASE("a client that ends its side gets all events of the past, and then the end") {
    Running running;
    add_events(running, 100);
    ClientPlan plan = follower();
    plan.departure = Departure::half_close;
    plan.departs_after = 1ms; // behind the request
    const SimClient& client = running.simulation.add_client(std::move(plan));
    running.run_for(1s);
    CHECK(client.reader().events().size() == 103);
    CHECK_FALSE(client.here());
    CHECK_FALSE(client.was_reset());
    running.finish();
}

TEST_CASE("a silent answer has a heartbeat, and a vanished client is found by it") {
    Running running;
    const SimClient& client = running.simulation.add_client(follower());
    SimClient& vanishing = running.simulation.add_client(follower());
    running.run_for(50s);
    CHECK(client.reader().heartbeats() == 3);
    vanishing.leave(Departure::vanish);
    running.run_for(60s);
    CHECK(client.reader().heartbeats() == 7);
    CHECK(connections(running) == 1);
    running.finish();
}

TEST_CASE("bytes behind the request are discarded, up to a limit") {
    Running running;
    const bool many = GENERATE(false, true);
    ClientPlan plan = follower();
    plan.requests.front().text += std::string(many ? 100'000 : 10'000, 'x');
    const SimClient& client = running.simulation.add_client(std::move(plan));
    running.run_for(1s);
    CHECK(client.reader().events().size() == 3);
    CHECK(client.here() == !many);
    running.finish();
}

TEST_CASE(
    "the server ends while clients follow: their answers end in order, behind a whole event") {
    Running running;
    const SimClient& idle = running.simulation.add_client(follower());
    ClientPlan plan = narrow_follower();
    plan.read_bytes = 100;
    plan.read_pause = 10ms;
    const SimClient& busy = running.simulation.add_client(std::move(plan));
    running.run_for(200ms);
    add_events(running, 50);
    running.run_for(200ms);
    CHECK(busy.reader().events().size() < 53);
    running.finish();
    for (const SimClient* client : {&idle, &busy}) {
        CHECK_FALSE(client->here());
        CHECK_FALSE(client->was_reset());
        CHECK(client->reader().may_end_here());
    }
    CHECK(idle.reader().events().size() == 53);
}

TEST_CASE("clients that follow make room when all places are taken, and viewers stay") {
    World world = two_streams();
    world.relay.connections_extra = 4;
    world.viewers_max = world.relay.viewers_max = 1;
    Running running(world);
    const SimClient& viewer = running.watch(0);
    running.run_for(200ms);
    std::vector<const SimClient*> followers;
    for (int i = 0; i < 6; ++i) {
        ClientPlan plan = follower();
        plan.link.address = fmt::format("192.0.2.{}:1", i + 10);
        followers.push_back(&running.simulation.add_client(std::move(plan)));
        running.run_for(100ms);
    }
    CHECK(viewer.here());
    CHECK(std::ranges::count_if(followers, [](auto* client) { return client->here(); }) == 4);
    CHECK_FALSE(followers.front()->here());
    CHECK_FALSE(followers.front()->was_reset());
    CHECK(count_of(*followers.back(), "places_taken") == 1);
    const SimClient& health = running.simulation.add_client(plan_for("/healthz", AnswerKind::page));
    running.run_for(100ms);
    CHECK(health.reader().last_status() == 200);
    running.finish();
}

TEST_CASE("with passwords, only those who see everything are told of the configuration") {
    World world = two_streams();
    world.passwords = true;
    world.password_time_max = 50ms;
    Running running(world);
    const auto follow = [&](Proof proof) -> SimClient& {
        ClientPlan plan = follower();
        add_proof(plan, proof, "s0", running.simulation.clients().size(),
                  running.simulation.engine().wall_now());
        plan.known = !proves_nothing(proof);
        return running.simulation.add_client(std::move(plan));
    };
    const SimClient& administrator = follow(Proof::password);
    const SimClient& user = follow(Proof::token);
    const SimClient& nobody = follow(Proof::none);
    const SimClient& link = follow(Proof::link);
    running.run_for(500ms);
    running.simulation.add_event({.kind = api::EventKind::config_reloaded});
    const std::size_t third = running.simulation.add_stream();
    running.run_for(500ms);
    CHECK(administrator.reader().last_status() == 200);
    CHECK(count_of(administrator, "config_reloaded") == 1);
    CHECK(user.reader().last_status() == 200);
    CHECK(count_of(user, "config_reloaded") == 0);
    CHECK(count_of(user, "stream_added") == 1);
    CHECK(nobody.reader().last_status() == 401);
    CHECK(link.reader().last_status() == 403);

    running.simulation.end_stream(third);
    running.run_for(500ms);
    CHECK(count_of(administrator, "stream_removed") == 1);
    CHECK(count_of(user, "stream_removed") == 0); // nobody says any more who might see it

    // They ask again, and must prove themselves under the new rules.
    running.simulation.revoke_access();
    running.run_for(500ms);
    CHECK_FALSE(administrator.here());
    CHECK_FALSE(administrator.was_reset());
    CHECK_FALSE(user.here());
    running.finish();
}
