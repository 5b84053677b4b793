#include <algorithm>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/socket.h>

#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

/// A viewer that requests a stream and never reads from its socket.
UniqueFd stalled_viewer(const RelayHost& host) {
    UniqueFd socket = host.connect();
    constexpr std::string_view request = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n";
    REQUIRE(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    return socket;
}

/// Frames that the clients without a rate limit have missed.
std::uint64_t missed(ClientPool& pool) {
    std::uint64_t sum = 0;
    for (const StreamClient& client : pool.clients()) {
        sum += client.rate_limited() ? 0 : client.missed();
    }
    return sum;
}

/// Frames that the server skipped for any viewer although the viewer's socket was not full: the
/// reasons "memory" and "late".
std::uint64_t skipped_by_the_server(RelayHost& host) {
    const connection::SendCounters sends = host.sends();
    return sends.skipped.memory + sends.skipped.late;
}

} // namespace

TEST_CASE("a viewer that reads slowly from the start is at most one second behind") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.period = std::chrono::microseconds(66'667);
    std::chrono::nanoseconds median_age{};
    const bool passed = passes_within_three_attempts([&] {
        RelayHost host(settings);
        ClientPool pool;
        StreamClient& slow = pool.add(host.connect(), "/stream", 300'000);
        // The first ten frames are start-up; more than fifty samples of steady state follow.
        REQUIRE(pool.run_until([&] { return slow.ended() || slow.frames() >= 65; }));
        CHECK(slow.fault().empty());
        CHECK(slow.missed() > 0);
        median_age = median({slow.ages().begin() + 10, slow.ages().end()});
        return median_age <= std::chrono::seconds(1);
    });
    INFO("median age: " << median_age.count() << " ns");
    CHECK(passed);
}

TEST_CASE("stalled and slow viewers cost the fast viewers no frames", "[rate]") {
    const bool unix_listener = GENERATE(false, true);
    const auto send_path =
        GENERATE(connection::SendPathPolicy::automatic, connection::SendPathPolicy::zero_copy);
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.unix_listener = unix_listener;
    settings.send_path_policy = send_path;
    settings.stall_timeout = std::chrono::seconds(2);
    const bool passed = passes_within_three_attempts([&] {
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
        CHECK(skipped_by_the_server(host) == 0);
        const api::StatusSnapshot status = host.status(true);
        CHECK(status.server.counters.unexpected_errors == 0);
        std::uint64_t skipped_for_viewers = 0;
        for (const api::ViewerStatus& viewer : status.viewers) {
            skipped_for_viewers += viewer.skipped.late + viewer.skipped.memory;
        }
        CHECK(skipped_for_viewers == 0);
        // Any other miss is due to a full socket: the machine did not schedule the reader in time.
        return status.server.counters.evicted_stalled == stalled.size() &&
               missed(pool) <= 20 * host.source().published() / 100;
    });
    CHECK(passed);
}

TEST_CASE("viewers that stall one frame apart are evicted before the source or a fast viewer "
          "runs short",
          "[rate]") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    settings.period = std::chrono::milliseconds(15);
    settings.send_path_policy =
        GENERATE(connection::SendPathPolicy::automatic, connection::SendPathPolicy::zero_copy);
    const bool passed = passes_within_three_attempts([&] {
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
    CHECK(passed);
}

TEST_CASE("a fast viewer keeps its rate while every other admitted viewer is stalled", "[rate]") {
    HostSettings settings;
    settings.frame_bytes = 20'000;
    settings.viewers_max = 600;
    settings.period = std::chrono::milliseconds(15);
    const bool passed = passes_within_three_attempts([&] {
        RelayHost host(settings);
        ClientPool pool;
        StreamClient& fast = pool.add(host.connect());
        REQUIRE(pool.run_until([&] { return fast.frames() >= 5; }));
        std::vector<UniqueFd> stalled;
        while (stalled.size() < 599) {
            stalled.push_back(stalled_viewer(host));
            pool.poll(0);
        }
        const std::uint64_t before = fast.frames();
        REQUIRE(pool.run_until([&] { return fast.ended() || fast.frames() >= before + 100; }));
        CHECK(host.source().starved() == 0);
        // One more viewer is refused with Retry-After, and /healthz still answers.
        const std::string refused =
            ask(host.connect(), "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        if (host.status().server.counters.evicted_for_memory == 0) {
            CHECK(refused.starts_with("HTTP/1.1 503"));
            CHECK(refused.find("Retry-After:") != std::string::npos);
        }
        CHECK(ask(host.connect(), "GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
                  .starts_with("HTTP/1.1 200"));
        return !fast.ended() && fast.missed() <= fast.frames() / 20;
    });
    CHECK(passed);
}

TEST_CASE("every send of an aborted viewer completes and releases its pages") {
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
    // Only the fast viewer's sends are left: all results and notifications of the others arrived.
    REQUIRE(pool.run_until([&] {
        host.on_loop([&](relay::Relay& relay, io::Engine&) { sends = relay.send_count(); });
        return host.status().server.connections == 1 && sends <= 4;
    }));
    CHECK(host.status().server.counters.late_completions == 0);
    CHECK(pool.fault().empty());
}
