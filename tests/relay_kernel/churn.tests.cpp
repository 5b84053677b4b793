#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <iterator>

#include <sys/socket.h>

#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator entries("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// All `made` connections have come in, and are over.
bool settle(RelayHost& host, std::uint64_t made) {
    ClientPool nobody;
    return nobody.run_until([&] {
        const api::ServerStatus server = host.status().server;
        return server.connections == 0 &&
               server.counters.connections_accepted + server.counters.connections_refused >= made;
    });
}

/// One connection that ends in one of many ways.
void come_and_go(const RelayHost& host, int way) {
    const UniqueFd socket = host.connect();
    const auto say = [&](std::string_view text) {
        static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL));
    };
    switch (way % 6) {
    case 0:
        return; // nothing is asked
    case 1:
        return say("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
    case 2:
        return say("GET /str");
    case 3:
        say("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        {
            char byte = 0;
            static_cast<void>(::recv(socket.get(), &byte, 1, 0));
        }
        return;
    case 4:
        return say("GET /snapshot HTTP/1.1\r\nHost: test\r\n\r\n");
    default: {
        say("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        const linger reset{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return;
    }
    }
}

} // namespace

TEST_CASE("ten thousand connections leave no descriptor, slot, lease or byte behind") {
    HostSettings settings;
    settings.period = std::chrono::milliseconds(5);
    RelayHost host(settings);
    constexpr int first_connections = 200;
    for (int i = 0; i < first_connections; ++i) {
        come_and_go(host, i); // whatever is made once is made now
    }
    REQUIRE(settle(host, first_connections));
    const std::size_t descriptors = open_descriptors();
    constexpr int connections = 10'000;
    for (int i = 0; i < connections; ++i) {
        come_and_go(host, i);
    }
    REQUIRE(settle(host, first_connections + connections));
    CHECK(open_descriptors() == descriptors);
    host.on_loop([&](relay::Relay& relay, uring::UringEngine&) {
        CHECK(relay.send_count() == 0);
        const frame::FrameArena& arena = relay.stream(0).arena();
        CHECK(arena.free_count() + 1 == arena.geometry().slot_count); // the newest frame
        CHECK(relay.counters().late_completions == 0);
        CHECK(relay.counters().connections_accepted == relay.counters().disconnects);
    });
}

TEST_CASE("at the end a part in flight is finished and the stream is closed in order") {
    ClientPool pool;
    {
        RelayHost host;
        for (int i = 0; i < 5; ++i) {
            pool.add(host.connect());
        }
        REQUIRE(pool.run_until([&] { return pool.clients().back().frames() >= 3; }));
    }
    REQUIRE(pool.run_until([&] {
        for (const StreamClient& client : pool.clients()) {
            if (!client.ended()) {
                return false;
            }
        }
        return true;
    }));
    CHECK(pool.fault().empty());
}
