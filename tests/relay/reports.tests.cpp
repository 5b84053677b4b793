#include "relay/reports.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::relay {

using namespace std::chrono_literals;

namespace {

constexpr Instant start{100s};

/// Waits in a list; nothing else of it is used.
using Waiter = connection::Connection;

} // namespace

TEST_CASE("a report is shared for a while, except one for a single request") {
    Reports reports(250ms, 1000);
    for (const ReportKind kind :
         {ReportKind::status, ReportKind::metrics, ReportKind::streams_page}) {
        CHECK(reports.fresh(kind, start) == nullptr);
        const auto report = reports.add(kind, "text", start - 1ms, start);
        REQUIRE(reports.fresh(kind, start + 249ms) != nullptr);
        CHECK(reports.fresh(kind, start + 249ms)->text().data() == report.text().data());
        CHECK(reports.fresh(kind, start + 250ms) == nullptr);
    }
    const auto report = reports.add(ReportKind::single, "text", start, start);
    CHECK(report.text() == "text");
    CHECK(reports.fresh(ReportKind::single, start) == nullptr);
}

TEST_CASE("where rendering takes long, the next report is not put off for long") {
    Reports reports(250ms, 1000);
    (void)reports.add(ReportKind::single, "text", start, start + 300ms);
    CHECK_FALSE(reports.may_render(start + 549ms));
    CHECK(reports.may_render(start + 550ms));
}

TEST_CASE("rendering takes at most a tenth of the time") {
    Reports reports(250ms, 1000);
    CHECK(reports.may_render(start));
    (void)reports.add(ReportKind::single, "text", start, start + 2ms);
    CHECK_FALSE(reports.may_render(start + 2ms));
    CHECK_FALSE(reports.may_render(start + 19ms));
    CHECK(reports.may_render(start + 20ms));
}

TEST_CASE("reports that are being sent occupy a bounded memory, the newest ones none of it") {
    Reports reports(250ms, 10);
    const auto add = [&](ReportKind kind) { return reports.add(kind, "12345", start, start); };
    const auto old_status = add(ReportKind::status);
    CHECK_FALSE(reports.memory_full()); // it is the newest
    const auto new_status = add(ReportKind::status);
    const auto metrics = add(ReportKind::metrics);
    CHECK_FALSE(reports.memory_full());
    {
        const auto single = add(ReportKind::single);
        CHECK(reports.memory_full());
        CHECK(reports.bytes() == 20);
    }
    CHECK_FALSE(reports.memory_full());
}

TEST_CASE(
    "those who wait for a report are answered from a fresh one, or when one may be rendered") {
    Reports reports(250ms, 10);
    Waiter waiter;
    CHECK(reports.deadline(start) == never);
    (void)reports.add(ReportKind::single, "12345", start, start + 2ms);
    reports.waiters(ReportKind::metrics).push_back(waiter);
    CHECK(reports.deadline(start + 2ms) == start + 20ms);
    {
        const auto one = reports.add(ReportKind::single, "12345", start, start + 2ms);
        const auto two = reports.add(ReportKind::single, "12345", start, start + 2ms);
        CHECK(reports.deadline(start + 2ms) == never); // until memory is free
        const auto metrics = reports.add(ReportKind::metrics, "123", start, start + 3ms);
        CHECK(reports.deadline(start + 4ms) == start + 4ms);
    }
    stream::ConnectionList::remove(waiter);
    CHECK(reports.deadline(start + 2ms) == never);
}

} // namespace ringcast::relay
