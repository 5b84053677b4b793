#include "input/pattern_player.hpp"

#include <catch2/catch_test_macros.hpp>

#include "jpeg/stamp.hpp"
#include "os/clock.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

struct Bench : test::SourceBench<PatternSource> {
    Bench(const config::PatternConfig& pattern, std::size_t frame_max)
        : SourceBench(frame_max, io::StreamId{0, 1}, "test", pattern) {}
};

} // namespace

TEST_CASE("the pattern's frames carry their sequence, capture time and checksum") {
    Bench bench({{320, 240}, 200, 80}, 200'000);
    const WallTime before = os::wall_now();
    bench.until([&] { return bench.sink.frames.size() >= 30; });
    for (std::size_t i = 0; i < 30; ++i) {
        const ConstByteSpan frame = as_bytes(bench.sink.frames[i]);
        const auto stamp = jpeg::read_stamp(frame);
        REQUIRE(stamp.has_value());
        CHECK(stamp->sequence == i + 1);
        CHECK(stamp->captured == bench.sink.infos[i].captured);
        CHECK(stamp->crc == jpeg::stamp_checksum(frame));
        CHECK(bench.sink.infos[i].width == 320);
        CHECK(bench.sink.infos[i].height == 240);
    }
    CHECK(bench.sink.infos[29].captured > before);
    CHECK(bench.sink.infos[29].captured_at <= os::monotonic_now());
    // Thirty frames at 200 a second: the last is captured no earlier than 29 periods after the
    // first was due.
    CHECK(bench.sink.infos[29].captured_at - bench.sink.infos[0].captured_at >
          std::chrono::milliseconds(100));
    CHECK(bench.source.counters().frames >= 30);
    CHECK(bench.source.kind() == "pattern");
}

TEST_CASE("the reason for an oversized pattern names the setting to raise") {
    Bench bench({{640, 480}, 100, 95}, 3000);
    bench.until([&] { return !bench.sink.reasons.empty(); });
    CHECK(bench.sink.reasons.back() ==
          "the pattern's frames are larger than frame_max = 2.9 KiB: raise it in [memory]");
    CHECK(bench.sink.frames.empty());
}

} // namespace ringcast::input
