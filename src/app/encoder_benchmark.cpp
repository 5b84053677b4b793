#include "app/encoder_benchmark.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "app/noisy_pattern.hpp"
#include "base/assert.hpp"
#include "encode/band_encoder.hpp"
#include "os/clock.hpp"

namespace ringcast::app {

namespace {

constexpr int pictures_different = 4;
constexpr std::size_t pictures_min = 5;
constexpr double camera_fps = 30;

Duration processor_time() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

double milliseconds(Duration duration) noexcept {
    return std::chrono::duration<double, std::milli>(duration).count();
}

} // namespace

EncoderTiming time_encoder(config::PictureSize size, int quality, int workers, Duration duration) {
    const std::vector<OwnedPicture> pictures =
        noisy_pattern(size, encode::PixelFormat::yuv420, pictures_different);
    encode::BandEncoder encoder(workers);
    std::vector<std::byte> memory(std::size_t{size.width} * size.height * 2);
    // Warm-up, so that page faults of fresh memory are not measured.
    static_cast<void>(encoder.encode(pictures.front().picture, quality, memory));
    std::vector<Duration> latencies;
    std::uint64_t bytes = 0;
    const Duration busy_before = processor_time();
    const Instant end = os::monotonic_now() + duration;
    for (Instant before = os::monotonic_now(); before < end || latencies.size() < pictures_min;) {
        const OwnedPicture& made = pictures[latencies.size() % pictures.size()];
        const auto encoded = encoder.encode(made.picture, quality, memory);
        RINGCAST_ASSERT(encoded.bytes.has_value());
        bytes += *encoded.bytes;
        const Instant after = os::monotonic_now();
        latencies.push_back(after - before);
        before = after;
    }
    const auto count = static_cast<std::int64_t>(latencies.size());
    EncoderTiming timing;
    timing.size = size;
    timing.workers = workers;
    timing.processor_time = (processor_time() - busy_before) / count;
    timing.jpeg_bytes = bytes / latencies.size();
    const auto middle = latencies.begin() + count / 2;
    std::nth_element(latencies.begin(), middle, latencies.end());
    timing.latency = *middle;
    return timing;
}

std::string timing_text(const EncoderTiming& timing) {
    const double pixels = static_cast<double>(timing.size.width) * timing.size.height;
    const double busy_ms = milliseconds(timing.processor_time);
    return fmt::format(
        "{}x{}, {} thread{}: {:.1f} ms a picture, {:.1f} ms of processor time a megapixel, "
        "{} KB; {:.0f} frames/s take {:.0f} % of one processor\n",
        timing.size.width, timing.size.height, timing.workers, timing.workers == 1 ? "" : "s",
        milliseconds(timing.latency), busy_ms * 1e6 / pixels, timing.jpeg_bytes / 1000, camera_fps,
        busy_ms * camera_fps / 10);
}

void benchmark_encoder(config::PictureSize size, int quality) {
    constexpr Duration duration = std::chrono::seconds(2);
    const int workers = encode::encode_workers_for(std::thread::hardware_concurrency());
    std::fputs(timing_text(time_encoder(size, quality, 1, duration)).c_str(), stdout);
    if (workers > 1) {
        std::fflush(stdout);
        std::fputs(timing_text(time_encoder(size, quality, workers, duration)).c_str(), stdout);
    }
    std::fputs(workers > 1 ? "Cameras that produce no JPEG are encoded as in the last line, while "
                             "somebody watches.\n"
                           : "Cameras that produce no JPEG are encoded in this way, while somebody "
                             "watches.\n",
               stdout);
}

} // namespace ringcast::app
