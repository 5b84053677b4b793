#include <catch2/catch_test_macros.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "relay_kernel/relay_host.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

/// Sends a request on a new connection; the answer has not been read.
UniqueFd ask(const RelayHost& host, std::string_view target) {
    UniqueFd socket = host.connect();
    const std::string text = "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n\r\n";
    REQUIRE(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
    return socket;
}

/// The first line of the answer; waits for it. Empty when the connection was ended instead.
std::string status_line(const UniqueFd& socket) {
    std::string line(15, '\0');
    const ssize_t count = ::recv(socket.get(), line.data(), line.size(), MSG_WAITALL);
    line.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return line;
}

} // namespace

TEST_CASE("sixty idle connections keep no burst of requests from its answers") {
    HostSettings settings;
    settings.viewers_max = 1;
    RelayHost host(settings);
    const UniqueFd viewer = ask(host, "/stream");
    REQUIRE(status_line(viewer) == "HTTP/1.1 200 OK");
    std::vector<UniqueFd> idle;
    for (int i = 0; i < 60; ++i) {
        idle.push_back(ask(host, "/healthz"));
        REQUIRE(status_line(idle.back()) == "HTTP/1.1 200 OK");
    }
    CHECK(host.status().server.counters.evicted_over_share == 0);
    constexpr std::array targets{"/api/status", "/metrics", "/healthz"};
    std::vector<UniqueFd> kept;
    for (int burst = 0; burst < 10; ++burst) {
        const std::size_t first = kept.size();
        for (std::size_t i = 0; i < 10; ++i) {
            kept.push_back(ask(host, targets[i % targets.size()]));
        }
        for (std::size_t i = first; i < kept.size(); ++i) {
            CHECK(status_line(kept[i]) == "HTTP/1.1 200 OK");
        }
    }
    // All of them are from one address.
    CHECK(host.status().server.counters.evicted_over_share == 60 + 100 - 64);
}
