#include "source/publish_frame.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::source {

namespace {

using namespace std::chrono_literals;

TEST_CASE("a published frame is counted and reaches the stream with its times") {
    test::FakeSink sink(10'000);
    SourceCounters counters;
    const std::string bytes = test::jpeg(100);
    for (const bool repaired : {false, true}) {
        frame::WritableSlot slot = sink.take_slot();
        std::memcpy(slot.payload().data(), bytes.data(), bytes.size());
        const jpeg::RepairedFrame found{slot.payload_offset(), bytes.size(), 64, 48, repaired};
        const frame::FrameInfo info = frame_info(found, Instant{} + 1s, WallTime{} + 2s);
        publish_frame(sink, counters, std::move(slot), info, found.changed);
    }
    CHECK(counters.frames == 2);
    CHECK(counters.frames_repaired == 1);
    CHECK(counters.bytes == 2 * bytes.size());
    CHECK(sink.frames == std::vector<std::string>{bytes, bytes});
    CHECK(sink.infos.back().width == 64);
    CHECK(sink.infos.back().height == 48);
    CHECK(sink.infos.back().captured_at == Instant{} + 1s);
    CHECK(sink.infos.back().captured == WallTime{} + 2s);
    CHECK_FALSE(sink.infos.back().placeholder);
}

} // namespace

} // namespace ringcast::source
