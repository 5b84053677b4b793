// Times what renditions cost, beside the cost of the full picture: of a JPEG stream and of a raw
// camera's picture. One kind after the other for each picture, so that slow changes of the machine
// cancel out. Prints JSON.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/noisy_pattern.hpp"
#include "encode/jpeg_transformer.hpp"
#include "encode/raw_encoder.hpp"
#include "encode/raw_scaler.hpp"

namespace {

using namespace ringcast;
using namespace ringcast::encode;
using app::OwnedPicture;

constexpr int picture_count = 4; ///< different ones, in turn

struct Options {
    int width = 1280;
    int height = 720;
    PixelFormat format = PixelFormat::yuv420;
    int source_quality = 80; ///< of the JPEG stream
    int quality = 80;
    int rounds = 5;
    int frames = 20; ///< in each round
};

/// Something that is made of a picture; returns the length of the JPEG.
struct Kind {
    std::string name;
    std::function<std::size_t(std::size_t picture)> make;
};

double thread_cpu_us() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

/// The pictures, as JPEGs and raw, and what transforms them.
class Workshop {
public:
    explicit Workshop(const Options& options)
        : options_(options), raw_(app::noisy_pattern({static_cast<std::uint16_t>(options.width),
                                                      static_cast<std::uint16_t>(options.height)},
                                                     options.format, picture_count)),
          memory_(static_cast<std::size_t>(options.width) *
                  static_cast<std::size_t>(options.height) * 3),
          transformer_(memory_.size()) {
        EncodeSettings settings;
        settings.quality = options.source_quality;
        for (const OwnedPicture& made : raw_) {
            const std::size_t bytes = encoder_.encode(made.picture, settings, memory_).value();
            jpegs_.emplace_back(memory_.begin(),
                                memory_.begin() + static_cast<std::ptrdiff_t>(bytes));
        }
    }

    std::size_t transform(std::size_t picture, TargetSize target, Rotation rotate, int quality) {
        const PictureTransform wanted{target, quality, rotate, false};
        return transformer_.transform(jpegs_[picture], wanted, memory_).value().bytes;
    }
    std::size_t encode(std::size_t picture, TargetSize target, Rotation rotate) {
        const PictureTransform wanted{target, options_.quality, rotate, false};
        const RawPicture* const scaled = scaler_.scale(raw_[picture].picture, wanted);
        EncodeSettings settings;
        settings.quality = options_.quality;
        return encoder_.encode(*scaled, settings, memory_).value();
    }
    [[nodiscard]] std::size_t jpeg_bytes() const { return jpegs_.front().size(); }

private:
    Options options_;
    std::vector<OwnedPicture> raw_;
    std::vector<std::vector<std::byte>> jpegs_;
    std::vector<std::byte> memory_;
    JpegTransformer transformer_;
    RawScaler scaler_;
    RawEncoder encoder_;
};

std::vector<Kind> kinds_of(Workshop& workshop, const Options& options) {
    const PictureSize box{options.width * 3 / 10, options.height * 3 / 10};
    std::vector<Kind> kinds;
    const auto jpeg = [&](const std::string& name, TargetSize target, Rotation rotate,
                          int quality) {
        kinds.push_back({"jpeg " + name, [&workshop, target, rotate, quality](std::size_t picture) {
                             return workshop.transform(picture, target, rotate, quality);
                         }});
    };
    const auto raw = [&](const std::string& name, TargetSize target, Rotation rotate) {
        kinds.push_back({"raw " + name, [&workshop, target, rotate](std::size_t picture) {
                             return workshop.encode(picture, target, rotate);
                         }});
    };
    // The full ones first: the others are compared with them.
    // As the stream is, so that smaller pictures are not compared to one of fewer bytes.
    jpeg("full", TargetSize::full(), Rotation::none, options.source_quality);
    jpeg("half", TargetSize::half(), Rotation::none, options.quality);
    jpeg("quarter", TargetSize::quarter(), Rotation::none, options.quality);
    jpeg("fitted", TargetSize::fitted(box), Rotation::none, options.quality);
    jpeg("rotated, lossless", TargetSize::full(), Rotation::by_90, 0);
    jpeg("rotated, recompressed", TargetSize::full(), Rotation::by_90, options.quality);
    raw("full", TargetSize::full(), Rotation::none);
    raw("half", TargetSize::half(), Rotation::none);
    raw("quarter", TargetSize::quarter(), Rotation::none);
    raw("fitted", TargetSize::fitted(box), Rotation::none);
    raw("rotated", TargetSize::full(), Rotation::by_90);
    return kinds;
}

/// One round: the median of the processor time of each kind, in microseconds, and its mean length.
/// Processor time, because other programs run as well.
nlohmann::json measure(const std::vector<Kind>& kinds, int frames) {
    std::vector<std::vector<double>> times(kinds.size());
    std::vector<std::size_t> bytes(kinds.size());
    for (int frame = 0; frame < frames; ++frame) {
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            const double before = thread_cpu_us();
            bytes[i] += kinds[i].make(static_cast<std::size_t>(frame) % picture_count);
            times[i].push_back(thread_cpu_us() - before);
        }
    }
    nlohmann::json results;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        std::ranges::sort(times[i]);
        results[kinds[i].name] = {
            {"cpu_us", times[i][times[i].size() / 2]},
            {"bytes", static_cast<double>(bytes[i]) / static_cast<double>(frames)}};
    }
    return results;
}

} // namespace

int main(int argument_count, char** arguments) {
    Options options;
    CLI::App app("Times renditions; prints JSON: a list of rounds, each by kind of rendition");
    app.add_option("--width", options.width, "pixels, even")->check(CLI::Range(64, 8192));
    app.add_option("--height", options.height, "pixels, even")->check(CLI::Range(64, 8192));
    std::string format = "yuv420";
    app.add_option("--format", format, "yuv420 or yuyv")->check(CLI::IsMember({"yuv420", "yuyv"}));
    app.add_option("--source-quality", options.source_quality, "of the JPEG stream, 1 to 100")
        ->check(CLI::Range(1, 100));
    app.add_option("--quality", options.quality, "of the renditions, 1 to 100")
        ->check(CLI::Range(1, 100));
    app.add_option("--rounds", options.rounds, "number of rounds")->check(CLI::Range(1, 1000));
    app.add_option("--frames", options.frames, "pictures in a round")
        ->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, argument_count, arguments);
    options.format = format == "yuyv" ? PixelFormat::yuyv : PixelFormat::yuv420;
    Workshop workshop(options);
    const std::vector<Kind> kinds = kinds_of(workshop, options);
    static_cast<void>(measure(kinds, picture_count)); // fresh memory's page faults are not measured
    nlohmann::json rounds = nlohmann::json::array();
    for (int round = 0; round < options.rounds; ++round) {
        rounds.push_back(measure(kinds, options.frames));
    }
    const nlohmann::json report = {{"source_bytes", workshop.jpeg_bytes()}, {"rounds", rounds}};
    std::printf("%s\n", report.dump().c_str());
    return 0;
}
