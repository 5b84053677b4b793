// Writes JPEG frames to standard output at a fixed rate, as a camera program does. Every contender
// of the benchmark reads this source. Each frame is stamped immediately before it is written.

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <vector>

#include <CLI/CLI.hpp>
#include <turbojpeg.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "jpeg/stamp.hpp"

namespace {

constexpr int jpeg_quality = 80;
constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::size_t soi_bytes = 2;
/// The largest pipe that an ordinary user may request. Holds one frame of most sizes, so that a
/// frame is one write and one wake-up of the reader.
constexpr int pipe_bytes = 1 << 20;

struct Options {
    std::size_t frame_bytes = 100'000;
    double rate = 30.0;
    std::uint64_t frames = 18'000;
    int distinct = 8;
    double delay_s = 0.0;
};

/// SOI, space for a stamp, and the rest of the JPEG, whose checksum never changes.
struct BaseFrame {
    std::vector<std::byte> bytes;
    std::uint32_t crc = 0;
};

struct FreeTurboJpeg {
    void operator()(void* handle) const noexcept { tjDestroy(handle); }
};

class Painter {
public:
    Painter(int width, int height)
        : width_(width), height_(height), compressor_(tjInitCompress()),
          pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3) {}

    /// Draws a gradient with noise and returns it as a JPEG, without a stamp. More noise makes it
    /// larger; another seed changes the bytes but hardly their number.
    std::vector<std::byte> paint(int noise, unsigned seed) {
        std::minstd_rand random(seed);
        std::size_t at = 0;
        for (int y = 0; y < height_; ++y) {
            for (int x = 0; x < width_; ++x) {
                const int offset =
                    noise == 0 ? 0 : static_cast<int>(random() % 1021U) * noise / 1020;
                pixels_[at++] = static_cast<unsigned char>((x * 200 / width_ + offset) % 256);
                pixels_[at++] = static_cast<unsigned char>((y * 200 / height_ + offset) % 256);
                pixels_[at++] = static_cast<unsigned char>((128 + offset) % 256);
            }
        }
        unsigned char* jpeg = nullptr;
        unsigned long jpeg_bytes = 0;
        if (tjCompress2(compressor_.get(), pixels_.data(), width_, 0, height_, TJPF_RGB, &jpeg,
                        &jpeg_bytes, TJSAMP_420, jpeg_quality, 0) != 0) {
            std::fprintf(stderr, "feeder: %s\n", tjGetErrorStr2(compressor_.get()));
            std::exit(1);
        }
        std::vector<std::byte> result(jpeg_bytes);
        std::memcpy(result.data(), jpeg, jpeg_bytes);
        tjFree(jpeg);
        return result;
    }

private:
    int width_;
    int height_;
    std::unique_ptr<void, FreeTurboJpeg> compressor_;
    std::vector<unsigned char> pixels_;
};

/// Chooses a picture size at which a camera would produce about this number of bytes.
Painter make_painter(std::size_t frame_bytes) {
    if (frame_bytes < 30'000) {
        return {640, 360};
    }
    if (frame_bytes < 400'000) {
        return {1280, 720};
    }
    return {1920, 1080};
}

BaseFrame with_room_for_stamp(const std::vector<std::byte>& jpeg) {
    BaseFrame frame;
    frame.bytes.resize(jpeg.size() + ringcast::jpeg::stamp_bytes);
    std::memcpy(frame.bytes.data(), jpeg.data(), soi_bytes);
    std::memcpy(frame.bytes.data() + soi_bytes + ringcast::jpeg::stamp_bytes,
                jpeg.data() + soi_bytes, jpeg.size() - soi_bytes);
    frame.crc = ringcast::jpeg::stamp_checksum(frame.bytes);
    return frame;
}

/// Bisects the noise until the frames have the wanted size. Only the largest sizes need noise
/// beyond 255.
std::vector<BaseFrame> make_base_frames(const Options& options) {
    Painter painter = make_painter(options.frame_bytes);
    int noise_min = 0;
    int noise_max = 1023;
    while (noise_min < noise_max) {
        const int middle = (noise_min + noise_max) / 2;
        if (painter.paint(middle, 1).size() + ringcast::jpeg::stamp_bytes < options.frame_bytes) {
            noise_min = middle + 1;
        } else {
            noise_max = middle;
        }
    }
    std::vector<BaseFrame> frames;
    for (int index = 0; index < options.distinct; ++index) {
        frames.push_back(
            with_room_for_stamp(painter.paint(noise_min, static_cast<unsigned>(index + 1))));
    }
    return frames;
}

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * ns_per_second + now.tv_nsec;
}

void sleep_until(std::int64_t monotonic_ns) {
    const timespec due{monotonic_ns / ns_per_second, monotonic_ns % ns_per_second};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, nullptr) == EINTR) {
    }
}

/// False when the reader has closed the pipe.
bool write_all(ringcast::ConstByteSpan bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes = bytes.subspan(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return true;
}

/// Writes on an absolute schedule. When the reader delays the writer by more than a period, the
/// schedule is shifted, as a camera does not catch up on lost frames either.
void feed(const Options& options, std::vector<BaseFrame>& base_frames) {
    const auto period_ns =
        static_cast<std::int64_t>(static_cast<double>(ns_per_second) / options.rate);
    std::int64_t due_ns =
        now_ns(CLOCK_MONOTONIC) +
        static_cast<std::int64_t>(options.delay_s * static_cast<double>(ns_per_second));
    std::uint64_t delayed = 0;
    std::uint64_t sequence = 0;
    for (; sequence < options.frames; ++sequence) {
        sleep_until(due_ns);
        BaseFrame& frame = base_frames[sequence % base_frames.size()];
        const ringcast::jpeg::Stamp stamp{
            sequence, ringcast::WallTime(ringcast::Duration(now_ns(CLOCK_REALTIME))), frame.crc};
        ringcast::jpeg::write_stamp(ringcast::ByteSpan(frame.bytes).subspan(soi_bytes), stamp);
        if (!write_all(frame.bytes)) {
            break;
        }
        if (sequence == 0) {
            // run.py waits for this line.
            std::fprintf(stderr, "feeder: first frame written\n");
        }
        due_ns += period_ns;
        const std::int64_t finished_ns = now_ns(CLOCK_MONOTONIC);
        if (finished_ns > due_ns) {
            due_ns = finished_ns;
            ++delayed;
        }
    }
    std::fprintf(stderr, "feeder: %llu frames, %llu delayed by the reader\n",
                 static_cast<unsigned long long>(sequence),
                 static_cast<unsigned long long>(delayed));
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Writes stamped JPEG frames to standard output at a fixed rate."};
    app.add_option("--bytes", options.frame_bytes, "size of a frame, bytes (about)")
        ->check(CLI::Range(9'000, 2'000'000));
    app.add_option("--rate", options.rate, "frames per second")->check(CLI::Range(0.1, 1000.0));
    app.add_option("--frames", options.frames, "how many frames to write")
        ->check(CLI::Range(1, 1'000'000));
    app.add_option("--distinct", options.distinct, "how many different pictures")
        ->check(CLI::Range(1, 64));
    app.add_option("--delay", options.delay_s, "seconds before the first frame")
        ->check(CLI::Range(0.0, 600.0));
    CLI11_PARSE(app, argc, argv);

    std::signal(SIGPIPE, SIG_IGN);
    // Fails on a regular file and above the user's limit; frames arrive even so.
    static_cast<void>(fcntl(STDOUT_FILENO, F_SETPIPE_SZ, pipe_bytes));
    std::vector<BaseFrame> base_frames = make_base_frames(options);
    feed(options, base_frames);
    return 0;
}
