// Thousands of connections from one address that are made again as soon as they are closed.

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "kernel/not_tested.hpp"
#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

/// A thread that keeps connections from 127.0.0.2 to the server, and never sends anything.
class Attackers {
public:
    Attackers(std::uint16_t port, std::size_t count) : port_(port), sockets_(count) {
        thread_ = std::thread([this] { run(); });
    }
    ~Attackers() {
        stop_ = true;
        thread_.join();
    }
    Attackers(const Attackers&) = delete;
    Attackers& operator=(const Attackers&) = delete;
    Attackers(Attackers&&) = delete;
    Attackers& operator=(Attackers&&) = delete;

private:
    static sockaddr_in address(std::uint32_t host, std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(host);
        address.sin_port = htons(port);
        return address;
    }
    void connect(std::size_t index) {
        UniqueFd& socket = sockets_[index];
        socket.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const int on = 1;
        ::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        const sockaddr_in from = address(INADDR_LOOPBACK + 1, 0);
        const sockaddr_in to = address(INADDR_LOOPBACK, port_);
        static_cast<void>(
            ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from));
        static_cast<void>(
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to));
        epoll_event event{};
        event.events = EPOLLRDHUP;
        event.data.u64 = index;
        ::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket.get(), &event);
    }
    void run() {
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            connect(i);
        }
        std::array<epoll_event, 256> events{};
        while (!stop_) {
            constexpr int wait_ms = 10;
            const int count = ::epoll_wait(poll_.get(), events.data(), events.size(), wait_ms);
            for (int i = 0; i < count; ++i) {
                connect(events[static_cast<std::size_t>(i)].data.u64);
            }
        }
    }

    std::uint16_t port_;
    UniqueFd poll_{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<UniqueFd> sockets_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

bool raise_open_files(rlim_t needed) {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    return limit.rlim_max >= needed && ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/// Time from connecting to the first bytes of a 200; a minute if there is no such answer in 5 s.
std::chrono::nanoseconds time_of_answer(const RelayHost& host, std::string_view target) {
    const auto begun = Clock::now();
    const UniqueFd socket = host.connect();
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const std::string text =
        "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
    static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL));
    std::array<char, 15> line{};
    const ssize_t count = ::recv(socket.get(), line.data(), line.size(), MSG_WAITALL);
    const bool answered = count == static_cast<ssize_t>(line.size()) &&
                          std::string_view(line.data(), line.size()) == "HTTP/1.1 200 OK";
    return answered ? Clock::now() - begun : std::chrono::minutes(1);
}

} // namespace

TEST_CASE("4400 connections that redial at once keep nobody else from an answer within 250 ms",
          "[rate]") {
    constexpr std::size_t attacker_count = 4400;
    if (!raise_open_files(2 * attacker_count + 500)) {
        test::not_tested("the limit of open files is too low");
    }
    RelayHost host;
    ClientPool pool;
    const StreamClient& viewer = pool.add(host.connect());
    REQUIRE(pool.run_until([&] { return viewer.frames() >= 2; }));

    const Attackers attackers(host.port(), attacker_count);
    const auto evicted = [&] { return host.status().server.counters.evicted_over_share; };
    REQUIRE(pool.run_until([&] { return evicted() > 0; }));
    const std::uint64_t frames_before = viewer.frames();
    constexpr std::size_t request_count = 100;
    constexpr std::array targets{"/api/status", "/healthz"};
    std::size_t in_time = 0;
    std::size_t answered = 0;
    std::chrono::nanoseconds median{};
    for (int attempt = 0; attempt < 3 && in_time < request_count - 1; ++attempt) {
        std::vector<std::chrono::nanoseconds> times;
        for (std::size_t i = 0; i < request_count; ++i) {
            times.push_back(time_of_answer(host, targets[i % targets.size()]));
            static_cast<void>(pool.run_until([] { return true; }));
        }
        std::ranges::sort(times);
        median = times[times.size() / 2];
        const auto within = [&](std::chrono::nanoseconds limit) {
            return static_cast<std::size_t>(std::ranges::upper_bound(times, limit) - times.begin());
        };
        in_time = within(std::chrono::milliseconds(250));
        answered = within(std::chrono::seconds(59));
    }
    INFO("median " << median.count() << " ns, " << answered << " answered at all, " << evicted()
                   << " evicted");
    CHECK(in_time >= request_count - 1);
    // Nobody else was hurt.
    CHECK(pool.run_until([&] { return viewer.frames() > frames_before + 10; }));
    CHECK(viewer.fault().empty());
    const api::RelayCounters counters = host.status().server.counters;
    CHECK(counters.evicted_silent == 0);
    CHECK(counters.accept_errors == 0);
    CHECK(counters.connections_refused == 0);
}
