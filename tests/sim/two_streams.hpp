#pragma once
// Two streams in a world without faults, and clients of them: for scenarios of streams that change.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "sim/simulation.hpp"

namespace ringcast::sim {

using namespace std::chrono_literals;

inline constexpr std::size_t first = 0; // the default stream
inline constexpr std::size_t second = 1;

inline World two_streams(bool cameras = false) {
    World world;
    world.engine.faults = false;
    world.streams = 2;
    world.slots = 32;
    world.viewers_max = 100;
    world.relay.viewers_max = world.viewers_max;
    world.source.period = 33ms;
    world.source.frame_bytes_min = world.source.frame_bytes_max = 10'000;
    world.cameras = cameras;
    world.camera.period = world.source.period;
    world.camera.frame_bytes_min = world.camera.frame_bytes_max = world.source.frame_bytes_max;
    world.clients_max = 0;
    world.healthy_clients = 0;
    return world;
}

inline ClientPlan plan_for(const std::string& target, AnswerKind kind) {
    ClientPlan plan;
    plan.name = target;
    plan.link.address = "192.0.2.1:1";
    plan.link.faultless = true;
    plan.link.round_trip = 1ms;
    ClientRequest request;
    request.text = fmt::format("GET {} HTTP/1.1\r\nHost: sim\r\n\r\n", target);
    request.expectation.kind = kind;
    plan.requests.push_back(std::move(request));
    return plan;
}

/// A client that takes 200 ms to receive a picture.
inline ClientPlan slow_reader(const std::string& target, AnswerKind kind) {
    ClientPlan plan = plan_for(target, kind);
    plan.link.send_buffer = 2'000;
    plan.link.receive_buffer = 2'000;
    plan.read_bytes = 1'000;
    plan.read_pause = 20ms;
    return plan;
}

/// Two streams that run for a second before anything happens.
struct Running {
    explicit Running(const World& world = two_streams()) : simulation(decisions, world) {
        run_for(1s);
    }
    Running(const World& world, std::uint64_t seed)
        : decisions(seed), simulation(decisions, world) {
        run_for(1s);
    }

    void run_for(Duration span) {
        const Instant end = simulation.engine().now() + span;
        while (simulation.engine().now() < end) {
            if (!simulation.step(end)) {
                FAIL(simulation.failure());
            }
        }
    }
    void finish() {
        const bool finished = simulation.finish();
        INFO(simulation.failure());
        CHECK(finished);
    }
    /// A client on a good link that asks for `target` of a stream.
    SimClient& ask(std::size_t stream, AnswerKind kind, const std::string& target) {
        ClientPlan plan = plan_for(fmt::format("/s{}/{}", stream, target), kind);
        plan.link.send_buffer = plan.link.receive_buffer = 4 << 20;
        plan.requests.front().expectation.stream = simulation.stream_id(stream);
        return simulation.add_client(std::move(plan));
    }
    SimClient& watch(std::size_t stream, bool advance = false) {
        return advance ? ask(stream, AnswerKind::stream_advance, "stream?variant=advance")
                       : ask(stream, AnswerKind::stream_standard, "stream?variant=standard");
    }
    [[nodiscard]] std::uint64_t late_completions() const {
        return simulation.relay().counters().late_completions;
    }

    Decisions decisions{std::span<const std::uint8_t>{}};
    Simulation simulation;
};

/// Checks that the viewer received complete parts and an orderly end; otherwise it has an error.
inline void check_orderly_end(const SimClient& viewer) {
    CHECK_FALSE(viewer.here());
    CHECK_FALSE(viewer.was_reset());
    CHECK(viewer.error().empty());
    CHECK(viewer.reader().may_end_here());
    CHECK(viewer.reader().frames() > 0);
}

} // namespace ringcast::sim
