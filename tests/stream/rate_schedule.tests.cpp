#include "stream/rate_schedule.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace std::chrono_literals;
using stream::RateSchedule;

namespace {

constexpr Instant begin{1000s};
constexpr Duration tick{std::int64_t{1} << RateSchedule::tick_shift};
constexpr Duration horizon = RateSchedule::bucket_count * tick;

/// Viewers with due times, which wait in the schedule.
struct Scheduled {
    Scheduled() { schedule.release(begin, released); }
    Scheduled(const Scheduled&) = delete;
    Scheduled& operator=(const Scheduled&) = delete;
    Scheduled(Scheduled&&) = delete;
    Scheduled& operator=(Scheduled&&) = delete;
    ~Scheduled() {
        for (connection::Connection& viewer : viewers) {
            if (RateSchedule::List::linked(viewer)) {
                RateSchedule::List::remove(viewer);
            }
        }
    }

    connection::Connection& make(Instant due) {
        connection::Connection& viewer = viewers.emplace_back();
        viewer.frames().pacing().set_period_min(1s);
        static_cast<void>(viewer.frames().pacing().on_send(1, due - 1s));
        REQUIRE(due_of(viewer) == due);
        return viewer;
    }
    connection::Connection& add(Instant due) {
        connection::Connection& viewer = make(due);
        schedule.add(viewer);
        return viewer;
    }
    static Instant due_of(const connection::Connection& viewer) {
        return viewer.frames().pacing().due();
    }
    /// The due times of the viewers that are released by `until`, in order.
    std::vector<Instant> release(Instant until) {
        schedule.release(until, released);
        std::vector<Instant> due;
        while (!released.empty()) {
            due.push_back(due_of(released.pop_front()));
        }
        std::ranges::sort(due);
        return due;
    }

    RateSchedule schedule;
    RateSchedule::List released;
    std::deque<connection::Connection> viewers;
};

} // namespace

TEST_CASE("a viewer that has been sent nothing is released from the beginning") {
    const RateSchedule schedule;
    CHECK(schedule.released(Instant{}));
    CHECK_FALSE(schedule.released(begin));
    CHECK(schedule.next_due() == never);
}

TEST_CASE("viewers are released when they are due, in no order") {
    Scheduled scheduled;
    for (const Duration after : {200ms, 30ms, 100ms, 100ms, 900ms}) {
        scheduled.add(begin + after);
    }
    CHECK(scheduled.release(begin + 25ms).empty());
    CHECK(scheduled.release(begin + 30ms) == std::vector{begin + 30ms});
    CHECK(scheduled.release(begin + 150ms) == std::vector{begin + 100ms, begin + 100ms});
    CHECK(scheduled.release(begin + 2s) == std::vector{begin + 200ms, begin + 900ms});
    CHECK(scheduled.release(begin + 10s).empty());
}

TEST_CASE("what is released stays so when a later release is for an earlier time") {
    Scheduled scheduled;
    CHECK(scheduled.release(begin + 100ms).empty());
    CHECK(scheduled.schedule.released(begin + 100ms));
    CHECK(scheduled.release(begin + 50ms).empty());
    CHECK(scheduled.schedule.released(begin + 100ms));
    CHECK_FALSE(scheduled.schedule.released(begin + 110ms));
}

TEST_CASE("the next due time is that of the first viewer, to a tick, wherever the wheel stands") {
    for (int turn = 0; turn < 300; ++turn) {
        const Instant now = begin + turn * 7 * tick;
        for (const Duration after : {2 * tick, 63 * tick, 64 * tick, 150 * tick, horizon - tick}) {
            Scheduled scheduled;
            static_cast<void>(scheduled.release(now));
            scheduled.add(now + after);
            REQUIRE(scheduled.schedule.next_due() <= now + after);
            REQUIRE(scheduled.schedule.next_due() > now + after - tick);
            scheduled.add(now + 2 * tick);
            REQUIRE(scheduled.schedule.next_due() <= now + 2 * tick);
            REQUIRE(scheduled.schedule.next_due() > now + tick);
        }
    }
}

TEST_CASE("a viewer that is due beyond the last bucket is released early, and added again") {
    Scheduled scheduled;
    const Instant due = begin + 10s;
    connection::Connection& viewer = scheduled.add(due);
    int early = 0;
    Instant now = begin;
    while (!scheduled.schedule.released(due)) {
        now = scheduled.schedule.next_due();
        REQUIRE(scheduled.release(now) == std::vector{due});
        if (!scheduled.schedule.released(due)) {
            ++early;
            scheduled.schedule.add(viewer);
        }
    }
    CHECK(now > due - tick);
    CHECK(now <= due);
    CHECK(early <= 10s / horizon + 1);
}

TEST_CASE("a release after a long time releases everything") {
    Scheduled scheduled;
    for (int i = 0; i < 100; ++i) {
        scheduled.add(begin + (i + 1) * 100ms);
    }
    CHECK(scheduled.release(begin + 24h).size() == 100);
    CHECK(scheduled.schedule.next_due() == never);
}

TEST_CASE("a viewer that leaves is not released") {
    Scheduled scheduled;
    connection::Connection& leaving = scheduled.add(begin + 50ms);
    scheduled.add(begin + 50ms);
    RateSchedule::List::remove(leaving);
    CHECK(scheduled.release(begin + 60ms).size() == 1);
    connection::Connection& last = scheduled.add(begin + 100ms);
    RateSchedule::List::remove(last);
    CHECK(scheduled.schedule.next_due() <= begin + 100ms); // known only when it is looked at
    CHECK(scheduled.release(begin + 100ms).empty());
    CHECK(scheduled.schedule.next_due() == never);
}

TEST_CASE("random viewers are each released once, at most a tick early and not late") {
    std::mt19937 random(1);
    Scheduled scheduled;
    std::size_t added = 0;
    std::size_t released = 0;
    Instant now = begin;
    for (int step = 0; step < 20'000; ++step) {
        const Instant before = now;
        now += std::chrono::microseconds(random() % 20'000);
        for (const Instant due : scheduled.release(now)) {
            REQUIRE(due < now + tick);
            REQUIRE(due > before);
            ++released;
        }
        const Instant due = now + std::chrono::microseconds(random() % 1'000'000);
        if (!scheduled.schedule.released(due)) {
            scheduled.add(due);
            ++added;
        }
        REQUIRE(
            (scheduled.schedule.next_due() == never || scheduled.schedule.next_due() > now - tick));
    }
    released += scheduled.release(now + 10s).size();
    CHECK(released == added);
}
