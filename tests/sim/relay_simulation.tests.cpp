// Runs the relay in many simulated worlds: `--seeds A..B` (default 0..299), `--seed N` to repeat
// one, `--steps N`. Fails when an invariant is violated, or when a kind of fault never occurred
// over the default seeds, because that kind would be untested.

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

#include "base/log.hpp"
#include "sim/simulation.hpp"

namespace {

using namespace ringcast;

struct Options {
    std::uint64_t seed_first = 0;
    std::uint64_t seed_last = 299;
    std::uint64_t steps = 1000;
    bool census = true; ///< off for chosen seeds
    bool verbose = false;
};

// For the signal handler: a violated assertion ends the process, and the report needs the seed.
volatile std::sig_atomic_t current_seed = 0;
volatile std::sig_atomic_t current_step = 0;

void report_crash(int signal) {
    char line[128];
    const int length =
        std::snprintf(line, sizeof line, "crashed in --seed %ld at step %ld\n",
                      static_cast<long>(current_seed), static_cast<long>(current_step));
    if (length > 0) {
        (void)!write(STDERR_FILENO, line, static_cast<std::size_t>(length));
    }
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

void drop_log(const LogLine&) noexcept {}

bool parse_number(std::string_view text, std::uint64_t& number) {
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc{} && result.ptr == text.data() + text.size();
}

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--verbose") {
            options.verbose = true;
            continue;
        }
        if (++i == argc) {
            return false;
        }
        const std::string_view value = argv[i];
        if (name == "--seed" && parse_number(value, options.seed_first)) {
            options.seed_last = options.seed_first;
            options.census = false;
        } else if (const auto dots = value.find("..");
                   name == "--seeds" && dots != std::string_view::npos &&
                   parse_number(value.substr(0, dots), options.seed_first) &&
                   parse_number(value.substr(dots + 2), options.seed_last)) {
            options.census = false;
        } else if (name != "--steps" || !parse_number(value, options.steps)) {
            return false;
        }
    }
    return options.seed_first <= options.seed_last;
}

/// Runs one seed. Ends the process on failure, because a broken simulation can't be destroyed
/// safely.
std::uint64_t run(std::uint64_t seed, const Options& options, sim::Census& census) {
    sim::Decisions decisions(seed);
    sim::World world = sim::some_world(decisions);
#ifdef RINGCAST_CANARY
    // This build must fail, which proves that the checks work.
    world.engine.forgets_notifications = true;
#endif
    sim::Simulation simulation(decisions, world);
    bool passed = true;
    for (std::uint64_t step = 0; step < options.steps && passed; ++step) {
        current_step = static_cast<std::sig_atomic_t>(step);
        passed = simulation.step();
    }
    passed = passed && simulation.finish();
    if (!passed) {
        std::printf("FAILED: %s\n  repeat: --seed %llu --steps %llu (step %ld)\n",
                    simulation.failure().c_str(), static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(options.steps),
                    static_cast<long>(current_step));
        std::fflush(stdout);
        std::_Exit(EXIT_FAILURE);
    }
    census.add(decisions.census());
    if (options.verbose) {
        const api::RelayCounters& counters = simulation.relay().counters();
        std::printf("seed %llu: %llu frames received, %zu clients, %lld ms, %llu evicted for "
                    "memory, %llu stalled\n",
                    static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(simulation.frames_received()),
                    simulation.clients().size(),
                    static_cast<long long>(simulation.elapsed().count() / 1'000'000),
                    static_cast<unsigned long long>(counters.evicted_for_memory),
                    static_cast<unsigned long long>(counters.evicted_stalled));
    }
    return simulation.frames_received();
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::printf("usage: %s [--seed N | --seeds A..B] [--steps N] [--verbose]\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (!options.verbose) {
        set_log_sink(drop_log);
    }
    std::signal(SIGABRT, report_crash);
    std::signal(SIGSEGV, report_crash);
    sim::Census census;
    std::uint64_t frames = 0;
    for (std::uint64_t seed = options.seed_first; seed <= options.seed_last; ++seed) {
        current_seed = static_cast<std::sig_atomic_t>(seed);
        frames += run(seed, options, census);
    }
    std::printf("%llu seeds of %llu steps: %llu frames received and checked\n",
                static_cast<unsigned long long>(options.seed_last - options.seed_first + 1),
                static_cast<unsigned long long>(options.steps),
                static_cast<unsigned long long>(frames));
    const auto missing = census.missing();
    for (const std::string& name : missing) {
        std::printf("never occurred: %s\n", name.c_str());
    }
    return options.census && (!missing.empty() || frames == 0) ? EXIT_FAILURE : EXIT_SUCCESS;
}
