#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "relay_kernel/allocation_count.hpp"
#include "relay_kernel/relay_host.hpp"
#include "relay_kernel/stream_clients.hpp"

using namespace ringcast;
using namespace ringcast::relay_test;

namespace {

/// Reads for all until each has had `frames` more.
bool read_frames(ClientPool& pool, std::uint64_t frames) {
    const std::uint64_t goal = pool.clients().front().frames() + frames;
    return pool.run_until([&] {
        for (const StreamClient& client : pool.clients()) {
            if (!client.ended() && client.frames() < goal) {
                return false;
            }
        }
        return true;
    });
}

} // namespace

TEST_CASE("in steady state the loop allocates nothing") {
    if (!allocations_are_counted()) {
        SKIP("the sanitizer has its own malloc");
    }
    HostSettings settings;
    settings.period = std::chrono::milliseconds(4);
    // Notifications of zero-copy sends must not allocate either.
    settings.send_path_policy =
        GENERATE(connection::SendPathPolicy::copy, connection::SendPathPolicy::zero_copy);
    settings.frame_bytes =
        settings.send_path_policy == connection::SendPathPolicy::copy ? 5'000 : 40'000;
    // Memory that an ordinary user may register: 8 MiB is Debian's limit.
    settings.frame_bytes_max = 64UL * 1024UL;
    RelayHost host(settings);
    ClientPool pool;
    constexpr int viewers = 50;
    for (int i = 0; i < viewers; ++i) {
        pool.add(host.connect(), i % 2 == 0 ? "/stream" : "/stream?fps=100");
    }
    REQUIRE(read_frames(pool, 20)); // connects are over
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    host.on_loop([&](relay::Relay&, uring::UringEngine&) {
        count_allocations_of_this_thread();
        before = allocations_of_this_thread();
    });
    const std::uint64_t first = host.source().published();
    REQUIRE(pool.run_until([&] { return host.source().published() >= first + 1000; }));
    host.on_loop([&](relay::Relay&, uring::UringEngine&) { after = allocations_of_this_thread(); });
    CHECK(after - before == 0);
    const connection::SendCounters sends = host.sends();
    CHECK((settings.send_path_policy == connection::SendPathPolicy::copy
               ? sends.frames_sent_copy
               : sends.notifications) > 0);
    CHECK(pool.fault().empty());
}

TEST_CASE("the count of allocations can fail") {
    if (!allocations_are_counted()) {
        SKIP("the sanitizer has its own malloc");
    }
    RelayHost host;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    host.on_loop([&](relay::Relay& relay, uring::UringEngine&) {
        count_allocations_of_this_thread();
        before = allocations_of_this_thread();
        static_cast<void>(relay.status(true)); // allocates, and may
        after = allocations_of_this_thread();
    });
    CHECK(after > before);
}

TEST_CASE("a hundred viewers cost at most four system calls of the loop per frame") {
    HostSettings settings;
    settings.frame_bytes = 100'000;
    RelayHost host(settings);
    ClientPool pool;
    constexpr int viewers = 100;
    for (int i = 0; i < viewers; ++i) {
        pool.add(host.connect());
    }
    REQUIRE(read_frames(pool, 10));
    std::chrono::nanoseconds middle{}; // a count
    const bool held = in_some_try([&] {
        // A noisy machine may wake the loop between answers: the middle of many frames counts.
        std::vector<std::chrono::nanoseconds> enters_per_frame;
        constexpr std::size_t samples = 60;
        std::uint64_t enters = host.enters();
        std::uint64_t frames = host.source().published();
        while (enters_per_frame.size() < samples) {
            REQUIRE(read_frames(pool, 1));
            const std::uint64_t enters_now = host.enters() - 1; // asking is a wake-up itself
            const std::uint64_t frames_now = host.source().published();
            if (frames_now > frames) {
                enters_per_frame.emplace_back((enters_now - enters) / (frames_now - frames));
                enters = enters_now + 1;
                frames = frames_now;
            }
        }
        middle = median(enters_per_frame);
        return middle.count() <= 4;
    });
    INFO("in the middle: " << middle.count());
    CHECK(held);
    CHECK(pool.fault().empty());
}

TEST_CASE("a new viewer has its first frame at once") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    RelayHost host(settings);
    {
        ClientPool first;
        first.add(host.connect());
        REQUIRE(read_frames(first, 2)); // there is a newest frame from here on
    }
    constexpr int samples = 51;
    std::chrono::nanoseconds middle{};
    const bool held = in_some_try([&] {
        std::vector<std::chrono::nanoseconds> delays;
        for (int i = 0; i < samples; ++i) {
            ClientPool pool;
            StreamClient& client = pool.add(host.connect());
            REQUIRE(read_frames(pool, 1));
            delays.push_back(client.first_frame_after());
        }
        middle = median(delays);
        return middle <= std::chrono::milliseconds(3);
    });
    INFO("in the middle: " << middle.count() << " ns");
    CHECK(held);
}

TEST_CASE("300 viewers that connect in the same instant all have a frame soon") {
    HostSettings settings;
    settings.frame_bytes = 60'000;
    RelayHost host(settings);
    {
        ClientPool first;
        first.add(host.connect());
        REQUIRE(read_frames(first, 2));
    }
    constexpr std::size_t viewers = 300;
    std::chrono::nanoseconds slowest{};
    const bool held = in_some_try([&] {
        ClientPool pool;
        std::vector<UniqueFd> sockets;
        for (std::size_t i = 0; i < viewers; ++i) {
            sockets.push_back(host.connect());
        }
        for (UniqueFd& socket : sockets) {
            pool.add(std::move(socket)); // asks
        }
        REQUIRE(read_frames(pool, 1));
        slowest = {};
        for (const StreamClient& client : pool.clients()) {
            slowest = std::max<std::chrono::nanoseconds>(slowest, client.first_frame_after());
        }
        return slowest <= std::chrono::milliseconds(60);
    });
    INFO("the slowest: " << slowest.count() << " ns");
    CHECK(held);
}
