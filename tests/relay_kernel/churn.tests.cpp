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

/// Waits until the server has accepted or refused `made` connections and all of them are closed.
bool wait_until_closed(RelayHost& host, std::uint64_t made) {
    ClientPool no_clients;
    return no_clients.run_until([&] {
        const api::ServerStatus server = host.status().server;
        return server.connections == 0 &&
               server.counters.connections_accepted + server.counters.connections_refused >= made;
    });
}

/// Opens a connection and closes it at one of six points of a request.
void connect_and_close(const RelayHost& host, int variant) {
    const UniqueFd socket = host.connect();
    const auto send_text = [&](std::string_view text) {
        static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL));
    };
    switch (variant % 6) {
    case 0:
        return; // no request
    case 1:
        return send_text("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
    case 2:
        return send_text("GET /str");
    case 3:
        send_text("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        {
            char byte = 0;
            static_cast<void>(::recv(socket.get(), &byte, 1, 0));
        }
        return;
    case 4:
        return send_text("GET /snapshot HTTP/1.1\r\nHost: test\r\n\r\n");
    default: {
        send_text("GET /stream HTTP/1.1\r\nHost: test\r\n\r\n");
        const linger reset{.l_onoff = 1, .l_linger = 0};
        ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return;
    }
    }
}

} // namespace

TEST_CASE("ten thousand connections leak no descriptor, slot, lease or send") {
    HostSettings settings;
    settings.period = std::chrono::milliseconds(5);
    RelayHost host(settings);
    constexpr int first_connections = 200;
    for (int i = 0; i < first_connections; ++i) {
        connect_and_close(host, i); // anything created only once is created here
    }
    REQUIRE(wait_until_closed(host, first_connections));
    const std::size_t descriptors = open_descriptors();
    constexpr int connections = 10'000;
    for (int i = 0; i < connections; ++i) {
        connect_and_close(host, i);
    }
    REQUIRE(wait_until_closed(host, first_connections + connections));
    CHECK(open_descriptors() == descriptors);
    host.on_loop([&](relay::Relay& relay, io::Engine&) {
        CHECK(relay.send_count() == 0);
        const frame::FrameArena& arena = relay.stream(0).arena();
        // The stream itself keeps one slot: the newest frame.
        CHECK(arena.free_count() + 1 == arena.geometry().slot_count);
        CHECK(relay.counters().late_completions == 0);
        CHECK(relay.counters().connections_accepted == relay.counters().disconnects);
    });
}

TEST_CASE("shutdown completes the part in flight and closes the stream after a whole part") {
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
