#include "stream/eviction.hpp"

#include <array>
#include <list>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using namespace std::chrono_literals;
using stream::Eviction;
using stream::slot_to_free;
using stream::SlotHolders;

namespace {

constexpr std::uint64_t newest = 9;

// One holder or two, of the frame with this number.
constexpr SlotHolders unused{};
constexpr SlotHolders stuck(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 2, .stuck = 2};
}
constexpr SlotHolders partly_stuck(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 2, .stuck = 1};
}
constexpr SlotHolders unknown(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 1};
}
constexpr SlotHolders progressing(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 2, .stuck = 1, .progressing = 1};
}
constexpr SlotHolders aborting(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 2, .aborting = 2};
}
constexpr SlotHolders stuck_or_aborting(std::uint64_t sequence) {
    return {.sequence = sequence, .count = 2, .aborting = 1, .stuck = 1};
}

struct Case {
    std::string what;
    std::vector<SlotHolders> slots;
    std::optional<std::size_t> chosen;
};

/// Viewers that hold frames of one stream, one viewer to a frame.
struct Holders {
    explicit Holders(std::uint16_t slot_count) : sink(100, slot_count) {}
    ~Holders() {
        while (streams[0].in_flight.first() != nullptr) {
            connection::InFlightList::remove(*streams[0].in_flight.first());
        }
        sends_out.clear();
    }
    Holders(const Holders&) = delete;
    Holders& operator=(const Holders&) = delete;
    Holders(Holders&&) = delete;
    Holders& operator=(Holders&&) = delete;

    /// A frame with the next number, on its way to a new viewer.
    connection::ConnectionId hold(frame::WritableSlot slot) {
        const connection::ConnectionId viewer = connections.insert();
        connections.get(viewer).frames().delivery().note_progress(engine.now());
        connection::FrameSend& send = sends_out.emplace_back();
        send.connection = viewer;
        frame::FrameInfo info;
        info.jpeg_offset = slot.payload_offset();
        info.jpeg_bytes = 4;
        send.lease = sink.arena().seal(std::move(slot), info, ++sequence);
        streams[0].in_flight.push_back(send);
        return viewer;
    }
    connection::ConnectionId hold() { return hold(sink.take_slot()); }
    void choose(std::uint16_t slots_reserve) {
        Eviction eviction(sink.arena(), slots_reserve);
        eviction.choose(context, connections, streams[0].in_flight, sequence, 33ms, evictions);
    }

    test::FakeEngine engine;
    test::FakeSink sink;
    connection::ConnectionSlab connections{16};
    connection::SendSlab sends{16};
    std::array<connection::StreamSends, 1> streams;
    connection::ConnectionSettings settings;
    http::AddressSet trusted_proxies;
    connection::ConnectionContext context{engine,
                                          sends,
                                          streams,
                                          settings,
                                          trusted_proxies,
                                          {},
                                          connection::RequestPlaces({.connections_max = 16})};
    std::list<connection::FrameSend> sends_out;
    std::uint64_t sequence = 0;
    std::vector<connection::ConnectionId> evictions;
};

} // namespace

TEST_CASE("the slot that is freed next has the holders that lose least, and the oldest frame") {
    const std::vector<Case> cases{
        {"no slots", {}, {}},
        {"no holders", {unused, unused}, {}},
        {"the only slot with holders", {unused, unknown(3), unused}, 1},
        {"all stuck before unknown, older or not", {unknown(1), stuck(5), unknown(2)}, 1},
        {"unknown before progressing, older or not", {progressing(1), unknown(5)}, 1},
        {"all stuck before progressing, older or not", {progressing(1), stuck(5)}, 1},
        {"some stuck and some unknown is unknown", {partly_stuck(1), stuck(2)}, 1},
        {"some stuck and some unknown before progressing", {progressing(1), partly_stuck(2)}, 1},
        {"the oldest of the stuck", {stuck(5), stuck(3), stuck(4)}, 1},
        {"the oldest of the unknown", {unknown(5), unknown(4), unknown(3)}, 2},
        {"the oldest of the progressing", {progressing(3), progressing(4), progressing(5)}, 0},
        {"never the newest frame", {stuck(newest), progressing(1)}, 1},
        {"not even when nothing else is left", {stuck(newest), unused}, {}},
        {"never holders that are already being aborted", {aborting(1), progressing(2)}, 1},
        {"not even when nothing else is left", {aborting(1), aborting(2)}, {}},
        {"the rest of a slot is stuck: all of it is", {unknown(1), stuck_or_aborting(2)}, 1},
    };
    for (const Case& example : cases) {
        INFO(example.what);
        CHECK(slot_to_free(example.slots, newest) == example.chosen);
    }
}

TEST_CASE("slots are short at a quarter, and at two more than the reserve") {
    struct Threshold {
        std::uint16_t slots = 0;
        std::uint16_t reserve = 0;
        std::uint16_t short_at = 0; ///< free slots
    };
    constexpr std::array<Threshold, 4> thresholds{{{.slots = 8, .reserve = 2, .short_at = 4},
                                                   {.slots = 8, .reserve = 1, .short_at = 3},
                                                   {.slots = 16, .reserve = 2, .short_at = 4},
                                                   {.slots = 24, .reserve = 2, .short_at = 6}}};
    for (const Threshold& threshold : thresholds) {
        CAPTURE(threshold.slots, threshold.reserve);
        test::FakeSink sink(100, threshold.slots);
        const Eviction eviction(sink.arena(), threshold.reserve);
        std::vector<frame::WritableSlot> taken;
        while (sink.arena().free_count() > threshold.short_at) {
            CHECK_FALSE(eviction.slots_short());
            taken.push_back(sink.take_slot());
        }
        CHECK(eviction.slots_short());
        taken.pop_back();
        CHECK_FALSE(eviction.slots_short());
    }
}

TEST_CASE("slots are halved when half of them are free, or fewer") {
    test::FakeSink sink(100, 8);
    const Eviction eviction(sink.arena(), 2);
    std::vector<frame::WritableSlot> taken;
    while (sink.arena().free_count() > 4) {
        CHECK_FALSE(eviction.slots_halved());
        taken.push_back(sink.take_slot());
    }
    CHECK(eviction.slots_halved());
    taken.push_back(sink.take_slot());
    CHECK(eviction.slots_halved());
}

TEST_CASE("nobody is evicted while more slots are free than the reserve") {
    Holders holders(8);
    holders.evictions.reserve(16);
    for (int i = 0; i < 5; ++i) {
        holders.hold();
    }
    holders.choose(2);
    CHECK(holders.evictions.empty());
}

TEST_CASE("at the reserve the holder of the oldest frame is evicted, and only as many as needed") {
    Holders holders(8);
    holders.evictions.reserve(16);
    const connection::ConnectionId oldest = holders.hold();
    const connection::ConnectionId second = holders.hold();
    for (int i = 0; i < 4; ++i) {
        holders.hold();
    }
    SECTION("one slot is missing") {
        holders.choose(2);
        CHECK(holders.evictions == std::vector{oldest});
    }
    SECTION("two slots are missing") {
        holders.hold();
        holders.choose(2);
        CHECK(holders.evictions == std::vector{oldest, second});
    }
}

TEST_CASE("the holder of the newest frame is not evicted") {
    Holders holders(3);
    holders.evictions.reserve(16);
    const connection::ConnectionId oldest = holders.hold();
    holders.hold();
    holders.choose(3);
    CHECK(holders.evictions == std::vector{oldest});
}

TEST_CASE("evictions end where their list is full, and nothing is allocated for more") {
    Holders holders(4);
    holders.evictions.reserve(1);
    for (int i = 0; i < 4; ++i) {
        holders.hold();
    }
    holders.choose(2);
    CHECK(holders.evictions.size() == 1);
    CHECK(holders.evictions.capacity() == 1);
}

TEST_CASE("a viewer that holds a camera's own buffer is not evicted for it") {
    class Camera final : public frame::SlotOwner {
    public:
        void recycle(frame::SlotIndex) noexcept override {}
    };
    Camera camera;
    Holders holders(3);
    std::vector<std::byte> memory(4 * holders.sink.arena().geometry().page);
    holders.evictions.reserve(16);
    const frame::SlotIndex buffer =
        holders.sink.arena().adopt(memory, std::nullopt, camera).value();
    holders.hold(holders.sink.arena().lend(buffer)); // the oldest frame
    const connection::ConnectionId oldest = holders.hold();
    holders.hold();
    holders.choose(1);
    CHECK(holders.evictions == std::vector{oldest});
    connection::InFlightList::remove(holders.sends_out.front());
    holders.sends_out.pop_front();
    holders.sink.arena().disown(buffer);
}
