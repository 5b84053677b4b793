// Times the encoder on one kind of picture, with different numbers of workers in turn. Prints JSON.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "app/noisy_pattern.hpp"
#include "encode/band_encoder.hpp"
#include "process_meter.hpp"

namespace {

using namespace ringcast;
using namespace ringcast::encode;
using app::OwnedPicture;
using bench::cores_busy_ns;

constexpr int picture_count = 4; ///< different ones, encoded in turn

struct Options {
    int width = 1280;
    int height = 720;
    PixelFormat format = PixelFormat::yuv420;
    int quality = 80;
    std::vector<int> workers = {1, 2};
    int rounds = 5;
    int frames = 30; ///< in each round for each number of workers
};

std::int64_t clock_ns(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

std::vector<int> all_cores() {
    std::vector<int> cores;
    for (int core = 0; core < sysconf(_SC_NPROCESSORS_ONLN); ++core) {
        cores.push_back(core);
    }
    return cores;
}

/// Runs one round of one encoder.
nlohmann::json measure(const Options& options, BandEncoder& encoder,
                       const std::vector<OwnedPicture>& pictures, std::vector<std::byte>& memory) {
    std::vector<double> latencies_us;
    std::size_t bytes = 0;
    std::size_t bytes_moved = 0;
    const std::vector<int> cores = all_cores();
    const std::int64_t busy_before = cores_busy_ns(cores);
    const std::int64_t cpu_before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const std::int64_t begun = clock_ns(CLOCK_MONOTONIC);
    for (int frame = 0; frame < options.frames; ++frame) {
        const OwnedPicture& made = pictures[static_cast<std::size_t>(frame) % pictures.size()];
        const std::int64_t before = clock_ns(CLOCK_MONOTONIC);
        const auto encoded = encoder.encode(made.picture, options.quality, memory);
        const std::int64_t after = clock_ns(CLOCK_MONOTONIC);
        bytes += encoded.bytes.value();
        bytes_moved += encoded.bytes_moved;
        latencies_us.push_back(static_cast<double>(after - before) / 1000);
    }
    const auto wall = static_cast<double>(clock_ns(CLOCK_MONOTONIC) - begun);
    const auto cpu = static_cast<double>(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_before);
    const auto busy = static_cast<double>(cores_busy_ns(cores) - busy_before);
    std::ranges::sort(latencies_us);
    const auto frames = static_cast<double>(options.frames);
    return {{"latency_us", latencies_us[latencies_us.size() / 2]},
            {"cpu_us_per_frame", cpu / 1000 / frames},
            {"bytes_per_frame", static_cast<double>(bytes) / frames},
            {"bytes_moved_per_frame", static_cast<double>(bytes_moved) / frames},
            {"foreign_cpu_share", std::max(busy - cpu, 0.0) / wall}};
}

nlohmann::json run(const Options& options) {
    const std::vector<OwnedPicture> pictures = app::noisy_pattern(
        {static_cast<std::uint16_t>(options.width), static_cast<std::uint16_t>(options.height)},
        options.format, picture_count);
    std::vector<std::byte> memory(static_cast<std::size_t>(options.width) *
                                  static_cast<std::size_t>(options.height) * 2);
    std::map<int, std::unique_ptr<BandEncoder>> encoders;
    for (const int workers : options.workers) {
        encoders[workers] = std::make_unique<BandEncoder>(workers);
        // Warm-up, so that page faults of fresh memory are not measured.
        static_cast<void>(encoders[workers]->encode(pictures[0].picture, options.quality, memory));
    }
    nlohmann::json rounds = nlohmann::json::array();
    for (int round = 0; round < options.rounds; ++round) {
        nlohmann::json results;
        for (const int workers : options.workers) {
            results[std::to_string(workers)] =
                measure(options, *encoders[workers], pictures, memory);
        }
        rounds.push_back(results);
    }
    return rounds;
}

} // namespace

int main(int argument_count, char** arguments) {
    Options options;
    CLI::App app("Times the encoder; prints JSON: a list of rounds, each by number of workers");
    app.add_option("--width", options.width, "pixels, even")->check(CLI::Range(64, 8192));
    app.add_option("--height", options.height, "pixels, even")->check(CLI::Range(64, 8192));
    std::string format = "yuv420";
    app.add_option("--format", format, "yuv420 or yuyv")->check(CLI::IsMember({"yuv420", "yuyv"}));
    app.add_option("--quality", options.quality, "1 to 100")->check(CLI::Range(1, 100));
    app.add_option("--workers", options.workers, "numbers of workers, in turn")
        ->check(CLI::Range(1, 64));
    app.add_option("--rounds", options.rounds, "number of rounds")->check(CLI::Range(1, 1000));
    app.add_option("--frames", options.frames, "pictures in a round")
        ->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, argument_count, arguments);
    options.format = format == "yuyv" ? PixelFormat::yuyv : PixelFormat::yuv420;
    std::printf("%s\n", run(options).dump().c_str());
    return 0;
}
