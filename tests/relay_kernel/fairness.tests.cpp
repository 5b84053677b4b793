#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/socket.h>

#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

/// Asks for a stream and never reads.
UniqueFd stalled_viewer(const RelayHost& host) {
    UniqueFd socket = host.connect();
    constexpr std::string_view request = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n";
    REQUIRE(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    return socket;
}

std::uint64_t missed(ClientPool& pool) {
    std::uint64_t sum = 0;
    for (const StreamClient& client : pool.clients()) {
        sum += client.paced() ? 0 : client.missed();
    }
    return sum;
}

/// What the server says that those of its viewers missed who are served in time: everything that
/// was not for a full socket.
std::uint64_t missed_without_reason(RelayHost& host) {
    const connection::SendCounters sends = host.sends();
    return sends.skipped.memory + sends.skipped.late;
}

} // namespace

TEST_CASE("a viewer that reads slowly from the start is at most a second behind") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.period = std::chrono::microseconds(66'667);
    std::chrono::nanoseconds middle{};
    const bool held = in_some_try([&] {
        RelayHost host(settings);
        ClientPool pool;
        StreamClient& slow = pool.add(host.connect(), "/stream", 300'000);
        // Steady state: after the first ten; then more than fifty samples.
        REQUIRE(pool.run_until([&] { return slow.ended() || slow.frames() >= 65; }));
        CHECK(slow.fault().empty());
        CHECK(slow.missed() > 0); // whole frames
        middle = median({slow.ages().begin() + 10, slow.ages().end()});
        return middle <= std::chrono::seconds(1);
    });
    INFO("the age in the middle: " << middle.count() << " ns");
    CHECK(held);
}

TEST_CASE("good viewers miss nothing because of dead and slow ones") {
    const bool unix_listener = GENERATE(false, true);
    const auto send_path =
        GENERATE(connection::SendPathPolicy::automatic, connection::SendPathPolicy::zero_copy);
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.unix_listener = unix_listener;
    settings.send_path_policy = send_path;
    settings.stall_timeout = std::chrono::seconds(2);
    const bool held = in_some_try([&] {
        RelayHost host(settings);
        ClientPool pool;
        for (int i = 0; i < 20; ++i) {
            pool.add(host.connect());
        }
        std::vector<UniqueFd> stalled;
        for (int i = 0; i < 10; ++i) {
            stalled.push_back(stalled_viewer(host));
            pool.add(host.connect(), "/stream", 200'000);
        }
        REQUIRE(pool.run_until([&] {
            return host.source().published() >= 150 &&
                   host.status().server.counters.evicted_stalled >= stalled.size();
        }));
        CHECK(pool.fault().empty());
        CHECK(host.source().starved() == 0);
        CHECK(missed_without_reason(host) == 0);
        const api::StatusSnapshot status = host.status(true);
        CHECK(status.server.counters.unexpected_errors == 0);
        std::uint64_t healthy_missed = 0;
        for (const api::ViewerStatus& viewer : status.viewers) {
            healthy_missed += viewer.skipped.late + viewer.skipped.memory;
        }
        CHECK(healthy_missed == 0);
        // The rest is for their sockets, which were full: the machine paused the reader.
        return status.server.counters.evicted_stalled == stalled.size() &&
               missed(pool) <= 20 * host.source().published() / 100;
    });
    CHECK(held);
}

TEST_CASE("viewers that stall one frame apart yield before the source or a good viewer suffers") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.period = std::chrono::milliseconds(15);
    settings.send_path_policy =
        GENERATE(connection::SendPathPolicy::automatic, connection::SendPathPolicy::zero_copy);
    const bool held = in_some_try([&] {
        RelayHost host(settings);
        ClientPool pool;
        for (int i = 0; i < 10; ++i) {
            pool.add(host.connect());
        }
        std::vector<UniqueFd> stalled;
        std::uint64_t joined_at = 0;
        constexpr std::size_t stalled_count = 200;
        REQUIRE(pool.run_until([&] {
            const std::uint64_t published = host.source().published();
            if (published > joined_at && stalled.size() < stalled_count) {
                stalled.push_back(stalled_viewer(host));
                joined_at = published;
            }
            return stalled.size() == stalled_count && published > joined_at + 40;
        }));
        CHECK(pool.fault().empty());
        CHECK(host.source().starved() == 0);
        const api::StatusSnapshot status = host.status();
        CHECK(status.server.counters.evicted_for_memory > 0);
        CHECK(status.streams.front().slots_free > 0);
        return std::ranges::all_of(pool.clients(), [](const StreamClient& client) {
            return !client.ended() && client.missed() <= client.frames() / 50;
        });
    });
    CHECK(held);
}

TEST_CASE("with as many stalled viewers as are admitted a good one keeps its rate") {
    HostSettings settings;
    settings.frame_bytes = 20'000;
    settings.viewers_max = 600;
    settings.period = std::chrono::milliseconds(15);
    const bool held = in_some_try([&] {
        RelayHost host(settings);
        ClientPool pool;
        StreamClient& good = pool.add(host.connect());
        REQUIRE(pool.run_until([&] { return good.frames() >= 5; }));
        std::vector<UniqueFd> stalled;
        while (stalled.size() < 599) {
            stalled.push_back(stalled_viewer(host));
            pool.poll(0);
        }
        const std::uint64_t before = good.frames();
        REQUIRE(pool.run_until([&] { return good.ended() || good.frames() >= before + 100; }));
        CHECK(host.source().starved() == 0);
        // One more is told to come again, and status still answers.
        const std::string refused =
            ask(host.connect(), "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        if (host.status().server.counters.evicted_for_memory == 0) {
            CHECK(refused.starts_with("HTTP/1.1 503"));
            CHECK(refused.find("Retry-After:") != std::string::npos);
        }
        CHECK(ask(host.connect(), "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
                  .starts_with("HTTP/1.1 200"));
        return !good.ended() && good.missed() <= good.frames() / 20;
    });
    CHECK(held);
}

TEST_CASE("the pages of an aborted viewer come back") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.unix_listener = GENERATE(false, true);
    settings.send_path_policy =
        GENERATE(connection::SendPathPolicy::zero_copy, connection::SendPathPolicy::copy);
    settings.stall_timeout = std::chrono::seconds(1);
    RelayHost host(settings);
    ClientPool pool;
    pool.add(host.connect());
    std::vector<UniqueFd> stalled;
    for (int i = 0; i < 8; ++i) {
        stalled.push_back(stalled_viewer(host));
    }
    REQUIRE(pool.run_until([&] { return host.status().server.counters.evicted_stalled == 8; }));
    std::uint32_t sends = 0;
    // Only the good viewer's own sends are left: every result and notification of the others came.
    REQUIRE(pool.run_until([&] {
        host.on_loop([&](relay::Relay& relay, uring::UringEngine&) { sends = relay.send_count(); });
        return host.status().server.connections == 1 && sends <= 4;
    }));
    CHECK(host.status().server.counters.late_completions == 0);
    CHECK(pool.fault().empty());
}
