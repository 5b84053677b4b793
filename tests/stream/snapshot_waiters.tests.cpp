#include "stream/snapshot_waiters.hpp"

#include <chrono>
#include <deque>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "connection/connection_bench.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using connection::test::ConnectionBench;
using stream::SnapshotWaiters;

namespace {

using List = container::IntrusiveList<connection::Connection, connection::ConnectionListTag>;

/// Connections that wait for a snapshot, and what was asked about them.
struct Waiting {
    Waiting() = default;
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    Waiting(Waiting&&) = delete;
    Waiting& operator=(Waiting&&) = delete;
    ~Waiting() {
        for (ConnectionBench& bench : benches) {
            if (List::linked(bench.connection)) {
                leave(bench.connection);
            }
        }
    }

    connection::Connection& add(Duration patience) {
        ConnectionBench& bench = benches.emplace_back();
        REQUIRE(bench.receive(connection::test::request_text) ==
                connection::ConnectionEvent::request);
        bench.connection.wait(bench.context, now + patience, {.stream = connection::test::stream});
        waiters.add(bench.connection);
        return bench.connection;
    }
    static void leave(connection::Connection& waiter) { List::remove(waiter); }
    /// Answers those that are late, and all if `all`. Returns how many were looked at.
    int look(bool all = false, std::uint32_t answers_max = 100) {
        int looked_at = 0;
        answered =
            waiters.answer_due(now, answers_max, [&](connection::Connection& waiter, bool late) {
                ++looked_at;
                if (late || all) {
                    leave(waiter);
                }
                return late || all;
            });
        return looked_at;
    }

    std::deque<ConnectionBench> benches;
    SnapshotWaiters waiters;
    Instant now{1000s};
    std::uint32_t answered = 0;
};

constexpr Duration slack = SnapshotWaiters::slack;

} // namespace

TEST_CASE("waiting snapshots are looked at only after a change, or when one is late") {
    Waiting waiting;
    waiting.add(1500ms);
    waiting.add(3s);
    CHECK(waiting.look() == 0); // whoever adds one has looked at the frame and the signal
    waiting.waiters.note_change();
    CHECK(waiting.look() == 2);
    CHECK(waiting.look() == 0);
    waiting.now = waiting.waiters.deadline() - 1ns;
    CHECK(waiting.look() == 0);
    waiting.now += 1ns;
    CHECK(waiting.look() == 2);
    CHECK(waiting.answered == 1);
    CHECK(waiting.look() == 0);
    CHECK_FALSE(waiting.waiters.empty());
}

TEST_CASE("a snapshot is late shortly before its deadline, and so are those that follow soon") {
    Waiting waiting;
    const Instant began = waiting.now;
    waiting.add(1s + slack);
    waiting.add(1s);
    waiting.add(1s + slack + 1ns);
    CHECK(waiting.waiters.deadline() == began + 1s - slack);
    waiting.now = waiting.waiters.deadline();
    CHECK(waiting.look() == 3);
    CHECK(waiting.answered == 2);
    CHECK(waiting.waiters.deadline() == began + 1s + 1ns);
}

TEST_CASE(
    "waiting snapshots that were not answered for lack of room are answered in the next call") {
    Waiting waiting;
    for (int i = 0; i < 5; ++i) {
        waiting.add(10s);
    }
    waiting.waiters.note_change();
    CHECK(waiting.look(true, 0) == 0);
    for (const std::uint32_t expected : {2U, 2U, 1U}) {
        static_cast<void>(waiting.look(true, 2));
        CHECK(waiting.answered == expected);
    }
    CHECK(waiting.waiters.empty());
    CHECK(waiting.waiters.deadline() == never);
}

TEST_CASE("a waiting snapshot that leaves costs at most one look at the others") {
    Waiting waiting;
    connection::Connection& leaving = waiting.add(1s);
    waiting.add(10s);
    Waiting::leave(leaving);
    waiting.now = waiting.waiters.deadline();
    CHECK(waiting.look() == 1);
    CHECK(waiting.answered == 0);
    CHECK(waiting.waiters.deadline() == Instant(1000s) + 10s - slack);
}

TEST_CASE("without waiting snapshots there is no deadline, and a change is no work") {
    Waiting waiting;
    CHECK(waiting.waiters.deadline() == never);
    waiting.waiters.note_change();
    CHECK(waiting.look() == 0);
}
