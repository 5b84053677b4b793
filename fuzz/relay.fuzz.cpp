// Fuzzes the whole relay on simulated I/O. Each input byte decides something about the kernel, a
// client or a source. A zero byte decides against a fault, and so do all decisions after the last
// byte.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "base/log.hpp"
#include "sim/simulation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace ringcast;

// Upper bound of the steps, and number of steps after the last byte, in which the relay reaches a
// steady state.
constexpr int steps_max = 120;
constexpr int steps_after_bytes_max = 15;

/// A world in which a run is short: many short runs find more than few long ones. The simulation
/// with seeds (tests/sim) makes the long ones.
sim::World small_world(sim::Decisions& decisions) {
    sim::World world = sim::some_world(decisions);
    world.page = 4096;
    world.slots = std::min<std::uint16_t>(world.slots, 10);
    world.clients_max = 6;
    world.viewers_max = std::min(world.viewers_max, 8U);
    world.relay.viewers_max = world.viewers_max;
    world.relay.connections_extra = std::min(world.relay.connections_extra, 4U);
    return world;
}

void drop_log(const LogLine&) noexcept {}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    set_log_sink(drop_log);
    sim::Decisions decisions(std::span<const std::uint8_t>(data, size));
    const sim::World world = small_world(decisions);
    sim::Simulation simulation(decisions, world);
    bool passed = true;
    int left = steps_after_bytes_max;
    for (int step = 0; step < steps_max && left > 0 && passed; ++step) {
        passed = simulation.step();
        left -= decisions.undecided() ? 0 : 1;
    }
    passed = passed && simulation.finish();
    if (!passed) {
        std::fprintf(stderr, "FAILED: %s\n", simulation.failure().c_str());
        std::abort();
    }
    return 0;
}
