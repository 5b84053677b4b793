// Full and overflowing queues, waiting with a time-out, and gathering completions.

#include <array>
#include <cerrno>
#include <cstdint>
#include <set>
#include <vector>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "kernel/loopback.hpp"

using namespace ringcast;
using namespace ringcast::kernel_test;
using namespace std::chrono_literals;

namespace {

Instant steady_now() {
    return Instant(std::chrono::steady_clock::now().time_since_epoch());
}

/// Number of completed operations. Checks that each completed only once.
std::size_t answered_once(const Loop& loop) {
    std::set<std::uint32_t> slots;
    for (const io::Completion& completion : loop.seen()) {
        CHECK(slots.insert(completion.token.slot).second);
    }
    return slots.size();
}

} // namespace

TEST_CASE("a full submission queue is submitted and loses no operation", "[io_uring]") {
    Loop loop({.sq_entries = 4, .cq_entries = 4096, .buffer_table_size = 1});
    const UniqueFd counter(::eventfd(1, EFD_CLOEXEC));
    constexpr std::uint32_t poll_count = 1000;
    for (std::uint32_t slot = 0; slot < poll_count; ++slot) {
        loop.engine().poll(token_of(slot), counter.get(), io::PollEvents::readable);
    }
    CHECK(loop.engine().system_calls() >= poll_count / 4 - 1);
    loop.turn_until([&] { return loop.seen().size() >= poll_count; });
    CHECK(answered_once(loop) == poll_count);
}

TEST_CASE("completions beyond the completion queue wait in the kernel and all arrive",
          "[io_uring]") {
    Loop loop({.sq_entries = 8, .cq_entries = 8, .buffer_table_size = 1});
    const UniqueFd counter(::eventfd(0, EFD_CLOEXEC));
    constexpr std::uint32_t poll_count = 500;
    for (std::uint32_t slot = 0; slot < poll_count; ++slot) {
        loop.engine().poll(token_of(slot), counter.get(), io::PollEvents::readable);
    }
    loop.turn(0ns);
    REQUIRE(loop.seen().empty());
    REQUIRE(::eventfd_write(counter.get(), 1) == 0);
    loop.turn_until([&] { return loop.seen().size() >= poll_count; }, 1, 3);
    CHECK(answered_once(loop) == poll_count);
}

TEST_CASE("operations can be submitted while completions overflow", "[io_uring]") {
    Loop loop({.sq_entries = 8, .cq_entries = 8, .buffer_table_size = 1});
    const UniqueFd counter(::eventfd(1, EFD_CLOEXEC));
    constexpr std::uint32_t poll_count = 2000;
    std::uint32_t slot = 0;
    // Each turn prepares more operations than it takes completions.
    while (slot < poll_count) {
        for (std::uint32_t end = slot + 20; slot < end; ++slot) {
            loop.engine().poll(token_of(slot), counter.get(), io::PollEvents::readable);
        }
        loop.turn(0ns, 1, 5);
    }
    loop.turn_until([&] { return loop.seen().size() >= poll_count; });
    CHECK(answered_once(loop) == poll_count);
}

TEST_CASE("completions that did not fit are returned later, and no new ones are lost") {
    Loop loop;
    const UniqueFd first(::eventfd(1, EFD_CLOEXEC));
    const UniqueFd second(::eventfd(0, EFD_CLOEXEC));
    constexpr std::uint32_t poll_count = 100;
    for (std::uint32_t slot = 0; slot < poll_count; ++slot) {
        loop.engine().poll(token_of(slot), first.get(), io::PollEvents::readable);
    }
    loop.engine().poll(token_of(poll_count), second.get(), io::PollEvents::readable);
    CHECK(loop.turn(0ns, 1, 10) == 10);
    REQUIRE(::eventfd_write(second.get(), 1) == 0);
    loop.turn_until([&] { return loop.seen().size() > poll_count; }, 1, 10);
    CHECK(answered_once(loop) == poll_count + 1);
}

TEST_CASE("most turns take completions from the queue without a system call", "[io_uring]") {
    Loop loop;
    const UniqueFd counter(::eventfd(1, EFD_CLOEXEC));
    constexpr std::uint32_t poll_count = 100;
    for (std::uint32_t slot = 0; slot < poll_count; ++slot) {
        loop.engine().poll(token_of(slot), counter.get(), io::PollEvents::readable);
    }
    CHECK(loop.turn(0ns, 1, 10) == 10);
    const std::uint64_t enters_before = loop.engine().system_calls();
    std::size_t turns = 0;
    loop.turn_until(
        [&] {
            ++turns;
            return loop.seen().size() >= poll_count;
        },
        1, 10);
    CHECK(loop.engine().system_calls() - enters_before < turns / 2);
}

TEST_CASE("waiting ends at the given time, not before, whether or not completions are expected") {
    Loop loop({.gather_in_kernel = GENERATE(true, false)});
    const UniqueFd counter(::eventfd(0, EFD_CLOEXEC));
    loop.engine().poll(token_of(1), counter.get(), io::PollEvents::readable);
    const std::size_t expected = GENERATE(1U, 100U);
    const Duration wait = GENERATE(Duration(100us), Duration(20ms));
    std::array<io::Completion, 4> completions;
    const Instant wake_at = steady_now() + wait;
    CHECK(loop.engine().submit_and_reap(completions, wake_at, expected) == 0);
    CHECK(loop.engine().now() >= wake_at);
    CHECK(loop.engine().wall_now() > WallTime{});
}

TEST_CASE("with a time in the past, operations are submitted and the call does not wait") {
    Loop loop;
    const Connection connection = connect_tcp();
    std::array<std::byte, 8> into{};
    loop.engine().receive(token_of(1), connection.server.get(), into);
    std::array<io::Completion, 4> completions;
    CHECK(loop.engine().submit_and_reap(completions, Instant{}, 1) == 0);
    REQUIRE(::send(connection.viewer.get(), "x", 1, MSG_NOSIGNAL) == 1);
    // The kernel runs deferred work even in a call that does not wait.
    CHECK(loop.engine().submit_and_reap(completions, Instant{}, 1) == 1);
}

TEST_CASE("a single completion is returned even when many were expected") {
    Loop loop({.gather_in_kernel = GENERATE(true, false)});
    const UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    // At once, within the gathering time, and long after it.
    const Duration delay = GENERATE(Duration(1ns), Duration(200us), Duration(30ms));
    itimerspec when{};
    when.it_value.tv_nsec = delay.count();
    std::array<std::byte, 8> into{};
    loop.engine().read(token_of(1), timer.get(), into);
    REQUIRE(::timerfd_settime(timer.get(), 0, &when, nullptr) == 0);
    std::array<io::Completion, 64> completions;
    CHECK(loop.engine().submit_and_reap(completions, never, 64) == 1);
    CHECK(completions[0].token == token_of(1));
    CHECK(completions[0].result == 8);
}

TEST_CASE("gathering loses no completion when fewer or more arrive than expected") {
    Loop loop({.gather_in_kernel = GENERATE(true, false)});
    constexpr std::uint32_t viewer_count = 60;
    const std::size_t expected = GENERATE(2U, 30U, 60U, 1000U);
    const std::vector<std::byte> frame = make_pattern(100'000);
    std::vector<Connection> connections;
    for (std::uint32_t slot = 0; slot < viewer_count; ++slot) {
        connections.push_back(connect_tcp());
        loop.engine().send(token_of(slot), connections.back().server.get(), frame, {});
    }
    std::vector<std::vector<std::byte>> received(viewer_count);
    loop.turn_until(
        [&] {
            bool complete = loop.seen().size() >= viewer_count;
            for (std::uint32_t slot = 0; slot < viewer_count; ++slot) {
                const std::vector<std::byte> more = read_available(connections[slot].viewer.get());
                received[slot].insert(received[slot].end(), more.begin(), more.end());
                complete = complete && received[slot].size() >= frame.size();
            }
            return complete;
        },
        expected);
    CHECK(answered_once(loop) == viewer_count);
    for (const io::Completion& completion : loop.seen()) {
        CHECK(completion.result == static_cast<std::int32_t>(frame.size()));
    }
    for (const std::vector<std::byte>& bytes : received) {
        CHECK(bytes == frame);
    }
}
