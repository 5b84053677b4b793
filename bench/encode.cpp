// Times the encoder on one kind of picture, with different numbers of workers in turn. Prints JSON.
// The pictures are the test pattern with a sensor's noise; flat colours would be encoded
// unrealistically fast.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include "draw/pattern_painter.hpp"
#include "encode/band_encoder.hpp"
#include "process_meter.hpp"

namespace {

using namespace ringcast;
using namespace ringcast::encode;
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

struct OwnedPicture {
    RawPicture picture;
    std::vector<std::vector<std::uint8_t>> planes;
};

/// Adds a sensor's noise with the given standard deviation, in steps of 8-bit samples.
class Noise {
public:
    explicit Noise(double deviation) : normal_(0, deviation) {}
    std::uint8_t on(std::uint8_t value) {
        const double noisy = std::clamp(value + normal_(random_), 0.0, 255.0);
        return static_cast<std::uint8_t>(std::lround(noisy));
    }

private:
    std::mt19937 random_{7};
    std::normal_distribution<double> normal_;
};

/// The channel's visible samples with noise, packed.
std::vector<std::uint8_t> noisy_plane(const draw::Picture& picture, draw::Channel channel,
                                      Noise& noise) {
    const int shift = channel == draw::Channel::luma ? 0 : 1;
    const auto width = static_cast<std::size_t>(sample_count(picture.width(), shift));
    std::vector<std::uint8_t> plane;
    for (int y = 0; y < sample_count(picture.height(), shift); ++y) {
        for (const std::uint8_t value : picture.row(channel, y).first(width)) {
            plane.push_back(noise.on(value));
        }
    }
    return plane;
}

Plane plane_of(const std::vector<std::uint8_t>& samples, std::size_t stride) {
    return {std::as_bytes(std::span(samples)), stride};
}

/// Makes YUYV from 4:2:0 planes; each chroma line is used for two lines.
std::vector<std::uint8_t> interleaved(const std::vector<std::vector<std::uint8_t>>& planes,
                                      std::size_t width, std::size_t height) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width / 2; ++x) {
            const std::size_t luma = y * width + 2 * x;
            const std::size_t colour = y / 2 * (width / 2) + x;
            bytes.insert(bytes.end(), {planes[0][luma], planes[1][colour], planes[0][luma + 1],
                                       planes[2][colour]});
        }
    }
    return bytes;
}

OwnedPicture make_picture(const Options& options, draw::PatternPainter& painter, int index) {
    const WallTime captured(std::chrono::milliseconds(100) * index);
    const draw::Picture& painted = painter.paint(static_cast<std::uint64_t>(index), captured);
    Noise luma_noise(3);
    Noise colour_noise(2);
    OwnedPicture made;
    made.planes = {noisy_plane(painted, draw::Channel::luma, luma_noise),
                   noisy_plane(painted, draw::Channel::blue, colour_noise),
                   noisy_plane(painted, draw::Channel::red, colour_noise)};
    made.picture.format = options.format;
    made.picture.width = options.width;
    made.picture.height = options.height;
    const auto width = static_cast<std::size_t>(options.width);
    if (options.format == PixelFormat::yuyv) {
        made.planes = {interleaved(made.planes, width, static_cast<std::size_t>(options.height))};
        made.picture.planes[0] = plane_of(made.planes[0], 2 * width);
    } else {
        for (std::size_t i = 0; i < made.planes.size(); ++i) {
            made.picture.planes[i] = plane_of(made.planes[i], i == 0 ? width : width / 2);
        }
    }
    return made;
}

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
    draw::PatternPainter painter(options.width, options.height, 30);
    std::vector<OwnedPicture> pictures;
    for (int i = 0; i < picture_count; ++i) {
        pictures.push_back(make_picture(options, painter, i));
    }
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
