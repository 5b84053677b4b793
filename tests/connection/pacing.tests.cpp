#include "connection/pacing.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using connection::Pacing;
using connection::SkipCounters;

namespace {

constexpr Instant start{std::chrono::seconds(1000)};
constexpr Duration period = std::chrono::milliseconds(100);
constexpr Duration moment = std::chrono::milliseconds(10);

Pacing paced_by_rate() {
    Pacing pacing;
    pacing.set_period_min(period);
    return pacing;
}

} // namespace

TEST_CASE("the first frame of a viewer counts no frame before it as skipped") {
    Pacing pacing;
    pacing.note_idle_from(900);
    CHECK(pacing.on_send(1000, start) == SkipCounters{});
    CHECK(pacing.skipped() == SkipCounters{});
}

TEST_CASE("a first frame after a deferral counts no frame before it as skipped") {
    Pacing pacing;
    pacing.note_deferred();
    CHECK(pacing.on_send(1000, start) == SkipCounters{});
}

TEST_CASE("a viewer that is sent each frame skips none") {
    Pacing pacing;
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
        CHECK(pacing.on_send(sequence, start) == SkipCounters{});
        pacing.note_idle_from(sequence);
    }
    CHECK(pacing.skipped() == SkipCounters{});
}

TEST_CASE("frames that were published during a send are skipped because the viewer was busy") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(1, start));
    pacing.note_idle_from(4); // 2, 3 and 4 were published during the send

    SECTION("and the newest of them is sent after all") {
        CHECK(pacing.on_send(4, start) == SkipCounters{.busy = 2});
    }
    SECTION("and the next one is sent") {
        CHECK(pacing.on_send(5, start) == SkipCounters{.busy = 3});
    }
}

TEST_CASE("frames that were published while the viewer was idle are skipped as late") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(1, start));
    pacing.note_idle_from(3);
    CHECK(pacing.on_send(8, start) == SkipCounters{.busy = 2, .late = 4});
}

TEST_CASE("a viewer that was idle since before its last frame skips the others as late") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(5, start));
    pacing.note_idle_from(3);
    CHECK(pacing.on_send(8, start) == SkipCounters{.late = 2});
}

TEST_CASE("frames that pass while a viewer is deferred are skipped for memory") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(1, start));
    pacing.note_idle_from(3);
    pacing.note_deferred();
    CHECK(pacing.on_send(6, start) == SkipCounters{.memory = 4});

    SECTION("and those after it for other reasons again") {
        pacing.note_idle_from(8);
        CHECK(pacing.on_send(9, start) == SkipCounters{.busy = 2});
    }
}

TEST_CASE("frames beyond the rate that a viewer asked for are skipped for the rate") {
    Pacing pacing = paced_by_rate();
    static_cast<void>(pacing.on_send(1, start));
    pacing.note_idle_from(2);
    CHECK(pacing.on_send(5, start + period) == SkipCounters{.rate = 3});
}

TEST_CASE("the skipped frames of a viewer are added up by reason") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(10, start));
    pacing.note_idle_from(12);
    static_cast<void>(pacing.on_send(14, start)); // 11 and 12 busy, 13 late
    pacing.note_deferred();
    static_cast<void>(pacing.on_send(19, start)); // 15 to 18
    pacing.note_idle_from(20);
    static_cast<void>(pacing.on_send(22, start)); // 20 busy, 21 late
    pacing.set_period_min(period);
    static_cast<void>(pacing.on_send(24, start)); // 23
    CHECK(pacing.skipped() == SkipCounters{.busy = 3, .rate = 1, .memory = 4, .late = 2});
    CHECK(pacing.skipped().sum() == 10);
}

TEST_CASE("a viewer without a rate is always due") {
    Pacing pacing;
    static_cast<void>(pacing.on_send(1, start));
    CHECK(pacing.due() <= start);
}

TEST_CASE("a viewer with a rate is due one period after its first frame") {
    Pacing pacing = paced_by_rate();
    CHECK(pacing.due() <= start);
    static_cast<void>(pacing.on_send(1, start));
    CHECK(pacing.due() == start + period);
}

TEST_CASE("a frame that is sent a moment late does not lower a viewer's rate") {
    Pacing pacing = paced_by_rate();
    static_cast<void>(pacing.on_send(1, start));
    static_cast<void>(pacing.on_send(2, start + period + moment));
    CHECK(pacing.due() == start + 2 * period);
}

TEST_CASE("a pause of the stream is not made up for by frames in quick succession") {
    Pacing pacing = paced_by_rate();
    static_cast<void>(pacing.on_send(1, start));
    const Instant resumed = start + 50 * period;
    static_cast<void>(pacing.on_send(2, resumed));
    CHECK(pacing.due() == resumed + period);
}
