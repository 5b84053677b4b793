// Simulates a far viewer on one machine: runs a command in a network namespace of its own,
// connected to this one by a link with delay and a limited rate. The link is two tun devices with
// this program between them, because not every kernel has netem. This side is 10.99.0.1, the
// command's side is 10.99.0.2; both devices are removed at the end.

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;
constexpr std::size_t packet_bytes_max = 2048;
constexpr int packets_per_pass = 64;

struct Options {
    double delay_ms = 50.0; ///< one way
    double rate_mbit = 1000.0;
    /// Seconds from the start, and the rate from then on.
    std::vector<std::pair<double, double>> changes;
    double loss = 0.0;                     ///< share of the packets that are lost, at random
    std::int64_t queue_bytes = 256 * 1024; ///< queue of the bottleneck; more packets are dropped
    std::vector<std::string> command;
};

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * ns_per_second + now.tv_nsec;
}

/// Starts `arguments` and returns its process.
pid_t spawn(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, pointers[0], nullptr, nullptr, pointers.data(), environ);
    if (error != 0) {
        std::fprintf(stderr, "%s: %s\n", pointers[0], std::strerror(error));
        std::exit(1);
    }
    return pid;
}

void run(const std::vector<std::string>& arguments) {
    int status = 0;
    if (waitpid(spawn(arguments), &status, 0) < 0 || status != 0) {
        std::fprintf(stderr, "tun_relay: %s failed\n", arguments[0].c_str());
        std::exit(1);
    }
}

/// Opens a tun device in this process's current namespace, sets its address and brings it up.
int open_tun(const std::string& name, const std::string& address) {
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        die("/dev/net/tun");
    }
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) != 0) {
        die("TUNSETIFF");
    }
    run({"ip", "address", "add", address, "dev", name});
    run({"ip", "link", "set", name, "txqueuelen", "10000", "up"});
    return fd;
}

/// One direction of the link: a queue before the bottleneck, then the delay.
class Direction {
public:
    Direction(int from, int to, const Options& options)
        : from_(from), to_(to), delay_ns_(static_cast<std::int64_t>(options.delay_ms * 1e6)),
          ns_per_byte_(8e3 / options.rate_mbit), lost_(options.loss),
          queue_bytes_max_(options.queue_bytes) {}

    void set_rate(double mbit) { ns_per_byte_ = 8e3 / mbit; }

    /// Reads packets that have arrived. A packet leaves the bottleneck after those before it.
    void take() {
        for (int count = 0; count < packets_per_pass; ++count) {
            std::vector<char> packet(packet_bytes_max);
            const ssize_t bytes = read(from_, packet.data(), packet.size());
            if (bytes <= 0) {
                return;
            }
            const std::int64_t now = now_ns();
            free_ns_ = std::max(free_ns_, now);
            const auto queued_bytes =
                static_cast<std::int64_t>(static_cast<double>(free_ns_ - now) / ns_per_byte_);
            if (queued_bytes > queue_bytes_max_ || lost_(random_)) {
                continue;
            }
            free_ns_ += static_cast<std::int64_t>(static_cast<double>(bytes) * ns_per_byte_);
            packet.resize(static_cast<std::size_t>(bytes));
            packets_.push_back({free_ns_ + delay_ns_, std::move(packet)});
        }
    }

    /// Delivers the packets that are due. Returns when the next one is due, or a time far off.
    std::int64_t deliver(std::int64_t now) {
        while (!packets_.empty() && packets_.front().due_ns <= now) {
            const std::vector<char>& bytes = packets_.front().bytes;
            // A full device drops the packet, as a network does.
            static_cast<void>(!write(to_, bytes.data(), bytes.size()));
            packets_.pop_front();
        }
        return packets_.empty() ? now + ns_per_second : packets_.front().due_ns;
    }

private:
    struct Packet {
        std::int64_t due_ns;
        std::vector<char> bytes;
    };
    int from_;
    int to_;
    std::int64_t delay_ns_;
    double ns_per_byte_;
    std::bernoulli_distribution lost_;
    std::mt19937 random_; // the same losses in each run
    std::int64_t queue_bytes_max_;
    std::int64_t free_ns_ = 0; ///< when the bottleneck's queue will be empty
    std::deque<Packet> packets_;
};

volatile sig_atomic_t command_process = 0;

/// A signal to the relay ends the command; the relay ends when the command has.
void end_command(int) {
    kill(command_process, SIGTERM);
}

volatile sig_atomic_t change_wanted = 0;

void want_change(int) {
    change_wanted = 1;
}

/// Relays until the command ends; returns its exit status.
int relay(int here, int there, const Options& options) {
    Direction out(here, there, options);
    Direction back(there, here, options);
    const pid_t child = spawn(options.command);
    command_process = child;
    std::signal(SIGTERM, end_command);
    std::signal(SIGINT, end_command);
    std::signal(SIGUSR1, want_change);
    const int child_fd = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    pollfd watched[3] = {{here, POLLIN, 0}, {there, POLLIN, 0}, {child_fd, POLLIN, 0}};
    const std::int64_t start = now_ns();
    std::size_t changed = 0;
    while ((watched[2].revents & POLLIN) == 0) {
        const std::int64_t now = now_ns();
        if (changed < options.changes.size() &&
            (change_wanted != 0 ||
             static_cast<double>(now - start) / 1e9 >= options.changes[changed].first)) {
            change_wanted = 0;
            out.set_rate(options.changes[changed].second);
            back.set_rate(options.changes[changed].second);
            ++changed;
        }
        const std::int64_t due = std::min(out.deliver(now), back.deliver(now));
        const std::int64_t wait_ns = std::max<std::int64_t>(due - now_ns(), 0);
        const timespec wait{wait_ns / ns_per_second, wait_ns % ns_per_second};
        if (ppoll(watched, 3, &wait, nullptr) < 0 && errno != EINTR) {
            die("ppoll");
        }
        out.take();
        back.take();
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "Runs a command behind a link with delay and a limited rate. The command reaches this "
        "host at 10.99.0.1."};
    app.add_option("--delay-ms", options.delay_ms, "delay of one direction")
        ->check(CLI::Range(0.0, 10'000.0));
    app.add_option("--rate-mbit", options.rate_mbit, "rate of each direction")
        ->check(CLI::Range(0.1, 10'000.0));
    app.add_option("--change", options.changes,
                   "seconds from the start and the rate from then on, in Mbit/s; several in order. "
                   "SIGUSR1 makes the next one at once")
        ->allow_extra_args(false);
    app.add_option("--loss", options.loss, "share of the packets that are lost")
        ->check(CLI::Range(0.0, 1.0));
    app.add_option("--queue-bytes", options.queue_bytes, "queue of the bottleneck");
    app.add_option("command", options.command, "the command, after --")->required();
    CLI11_PARSE(app, argc, argv);

    const int here = open_tun("ringcast_here", "10.99.0.1/24");
    if (unshare(CLONE_NEWNET) != 0) {
        die("unshare");
    }
    run({"ip", "link", "set", "lo", "up"});
    const int there = open_tun("ringcast_there", "10.99.0.2/24");
    return relay(here, there, options);
}
