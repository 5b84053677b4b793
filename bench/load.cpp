// The load generator: many viewers of one MJPEG server in one thread. Checks all bytes of every
// frame of every viewer (see part_checker.hpp; the CRC runs at more than 10 GB/s) and measures the
// server meanwhile. Prints one JSON object.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "part_checker.hpp"
#include "process_meter.hpp"

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
/// Small enough to stay in the second-level cache between the kernel's copy and the checksum.
constexpr std::size_t receive_bytes = 256 * 1024;
constexpr int events_per_pass = 256;
constexpr std::size_t connecting_max = 32; ///< connections in progress at once, except in a burst
constexpr int tick_ms = 20;                ///< how often slow viewers read
constexpr double syscall_window_s = 2.0;

struct Options {
    std::string target = "127.0.0.1:8080";
    std::string path = "/stream";
    int viewers = 1;
    int slow = 0;
    std::int64_t slow_rate = 300'000;
    int never = 0;
    double seconds = 5.0;
    double warmup = 1.0;
    double connect = 30.0;
    double fps = 30.0;
    bool burst = false;
    bool count_syscalls = false;
    pid_t pid = 0;
    std::vector<pid_t> helpers;
    std::vector<int> cores;
};

enum class Kind : std::uint8_t { good, slow, never };
enum class State : std::uint8_t { closed, connecting, open, ended };

struct Connection {
    explicit Connection(Kind its_kind) : kind(its_kind) {}

    Kind kind;
    State state = State::closed;
    int fd = -1;
    bench::PartChecker checker;
    std::int64_t started_ns = 0;     ///< monotonic: when connect was called
    std::int64_t first_frame_ns = 0; ///< time from there to the first frame
    std::int64_t credit_bytes = 0;   ///< slow viewers: what may be read now
    std::uint64_t delivered = 0;     ///< this and the fields below count within the window
    std::uint64_t skipped = 0;
    std::uint64_t damaged = 0;
    std::uint64_t placeholders = 0;
    std::uint64_t last_sequence = 0;
    std::int64_t bytes = 0;
};

std::int64_t now_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return now.tv_sec * ns_per_second + now.tv_nsec;
}

sockaddr_in parse_target(const std::string& target) {
    const std::size_t colon = target.rfind(':');
    sockaddr_in name{};
    name.sin_family = AF_INET;
    if (colon == std::string::npos ||
        inet_pton(AF_INET, target.substr(0, colon).c_str(), &name.sin_addr) != 1) {
        std::fprintf(stderr, "load: expected ADDRESS:PORT (IPv4), got %s\n", target.c_str());
        std::exit(2);
    }
    name.sin_port = htons(static_cast<std::uint16_t>(std::atoi(target.c_str() + colon + 1)));
    return name;
}

/// Processor time at one moment, or used between two.
struct Usage {
    std::int64_t wall_ns = 0;
    std::int64_t server_ns = 0;
    std::int64_t own_ns = 0;
    std::int64_t helpers_ns = 0;
    std::int64_t cores_ns = 0;

    static Usage sample(const Options& options) {
        Usage usage;
        usage.wall_ns = now_ns(CLOCK_MONOTONIC);
        usage.own_ns = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        usage.server_ns = options.pid == 0 ? 0 : bench::process_cpu_ns(options.pid);
        for (const pid_t helper : options.helpers) {
            usage.helpers_ns += bench::process_cpu_ns(helper);
        }
        usage.cores_ns = options.cores.empty() ? 0 : bench::cores_busy_ns(options.cores);
        return usage;
    }
    [[nodiscard]] Usage since(const Usage& begin) const {
        return {wall_ns - begin.wall_ns, server_ns - begin.server_ns, own_ns - begin.own_ns,
                helpers_ns - begin.helpers_ns, cores_ns - begin.cores_ns};
    }
};

class Load {
public:
    explicit Load(const Options& options)
        : options_(options), target_(parse_target(options.target)),
          epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(receive_bytes),
          request_("GET " + options.path + " HTTP/1.1\r\nHost: " + options.target +
                   "\r\nAccept: */*\r\nUser-Agent: ringcast-bench\r\n\r\n") {
        add_viewers(Kind::never, options.never);
        add_viewers(Kind::slow, options.slow);
        add_viewers(Kind::good, options.viewers);
        // An upper bound for a run, so that the vector does not grow while measuring.
        latencies_us_.reserve(static_cast<std::size_t>((options.fps + 1.0) *
                                                       (options.seconds + 1.0) * options.viewers));
    }

    nlohmann::json run() {
        connect_all();
        const std::int64_t warm_until = now_ns(CLOCK_MONOTONIC) + from_seconds(options_.warmup);
        serve_until(warm_until);
        recording_ = true;
        const Usage begin = Usage::sample(options_);
        serve_until(begin.wall_ns + from_seconds(options_.seconds));
        recording_ = false;
        const Usage used = Usage::sample(options_).since(begin);
        nlohmann::json result = report(used);
        if (options_.count_syscalls && options_.pid != 0) {
            result["syscalls"] = count_syscalls();
        }
        return result;
    }

private:
    static std::int64_t from_seconds(double seconds) {
        return static_cast<std::int64_t>(seconds * static_cast<double>(ns_per_second));
    }

    void add_viewers(Kind kind, int count) {
        for (int index = 0; index < count; ++index) {
            viewers_.push_back(std::make_unique<Connection>(kind));
        }
    }

    /// Connects the viewers and waits until every good viewer has its first frame, or time is up.
    /// In a burst all connect at the same time.
    void connect_all() {
        const std::int64_t deadline = now_ns(CLOCK_MONOTONIC) + from_seconds(options_.connect);
        std::size_t next = 0;
        for (;;) {
            while (next < viewers_.size() && (options_.burst || waiting_ < connecting_max)) {
                start(*viewers_[next++]);
            }
            if ((next == viewers_.size() && waiting_ == 0) || now_ns(CLOCK_MONOTONIC) >= deadline) {
                return;
            }
            serve_once();
        }
    }

    void start(Connection& viewer) {
        viewer.started_ns = now_ns(CLOCK_MONOTONIC);
        viewer.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (viewer.fd < 0) {
            std::perror("load: socket");
            std::exit(1);
        }
        viewer.state = State::connecting;
        count_waiting(viewer, +1);
        if (connect(viewer.fd, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0 &&
            errno != EINPROGRESS) {
            end(viewer);
            return;
        }
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.ptr = &viewer;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, viewer.fd, &event);
    }

    /// Counts the good viewers that have no frame yet.
    void count_waiting(const Connection& viewer, int change) {
        if (viewer.kind == Kind::good) {
            waiting_ = static_cast<std::size_t>(static_cast<int>(waiting_) + change);
        }
    }

    void serve_until(std::int64_t end_ns) {
        while (now_ns(CLOCK_MONOTONIC) < end_ns) {
            serve_once();
        }
    }

    void serve_once() {
        epoll_event events[events_per_pass];
        const int count = epoll_wait(epoll_, events, events_per_pass, tick_ms);
        for (int index = 0; index < count; ++index) {
            Connection& viewer = *static_cast<Connection*>(events[index].data.ptr);
            if (viewer.state == State::connecting) {
                send_request(viewer);
            } else if (viewer.state == State::open) {
                receive(viewer, buffer_.size());
            }
        }
        const std::int64_t now = now_ns(CLOCK_MONOTONIC);
        if (now >= next_tick_ns_) {
            next_tick_ns_ = now + static_cast<std::int64_t>(tick_ms) * 1'000'000;
            serve_slow();
        }
    }

    void send_request(Connection& viewer) {
        if (send(viewer.fd, request_.data(), request_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request_.size())) {
            end(viewer);
            return;
        }
        viewer.state = State::open;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &viewer;
        // Slow viewers are read on a timer, those of the third kind never.
        epoll_ctl(epoll_, viewer.kind == Kind::good ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, viewer.fd,
                  &event);
    }

    void serve_slow() {
        for (const auto& viewer : viewers_) {
            if (viewer->kind == Kind::slow && viewer->state == State::open) {
                viewer->credit_bytes += options_.slow_rate * tick_ms / 1000;
                const auto wanted =
                    std::min(static_cast<std::size_t>(viewer->credit_bytes), buffer_.size());
                viewer->credit_bytes -= receive(*viewer, wanted);
                // A viewer that could not read in time does not catch up later.
                viewer->credit_bytes = std::min(viewer->credit_bytes, options_.slow_rate / 10);
            }
        }
    }

    ssize_t receive(Connection& viewer, std::size_t bytes_max) {
        const ssize_t result = recv(viewer.fd, buffer_.data(), bytes_max, 0);
        if (result <= 0) {
            if (result == 0 || errno != EAGAIN) {
                end(viewer);
            }
            return 0;
        }
        const std::int64_t arrived_ns = now_ns(CLOCK_REALTIME);
        if (recording_) {
            viewer.bytes += result;
        }
        ringcast::ConstByteSpan bytes(buffer_.data(), static_cast<std::size_t>(result));
        while (viewer.checker.consume(bytes)) {
            on_frame(viewer, arrived_ns);
        }
        if (viewer.checker.broken()) {
            ++viewer.damaged;
            end(viewer);
        }
        return result;
    }

    void on_frame(Connection& viewer, std::int64_t arrived_ns) {
        const bench::CheckedFrame& frame = viewer.checker.frame();
        if (frame.placeholder) {
            ++viewer.placeholders;
            return;
        }
        // Damaged frames count at any time, the others only within the window.
        if (!frame.good) {
            ++viewer.damaged;
            return;
        }
        if (viewer.first_frame_ns == 0) {
            viewer.first_frame_ns = now_ns(CLOCK_MONOTONIC) - viewer.started_ns;
            count_waiting(viewer, -1);
        }
        const std::uint64_t gap = frame.stamp.sequence - viewer.last_sequence;
        viewer.last_sequence = frame.stamp.sequence;
        if (!recording_) {
            return;
        }
        if (viewer.delivered++ > 0) {
            viewer.skipped += gap - 1;
        }
        const std::int64_t captured_ns = frame.stamp.captured.time_since_epoch().count();
        const auto latency_us =
            static_cast<std::uint32_t>(std::max<std::int64_t>(arrived_ns - captured_ns, 0) / 1000);
        (viewer.kind == Kind::good ? latencies_us_ : slow_latencies_us_).push_back(latency_us);
    }

    void end(Connection& viewer) {
        if (viewer.first_frame_ns == 0) {
            count_waiting(viewer, -1);
        }
        close(viewer.fd);
        viewer.state = State::ended;
    }

    static nlohmann::json percentiles(std::vector<std::uint32_t>& values) {
        if (values.empty()) {
            return nullptr;
        }
        std::sort(values.begin(), values.end());
        const auto at = [&values](std::size_t percent) {
            return values[std::min(values.size() * percent / 100, values.size() - 1)];
        };
        return {{"p50", at(50)}, {"p99", at(99)}, {"max", values.back()}};
    }

    nlohmann::json report(const Usage& used) {
        const double wall_s =
            static_cast<double>(used.wall_ns) / static_cast<double>(ns_per_second);
        const double expected = options_.fps * wall_s;
        nlohmann::json result;
        std::uint64_t delivered_all = 0;
        for (const Kind kind : {Kind::good, Kind::slow}) {
            std::uint64_t delivered = 0;
            std::uint64_t skipped = 0;
            std::uint64_t damaged = 0;
            std::uint64_t placeholders = 0;
            std::int64_t bytes = 0;
            int count = 0;
            int ended = 0;
            std::vector<double> shares;
            std::vector<std::uint32_t> first_us;
            for (const auto& viewer : viewers_) {
                if (viewer->kind != kind) {
                    continue;
                }
                ++count;
                ended += viewer->state == State::ended ? 1 : 0;
                delivered += viewer->delivered;
                skipped += viewer->skipped;
                damaged += viewer->damaged;
                placeholders += viewer->placeholders;
                bytes += viewer->bytes;
                shares.push_back(static_cast<double>(viewer->delivered) / expected);
                if (viewer->first_frame_ns != 0) {
                    first_us.push_back(static_cast<std::uint32_t>(viewer->first_frame_ns / 1000));
                }
            }
            delivered_all += delivered;
            if (count == 0) {
                continue;
            }
            std::sort(shares.begin(), shares.end());
            const auto satisfied = std::count_if(shares.begin(), shares.end(),
                                                 [](double share) { return share >= 0.95; });
            result[kind == Kind::good ? "good" : "slow"] = {
                {"viewers", count},
                {"ended", ended},
                {"without_frame", count - static_cast<int>(first_us.size())},
                {"delivered", delivered},
                {"delivered_share", static_cast<double>(delivered) / (expected * count)},
                {"share_min", shares.front()},
                {"viewers_at_95_percent", satisfied},
                {"skipped", skipped},
                {"damaged", damaged},
                {"placeholders", placeholders},
                {"bytes_per_s", static_cast<double>(bytes) / wall_s},
                {"latency_us",
                 percentiles(kind == Kind::good ? latencies_us_ : slow_latencies_us_)},
                {"first_frame_us", percentiles(first_us)},
            };
        }
        const std::int64_t ours_ns = used.server_ns + used.own_ns + used.helpers_ns;
        const auto share = [&used](std::int64_t ns) {
            return static_cast<double>(ns) / static_cast<double>(used.wall_ns);
        };
        result["seconds"] = wall_s;
        result["server_cpu_share"] = share(used.server_ns);
        result["load_cpu_share"] = share(used.own_ns);
        result["helpers_cpu_share"] = share(used.helpers_ns);
        if (!options_.cores.empty()) {
            result["foreign_cpu_share"] = share(used.cores_ns - ours_ns);
        }
        if (options_.pid != 0) {
            result["peak_memory_kb"] = bench::process_status_kb(options_.pid, "VmHWM:");
            result["resident_kb"] = bench::process_status_kb(options_.pid, "VmRSS:");
            if (delivered_all > 0) {
                result["cpu_ms_per_1000_frames"] = static_cast<double>(used.server_ns) / 1e6 *
                                                   1000.0 / static_cast<double>(delivered_all);
            }
        }
        return result;
    }

    /// Counts in a window of its own, because counting slows the server down.
    nlohmann::json count_syscalls() {
        for (const auto& viewer : viewers_) {
            viewer->delivered = 0;
        }
        const auto counter = bench::SystemCallCounter::start(options_.pid);
        if (!counter) {
            return nullptr;
        }
        recording_ = true;
        const std::int64_t begin_ns = now_ns(CLOCK_MONOTONIC);
        serve_until(begin_ns + from_seconds(syscall_window_s));
        const std::uint64_t count = counter->read();
        recording_ = false;
        std::uint64_t delivered = 0;
        for (const auto& viewer : viewers_) {
            delivered += viewer->delivered;
        }
        const double source_frames = options_.fps *
                                     static_cast<double>(now_ns(CLOCK_MONOTONIC) - begin_ns) /
                                     static_cast<double>(ns_per_second);
        return {
            {"count", count},
            {"per_delivered_frame", static_cast<double>(count) /
                                        static_cast<double>(std::max<std::uint64_t>(delivered, 1))},
            {"per_source_frame", static_cast<double>(count) / source_frames}};
    }

    const Options& options_;
    sockaddr_in target_;
    int epoll_;
    std::vector<std::byte> buffer_;
    std::string request_;
    std::vector<std::unique_ptr<Connection>> viewers_;
    std::size_t waiting_ = 0;
    std::int64_t next_tick_ns_ = 0;
    bool recording_ = false;
    std::vector<std::uint32_t> latencies_us_;
    std::vector<std::uint32_t> slow_latencies_us_;
};

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"Watches an MJPEG stream with many viewers, checks every frame and measures."};
    app.add_option("target", options.target, "ADDRESS:PORT")->required();
    app.add_option("--path", options.path, "path to request");
    app.add_option("--viewers", options.viewers, "viewers that read as fast as they can")
        ->check(CLI::Range(0, 16'000));
    app.add_option("--slow", options.slow, "viewers that read at --slow-rate")
        ->check(CLI::Range(0, 1000));
    app.add_option("--slow-rate", options.slow_rate, "bytes per second");
    app.add_option("--never", options.never, "viewers that never read")->check(CLI::Range(0, 4000));
    app.add_option("--seconds", options.seconds, "length of the window")
        ->check(CLI::Range(0.1, 600.0));
    app.add_option("--warmup", options.warmup, "seconds before the window");
    app.add_option("--connect", options.connect, "maximum time to wait for first frames, seconds");
    app.add_option("--fps", options.fps, "the source's rate, frames per second");
    app.add_flag("--burst", options.burst, "connect all viewers at the same time");
    app.add_flag("--count-syscalls", options.count_syscalls,
                 "count the server's system calls for two more seconds");
    app.add_option("--pid", options.pid, "process id of the server");
    app.add_option("--helper", options.helpers,
                   "process ids that are part of the run, not foreign load");
    app.add_option("--core", options.cores, "cores on which foreign load is measured");
    CLI11_PARSE(app, argc, argv);

    rlimit descriptors{};
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    std::signal(SIGPIPE, SIG_IGN);
    std::printf("%s\n", Load(options).run().dump().c_str());
    return 0;
}
