#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/socket.h>

#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

constexpr std::string_view status_request = "GET /api/status HTTP/1.1\r\nHost: test\r\n\r\n";
constexpr std::string_view metrics_request = "GET /metrics HTTP/1.1\r\nHost: test\r\n\r\n";

/// Asks on all connections at once, and reads all replies. Returns how many were complete.
int ask_all(const std::vector<UniqueFd>& sockets, std::string_view request) {
    for (const UniqueFd& socket : sockets) {
        if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
            return 0;
        }
    }
    int complete = 0;
    for (const UniqueFd& socket : sockets) {
        complete += read_reply(socket).starts_with("HTTP/1.1 200 OK\r\n") ? 1 : 0;
    }
    return complete;
}

} // namespace

TEST_CASE("300 requests for status or metrics at once cost no viewer a frame", "[rate]") {
    const std::string_view request = GENERATE(status_request, metrics_request);
    constexpr std::size_t viewers = 150;
    constexpr std::size_t askers = 300;
    constexpr int rounds = 3;
    RelayHost host;
    ClientPool pool;
    for (std::size_t i = 0; i < viewers; ++i) {
        pool.add(host.connect());
    }
    std::vector<UniqueFd> sockets;
    for (std::size_t i = 0; i < askers; ++i) {
        sockets.push_back(host.connect());
    }
    const auto frames = [&](std::uint64_t count) {
        const std::uint64_t goal = host.source().published() + count;
        return pool.run_until([&] { return host.source().published() >= goal; });
    };
    REQUIRE(frames(15));
    const bool passed = passes_within_three_attempts([&] {
        const std::uint64_t late = host.sends().skipped.late;
        std::atomic<bool> done = false;
        int complete = 0;
        std::thread asking([&] { // the viewers read meanwhile
            for (int round = 0; round < rounds; ++round) {
                complete += ask_all(sockets, request);
            }
            done = true;
        });
        const bool answered = pool.run_until([&] { return done.load(); });
        asking.join();
        REQUIRE(answered);
        CHECK(complete == rounds * static_cast<int>(askers));
        REQUIRE(frames(3));
        return host.sends().skipped.late == late;
    });
    CHECK(passed);
    CHECK(pool.fault().empty());
    CHECK(host.source().starved() == 0);
}
