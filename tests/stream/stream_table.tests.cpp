#include "stream/stream_table.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;
using stream::Stream;
using stream::StreamTable;

namespace {

/// Stops when the test says so.
class FakeSource final : public source::FrameSource {
public:
    void start(source::FrameSink&, io::StreamId stream) noexcept override { started_as = stream; }
    void on_completion(const io::Completion&) noexcept override {}
    [[nodiscard]] Instant deadline() const noexcept override { return never; }
    void on_deadline(Instant) noexcept override {}
    void stop() noexcept override { ++stops; }
    [[nodiscard]] bool stopped() const noexcept override { return has_stopped; }
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "fake"; }

    io::StreamId started_as;
    int stops = 0;
    bool has_stopped = true; ///< answers `stopped`

private:
    source::SourceCounters counters_;
};

struct Streams {
    [[nodiscard]] stream::StreamSetup setup(std::string name) {
        return {
            .name = std::move(name), .arena = &sink.arena(), .source = &source, .tier_reason = {}};
    }
    Stream& add(std::string name) {
        Stream& stream = table.add(setup(std::move(name)), engine, settings, nullptr);
        stream.start();
        return stream;
    }
    static void publish(Stream& stream) {
        frame::WritableSlot slot = stream.take_slot();
        frame::FrameInfo info;
        info.jpeg_offset = slot.payload_offset();
        info.jpeg_bytes = 10;
        info.width = 64;
        info.height = 48;
        stream.publish(std::move(slot), info);
    }
    [[nodiscard]] std::vector<std::string> listed() const {
        std::vector<std::string> names;
        for (const stream::DirectoryEntry& entry : table.directory()) {
            names.push_back(entry.name);
        }
        return names;
    }
    [[nodiscard]] std::vector<std::string> existing() const {
        std::vector<std::string> names;
        for (const Stream* stream : table.all()) {
            names.push_back(stream->name());
        }
        return names;
    }

    test::FakeEngine engine;
    test::FakeSink sink{100};
    FakeSource source;
    stream::StreamSettings settings;
    StreamTable table{2};
};

using Names = std::vector<std::string>;

} // namespace

TEST_CASE("a stream is found by the handle that it was given, and by no other") {
    Streams streams;
    const Stream& first = streams.add("first");
    const Stream& second = streams.add("second");
    CHECK(first.id().valid());
    CHECK(first.id() != second.id());
    CHECK(streams.table.find(first.id()) == &first);
    CHECK(streams.table.find(second.id()) == &second);
    CHECK(&streams.table.get(second.id()) == &second);
    CHECK(streams.table.find({}) == nullptr);
    CHECK(streams.table.find({first.id().index, first.id().generation + 1}) == nullptr);
    CHECK(streams.table.find({2, 1}) == nullptr);
}

TEST_CASE("a handle finds nothing in a place that was never used") {
    Streams streams;
    const Stream& only = streams.add("only");
    CHECK(streams.table.find({only.id().index + 1, 0}) == nullptr);
    CHECK(streams.table.find({only.id().index + 1, 1}) == nullptr);
}

TEST_CASE("a table is full at its capacity, and no longer when a stream is gone") {
    Streams streams;
    const io::StreamId first = streams.add("first").id();
    CHECK_FALSE(streams.table.full());
    streams.add("second");
    CHECK(streams.table.full());
    streams.table.retire(first);
    CHECK(streams.table.full());
    streams.table.erase_gone();
    CHECK_FALSE(streams.table.full());
}

TEST_CASE("a later stream in the same place has another generation, and the earlier handle finds "
          "nothing") {
    Streams streams;
    const io::StreamId earlier = streams.add("earlier").id();
    streams.add("other");
    streams.table.retire(earlier);
    streams.table.erase_gone();
    CHECK(streams.table.find(earlier) == nullptr);
    const Stream& later = streams.add("later");
    CHECK(later.id().index == earlier.index);
    CHECK(later.id().generation != earlier.generation);
    CHECK(streams.table.find(earlier) == nullptr);
    CHECK(streams.table.find(later.id()) == &later);
}

TEST_CASE("a generation fits a token and is never zero, however often a place is used") {
    Streams streams;
    std::uint32_t before = 0;
    for (std::uint32_t i = 0; i < io::stream_id_limit + 10; ++i) {
        const io::StreamId id = streams.add("short-lived").id();
        const bool fits = id.valid() && id.generation < io::stream_id_limit;
        const bool differs = id.generation != std::exchange(before, id.generation);
        if (!fits || !differs || id.index != 0) { // a CHECK each would take seconds
            FAIL("generation " << id.generation << " of stream " << i);
        }
        streams.table.retire(id);
        streams.table.erase_gone();
    }
}

TEST_CASE("a later stream does not inherit the counters of the earlier one in its place") {
    Streams streams;
    const io::StreamId earlier = streams.add("earlier").id();
    streams.table.sends()[earlier.index].counters.frames_sent_copy = 5;
    streams.table.retire(earlier);
    streams.table.erase_gone();
    CHECK(streams.add("later").status().sends.frames_sent_copy == 0);
}

TEST_CASE("a retiring stream is in the table and not in the directory") {
    Streams streams;
    streams.source.has_stopped = false;
    const io::StreamId first = streams.add("first").id();
    streams.add("second");
    CHECK(streams.listed() == Names{"first", "second"});
    streams.table.retire(first);
    CHECK(streams.listed() == Names{"second"});
    CHECK(streams.existing() == Names{"first", "second"});
    CHECK(streams.table.find(first) != nullptr);
    CHECK(streams.table.get(first).retiring());
    CHECK(streams.source.stops == 1);
    streams.table.retire(first); // once more makes no difference
    CHECK(streams.source.stops == 1);
}

TEST_CASE("streams are listed in the order in which they were added, whatever their place") {
    Streams streams;
    const io::StreamId first = streams.add("first").id();
    streams.add("second");
    streams.table.retire(first);
    streams.table.erase_gone();
    CHECK(streams.add("third").id().index == first.index);
    CHECK(streams.listed() == Names{"second", "third"});
    CHECK(streams.existing() == Names{"second", "third"});
}

TEST_CASE("a stream is listed in the place of the one that it replaces") {
    Streams streams;
    streams.source.has_stopped = false;
    const io::StreamId first = streams.add("first").id();
    streams.table.retire(streams.add("other").id());
    streams.source.has_stopped = true;
    streams.table.erase_gone();
    Stream& next = streams.table.add_in_place_of(first, streams.setup("first"), streams.engine,
                                                 streams.settings, nullptr);
    CHECK(next.id() != first);
    CHECK(streams.table.full());
    CHECK(streams.listed() == Names{"first"});
    CHECK(streams.table.directory().front().id == next.id());
    streams.table.retire(first);
    streams.table.erase_gone();
    CHECK(streams.existing() == Names{"first"});
    CHECK(streams.table.find(first) == nullptr);
    CHECK(streams.table.free_count() == 1);
}

TEST_CASE("a source that was never started is not stopped, and keeps no stream") {
    Streams streams;
    streams.source.has_stopped = false;
    const Stream& stream =
        streams.table.add(streams.setup("only"), streams.engine, streams.settings, nullptr);
    const io::StreamId id = stream.id();
    streams.table.retire(id);
    CHECK(streams.source.stops == 0);
    CHECK(stream.source_stopped());
    streams.table.erase_gone();
    CHECK(streams.table.find(id) == nullptr);
}

TEST_CASE("a successor counts frames on, and has no signal until its first one") {
    Streams streams;
    Stream& earlier = streams.add("only");
    for (int frame = 0; frame < 3; ++frame) {
        streams.publish(earlier);
    }
    connection::Connection waiter;
    earlier.snapshot_waiters().add(waiter);
    Stream& next = streams.table.add_in_place_of(earlier.id(), streams.setup("only"),
                                                 streams.engine, streams.settings, nullptr);
    next.succeed(earlier);
    streams.table.retire(earlier.id());
    CHECK(next.sequence() == 3);
    CHECK(next.status().width == 64);
    CHECK(next.signal().state() == stream::StreamState::lost);
    CHECK(next.signal().reason() == "reconfigured");
    CHECK(next.signal().starting());
    CHECK(earlier.snapshot_waiters().empty());
    CHECK_FALSE(next.snapshot_waiters().empty());
    next.start();
    streams.publish(next);
    CHECK(next.sequence() == 4);
    CHECK(next.signal().state() == stream::StreamState::live);
    stream::ConnectionList::remove(waiter);
}

TEST_CASE("a stream that does not end is never erased") {
    Streams streams;
    const io::StreamId id = streams.add("only").id();
    streams.table.erase_gone();
    CHECK(streams.table.find(id) != nullptr);
}

TEST_CASE("an ended stream is erased when its source has stopped") {
    Streams streams;
    const io::StreamId id = streams.add("only").id();
    streams.source.has_stopped = false;
    streams.table.retire(id);
    streams.table.erase_gone();
    CHECK(streams.table.find(id) != nullptr);
    streams.source.has_stopped = true;
    streams.table.erase_gone();
    CHECK(streams.table.find(id) == nullptr);
    CHECK(streams.existing().empty());
}

TEST_CASE("an ended stream is erased when its last viewer has left") {
    Streams streams;
    const io::StreamId id = streams.add("only").id();
    streams.table.sends()[id.index].viewers = 2;
    streams.table.retire(id);
    for (int viewer = 0; viewer < 2; ++viewer) {
        streams.table.erase_gone();
        CHECK(streams.table.find(id) != nullptr);
        --streams.table.sends()[id.index].viewers;
    }
    streams.table.erase_gone();
    CHECK(streams.table.find(id) == nullptr);
}

TEST_CASE("an ended stream is erased when nobody waits for a snapshot of it") {
    Streams streams;
    connection::Connection waiter;
    Stream& stream = streams.add("only");
    const io::StreamId id = stream.id();
    stream.snapshot_waiters().add(waiter);
    streams.table.retire(id);
    streams.table.erase_gone();
    CHECK(streams.table.find(id) != nullptr);
    stream::ConnectionList::remove(waiter);
    streams.table.erase_gone();
    CHECK(streams.table.find(id) == nullptr);
}

TEST_CASE("an ended stream is erased when none of its frames is on its way any more") {
    Streams streams;
    connection::FrameSend send;
    const io::StreamId id = streams.add("only").id();
    streams.table.sends()[id.index].in_flight.push_back(send);
    streams.table.retire(id);
    streams.table.erase_gone();
    CHECK(streams.table.find(id) != nullptr);
    connection::InFlightList::remove(send);
    streams.table.erase_gone();
    CHECK(streams.table.find(id) == nullptr);
}

TEST_CASE("an ended stream releases its newest frame at once and publishes no other") {
    Streams streams;
    Stream& stream = streams.add("only");
    const std::uint16_t slots = streams.sink.arena().free_count();
    const auto publish = [&stream] {
        frame::WritableSlot slot = stream.take_slot();
        frame::FrameInfo info;
        info.jpeg_offset = slot.payload_offset();
        info.jpeg_bytes = 4;
        stream.publish(std::move(slot), info);
    };
    publish();
    CHECK(streams.sink.arena().free_count() == slots - 1);
    streams.table.retire(stream.id());
    CHECK(streams.sink.arena().free_count() == slots);
    publish();
    CHECK(streams.sink.arena().free_count() == slots);
    CHECK_FALSE(stream.latest().valid());
}
