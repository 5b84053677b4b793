#include "relay/event_log.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "relay/event_watch.hpp"

namespace ringcast::relay {

using namespace std::chrono_literals;

namespace {

constexpr WallTime at{1'700'000'000s};

EventLog log_with(std::size_t events) {
    EventLog log("aabb");
    for (std::size_t i = 0; i < events; ++i) {
        log.add({.kind = api::EventKind::stream_live, .stream = "door"}, at);
    }
    return log;
}

} // namespace

TEST_CASE("events have consecutive numbers, and ids that name the process") {
    const EventLog log = log_with(2);
    CHECK(log.next_number() == 3);
    REQUIRE(log.find(0) != nullptr);
    CHECK(log.find(0)->number == 1);
    CHECK(log.find(2)->number == 2);
    CHECK(log.find(3) == nullptr);
    CHECK(log.find(2)->stream == "door");
    CHECK(
        log.find(2)->text.text() ==
        "id: aabb-2\n"
        "data: {\"kind\":\"stream_live\",\"time_unix_seconds\":1700000000.0,\"stream\":\"door\"}\n\n");
}

TEST_CASE("the log is bounded: a new event takes the place of the oldest") {
    EventLog log = log_with(EventLog::count_max);
    const std::size_t bytes = log.bytes();
    CHECK(log.find(0)->number == 1);
    for (int i = 0; i < 10; ++i) {
        log.add({.kind = api::EventKind::stream_live, .stream = "door"}, at);
    }
    CHECK(log.find(0)->number == 11);
    CHECK(log.next_number() == EventLog::count_max + 11);
    CHECK(log.bytes() <= bytes + 20); // longer numbers
}

TEST_CASE("an event that is being sent keeps its memory when the log has dropped it") {
    EventLog log = log_with(1);
    connection::SharedText sent = log.find(1)->text.share();
    const std::string text(sent.text());
    for (std::size_t i = 0; i < EventLog::count_max; ++i) {
        log.add({.kind = api::EventKind::server_started}, at);
    }
    CHECK(log.find(0)->number == 2);
    const std::size_t bytes = log.bytes();
    CHECK(sent.text() == text);
    sent.release();
    CHECK(log.bytes() == bytes - text.size());
}

TEST_CASE("the log goes on after the last id that it has given") {
    const EventLog log = log_with(5);
    CHECK(log.number_after("aabb-3") == 4);
    CHECK(log.number_after("aabb-5") == 6);
    for (const char* id : {"", "aabb", "aabb-", "aabb-6", "aabb-x", "aabb-3x", "aabb--1", "bbaa-3",
                           "aabb-99999999999999999999999", "-3"}) {
        CAPTURE(id);
        CHECK(log.number_after(id) == 0);
    }
}

TEST_CASE("the configuration, and who changes what, is for those who see everything") {
    EventLog log("aabb");
    log.add({.kind = api::EventKind::config_refused}, at);
    log.add({.kind = api::EventKind::controls_changed, .stream = "door"}, at);
    log.add({.kind = api::EventKind::stream_lost, .stream = "door"}, at);
    CHECK(log.find(1)->confidential);
    CHECK(log.find(2)->confidential);
    CHECK_FALSE(log.find(3)->confidential);
}

TEST_CASE("a budget allows so many events in its time, and then as many again") {
    EventBudget budget;
    constexpr Instant start{1000s};
    for (std::uint32_t i = 0; i < EventBudget::events_max; ++i) {
        CHECK(budget.spend(start + i * 1s));
    }
    CHECK_FALSE(budget.spend(start + EventBudget::time - 1s));
    CHECK(budget.spend(start + EventBudget::time));
    for (std::uint32_t i = 1; i < EventBudget::events_max; ++i) {
        CHECK(budget.spend(start + EventBudget::time));
    }
    CHECK_FALSE(budget.spend(start + EventBudget::time + 1s));
}

} // namespace ringcast::relay
