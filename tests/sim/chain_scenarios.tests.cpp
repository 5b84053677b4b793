// Streams that other ringcasts read: which servers they say they come through, and when they are
// refused. Each case in a world without faults.

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

using namespace ringcast;
using namespace ringcast::sim;
using namespace std::chrono_literals;

namespace {

constexpr int ok = 200;
constexpr int loop_detected = 508;

/// The relay "aa", whose stream comes through the servers in `via`.
struct Chained {
    explicit Chained(std::vector<std::string> via) : simulation(decisions, world(std::move(via))) {
        run_for(100ms);
    }

    static World world(std::vector<std::string> via) {
        World world;
        world.engine.faults = false;
        world.source.via = std::move(via);
        world.relay.instance = "aa";
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
    /// The response to a request with `via`, after as long as a snapshot may wait for a frame.
    const ResponseReader& ask(const std::string& path, AnswerKind kind, const std::string& via,
                              const std::string& method = "GET") {
        ClientPlan plan;
        plan.name = fmt::format("{} by way of '{}'", path, via);
        plan.link.address = "192.0.2.1:1";
        plan.link.faultless = true;
        plan.link.round_trip = 1ms;
        plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
        ClientRequest request;
        request.text = fmt::format("{} {} HTTP/1.1\r\nHost: sim\r\nX-Ringcast-Via: {}\r\n\r\n",
                                   method, path, via);
        request.expectation.kind = kind;
        request.expectation.head_only = method == "HEAD";
        plan.requests.push_back(std::move(request));
        const SimClient& client = simulation.add_client(std::move(plan));
        run_for(200ms);
        REQUIRE(client.reader().responses() == 1);
        return client.reader();
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
};

struct Resource {
    std::string path;
    AnswerKind kind;
};
const std::vector<Resource> pictures{{"/s0/stream", AnswerKind::stream_standard},
                                     {"/s0/snapshot", AnswerKind::snapshot}};

} // namespace

TEST_CASE("streams and snapshots list the servers that they come through, nearest first") {
    for (const auto& [path, kind] : pictures) {
        Chained origin({});
        CHECK(origin.ask(path, kind, "").last_via() == "aa");
        origin.finish();
        Chained edge({"bb", "cc"});
        CHECK(edge.ask(path, kind, "dd").last_via() == "aa, bb, cc");
        CHECK(edge.ask("/api/status", AnswerKind::page, "dd").last_via().empty());
        edge.finish();
    }
}

TEST_CASE("a server that a stream comes through can't read it, but its status") {
    Chained chained({"bb", "cc"});
    for (const auto& [path, kind] : pictures) {
        for (const std::string via : {"aa", "bb", "dd, cc"}) {
            CHECK(chained.ask(path, kind, via).last_status() == loop_detected);
            CHECK(chained.ask(path, kind, via, "HEAD").last_status() == loop_detected);
        }
        CHECK(chained.ask(path, kind, "dd, ee").last_status() == ok);
    }
    CHECK(chained.ask("/api/status", AnswerKind::page, "aa").last_status() == ok);
    CHECK(chained.ask("/healthz?stream=s0", AnswerKind::page, "aa").last_status() == ok);
    chained.finish();
}

TEST_CASE("a ninth server in a row has no stream for anybody") {
    std::vector<std::string> via(7, "b");
    for (const auto& [path, kind] : pictures) {
        Chained eighth(via);
        CHECK(eighth.ask(path, kind, "").last_status() == ok);
        eighth.finish();
    }
    via.emplace_back("b");
    for (const auto& [path, kind] : pictures) {
        Chained ninth(via);
        const ResponseReader& answer = ninth.ask(path, kind, "");
        CHECK(answer.last_status() == loop_detected);
        CHECK(answer.last_body().find("8 servers in a row") != std::string::npos);
        ninth.finish();
    }
}
