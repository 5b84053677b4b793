#include "camera/camera_pool.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "http/multipart.hpp"
#include "jpeg/samples.hpp"

namespace ringcast::camera {

namespace {

using namespace std::chrono_literals;
using test::Bytes;
using Numbers = std::vector<std::uint32_t>;

constexpr std::size_t buffer_bytes = 16UL * 1024UL;

/// A stream that keeps the latest frame, and every frame while viewers are stalled.
class Sink final : public source::FrameSink {
public:
    explicit Sink(std::size_t page, std::uint16_t slots, std::size_t frame_max)
        : geometry_{page, frame_max, slots}, memory_(geometry_.arena_bytes()),
          arena_(memory_, geometry_, http::Boundary(1, 2), std::nullopt) {}

    [[nodiscard]] frame::FrameArena& arena() noexcept override { return arena_; }
    [[nodiscard]] frame::WritableSlot take_slot() noexcept override { return arena_.take_slot(); }
    void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept override {
        latest = arena_.seal(std::move(slot), info, ++sequence_);
        infos.push_back(info);
        if (viewers_stalled) {
            stalled.push_back(latest.share());
        }
    }
    void signal_lost(std::string_view) noexcept override {}
    void signal_awaited(std::string_view) noexcept override {}
    void pause() noexcept override {}
    void ended(std::string_view) noexcept override {}

private:
    frame::SlotGeometry geometry_;
    std::vector<std::byte> memory_;
    frame::FrameArena arena_;
    std::uint64_t sequence_ = 0;

public:
    std::vector<frame::FrameInfo> infos;
    bool viewers_stalled = false;
    frame::FrameLease latest;
    std::vector<frame::FrameLease> stalled;
};

struct Setup {
    std::size_t page = 4096;
    std::size_t buffers = 4;
    bool registered = true;
    std::uint16_t slots = 8;
    std::size_t frame_max = buffer_bytes;
};

/// A camera that writes the test's frames into the buffer that has been queued longest.
class Bench final : public BufferRecycler {
public:
    explicit Bench(Setup setup = {})
        : sink(setup.page, setup.slots, setup.frame_max), setup_(setup), pool(*this, counters) {
        pool.start(sink);
        plug();
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override {
        unplug();
        release_frames();
        CHECK(pool.idle());
        CHECK(pool.counters().buffers_lent == 0);
        CHECK(unused_sets().size() == sets.size());
    }

    void plug() {
        std::vector<PoolBuffer> mapped;
        std::vector<Bytes>& memory = sets.emplace_back();
        for (std::size_t i = 0; i < setup_.buffers; ++i) {
            // The buffer in whole pages, and a page before and behind it.
            const std::size_t pages = (buffer_bytes + setup_.page - 1) / setup_.page + 2;
            memory.emplace_back(setup_.registered ? pages * setup_.page : buffer_bytes);
        }
        for (std::uint32_t i = 0; i < setup_.buffers; ++i) {
            PoolBuffer& buffer = mapped.emplace_back();
            buffer.memory = memory[i];
            if (setup_.registered) {
                buffer.registered = io::BufferId{static_cast<std::uint16_t>(10 + i)};
            }
            queued.push_back(i);
        }
        plugged_ = true;
        CHECK(pool.open(mapped) == sets.size());
    }
    void unplug() {
        if (plugged_) {
            plugged_ = false;
            queued.clear();
            pool.close();
        }
    }
    /// Viewers and the stream release all frames.
    void release_frames() {
        sink.viewers_stalled = false;
        sink.stalled.clear();
        sink.latest.release();
    }

    /// The camera captures `jpeg`.
    FrameOutcome capture(const Bytes& jpeg) {
        REQUIRE_FALSE(queued.empty());
        CapturedFrame frame;
        frame.buffer = queued.front();
        queued.erase(queued.begin());
        frame.bytes = jpeg.size();
        now_ += 33ms;
        frame.captured_at = now_;
        frame.captured = WallTime{now_.time_since_epoch()};
        std::copy_n(jpeg.data(), std::min(jpeg.size(), buffer_bytes), payload(frame.buffer));
        const FrameOutcome outcome = pool.on_frame(frame);
        if (outcome != FrameOutcome::lent) {
            recycle(frame.buffer);
        }
        return outcome;
    }

    [[nodiscard]] std::byte* payload(std::size_t buffer) {
        return sets.back()[buffer].data() + (setup_.registered ? setup_.page : 0);
    }
    [[nodiscard]] bool in_camera_memory(ConstByteSpan bytes) const {
        return std::ranges::any_of(sets.back(), [&](const Bytes& memory) {
            return bytes.data() >= memory.data() &&
                   bytes.data() + bytes.size() <= memory.data() + memory.size();
        });
    }

    void recycle(std::uint32_t buffer) noexcept override { queued.push_back(buffer); }
    /// All sets that the pool has reported so far.
    const Numbers& unused_sets() {
        while (const auto set = pool.take_unused_set()) {
            unused_sets_.push_back(*set);
        }
        CHECK_FALSE(pool.has_unused_set());
        return unused_sets_;
    }

    std::vector<std::vector<Bytes>> sets;
    Numbers queued;
    Sink sink;
    source::SourceCounters counters;

private:
    Setup setup_;
    bool plugged_ = false;
    Numbers unused_sets_;
    Instant now_{};

public:
    CameraPool pool;
};

} // namespace

TEST_CASE("a frame is published in the camera's buffer, which is recycled afterwards") {
    Bench bench({.page = GENERATE(4096U, 16384U, 65536U)});
    const Bytes first = test::make_jpeg({.seed = 1});
    const Bytes second = test::make_jpeg({.seed = 2});
    REQUIRE(bench.capture(first) == FrameOutcome::lent);
    CHECK(std::ranges::equal(bench.sink.latest.jpeg_span(), first));
    CHECK(bench.in_camera_memory(bench.sink.latest.standard_span()));
    CHECK(bench.in_camera_memory(bench.sink.latest.advance_span()));
    CHECK(bench.sink.latest.buffer() == io::BufferId{10});
    CHECK(bench.sink.infos[0].width == 32);
    CHECK(bench.sink.infos[0].height == 24);
    CHECK(bench.queued == Numbers{1, 2, 3});
    CHECK(bench.pool.counters().buffers_lent == 1);
    CHECK(bench.pool.counters().buffers_free == 3);

    REQUIRE(bench.capture(second) == FrameOutcome::lent);
    CHECK(std::ranges::equal(bench.sink.latest.jpeg_span(), second));
    CHECK(bench.queued == Numbers{2, 3, 0});
    CHECK(bench.pool.counters().lent == 2);
    CHECK(bench.pool.counters().bytes_copied == 0);
    CHECK(bench.counters.frames == 2);
    CHECK(bench.counters.bytes == first.size() + second.size());
}

TEST_CASE(
    "a frame whose buffer is not registered is copied once, and the buffer is recycled at once") {
    Bench bench({.page = GENERATE(4096U, 16384U, 65536U), .registered = false});
    const Bytes jpeg = test::make_jpeg({});
    REQUIRE(bench.capture(jpeg) == FrameOutcome::copied);
    CHECK(std::ranges::equal(bench.sink.latest.jpeg_span(), jpeg));
    CHECK_FALSE(bench.in_camera_memory(bench.sink.latest.jpeg_span()));
    CHECK(bench.queued == Numbers{1, 2, 3, 0});
    CHECK(bench.pool.counters().copied == 1);
    CHECK(bench.pool.counters().copied_under_pressure == 0);
    CHECK(bench.pool.counters().bytes_copied == jpeg.size());
}

TEST_CASE("frames are copied only while the camera has few buffers left") {
    Bench bench;
    const Bytes jpeg = test::make_jpeg({});
    bench.sink.viewers_stalled = true;
    CHECK(bench.capture(jpeg) == FrameOutcome::lent);
    CHECK(bench.capture(jpeg) == FrameOutcome::lent);
    CHECK(bench.queued.size() == 2);
    for (int frame = 0; frame < 5; ++frame) {
        CHECK(bench.capture(jpeg) == FrameOutcome::copied);
        CHECK(bench.queued.size() == 2);
    }
    CHECK(bench.pool.counters().copied_under_pressure == 5);
    bench.release_frames();
    CHECK(bench.queued.size() == 4);
    for (int frame = 0; frame < 100; ++frame) {
        CHECK(bench.capture(jpeg) == FrameOutcome::lent);
    }
    CHECK(bench.pool.counters().copied_under_pressure == 5);
}

TEST_CASE("viewers never use more than all but two of a camera's buffers") {
    const std::size_t buffers = GENERATE(1U, 2U, 3U, 4U, 5U, 8U);
    Bench bench({.buffers = buffers, .slots = 100});
    const Bytes jpeg = test::make_jpeg({});
    bench.sink.viewers_stalled = true;
    for (int frame = 0; frame < 50; ++frame) {
        static_cast<void>(bench.capture(jpeg));
        CHECK(bench.queued.size() >= std::min(buffers, CameraPool::reserve));
    }
    CHECK(bench.counters.frames == 50);
    CHECK(bench.pool.counters().lent == buffers - std::min(buffers, CameraPool::reserve));
}

TEST_CASE(
    "missing Huffman tables are inserted in lent buffers and copies without moving the picture") {
    const bool registered = GENERATE(true, false);
    Bench bench({.registered = registered});
    const Bytes whole = test::make_jpeg({});
    const Bytes bare = test::without_huffman_tables(whole);
    REQUIRE(bench.capture(bare) == (registered ? FrameOutcome::lent : FrameOutcome::copied));
    const ConstByteSpan shown = bench.sink.latest.jpeg_span();
    const auto decoded = test::decode_jpeg(shown);
    REQUIRE(decoded);
    CHECK(decoded->rgb == test::decode_jpeg(whole)->rgb);
    CHECK(bench.in_camera_memory(shown) == registered);
    if (registered) {
        CHECK(shown.data() + shown.size() == bench.payload(0) + bare.size());
    }
    CHECK(bench.counters.frames_repaired == 1);
    static_cast<void>(bench.capture(whole));
    CHECK(bench.counters.frames == 2);
    CHECK(bench.counters.frames_repaired == 1);
}

TEST_CASE("padding after a frame is not published") {
    const bool registered = GENERATE(true, false);
    Bench bench({.registered = registered});
    const Bytes jpeg = test::make_jpeg({});
    Bytes padded = jpeg;
    padded.resize(buffer_bytes - http::PartTail::advance_bytes);
    static_cast<void>(bench.capture(padded));
    CHECK(std::ranges::equal(bench.sink.latest.jpeg_span(), jpeg));
}

TEST_CASE("a damaged frame is dropped and counted, and its buffer is recycled at once") {
    const bool registered = GENERATE(true, false);
    Bench bench({.registered = registered});
    const Bytes jpeg = test::make_jpeg({});
    SECTION("truncated") {
        const Bytes half(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() / 2));
        CHECK(bench.capture(half) == FrameOutcome::damaged);
        CHECK(bench.pool.fault() == jpeg::Damage::end_missing);
    }
    SECTION("empty, according to the driver") {
        CHECK(bench.capture({}) == FrameOutcome::damaged);
        CHECK(bench.pool.fault() == jpeg::Damage::beginning_missing);
    }
    SECTION("with more pixels than allowed") {
        const Bytes bomb =
            test::bytes_of({0xFF, 0xD8, 0xFF, 0xC2, 0, 11, 8, 0x40, 0, 0x20, 0, 1, 1,    0x11,
                            0,    0xFF, 0xDA, 0,    8, 1,  1, 0,    0, 63,   0, 1, 0xFF, 0xD9});
        CHECK(bench.capture(bomb) == FrameOutcome::damaged);
        CHECK(bench.pool.fault() == jpeg::Fault(jpeg::Damage::picture_too_large, 0x2000, 0x4000));
    }
    SECTION("longer than its buffer, according to the driver") {
        CHECK(bench.capture(Bytes(4 * buffer_bytes)) == FrameOutcome::damaged);
    }
    CHECK(bench.queued == Numbers{1, 2, 3, 0});
    CHECK(bench.counters.frames_damaged == 1);
    CHECK(bench.counters.frames == 0);
    CHECK_FALSE(bench.sink.latest.valid());
    CHECK(bench.sink.arena().free_count() == 8);
}

TEST_CASE("a frame that has to be copied must not be larger than frame_max") {
    const Bytes jpeg = test::make_jpeg({});
    SECTION("one that just fits") {
        Bench bench({.registered = false, .frame_max = jpeg.size()});
        CHECK(bench.capture(jpeg) == FrameOutcome::copied);
    }
    SECTION("one that is a byte too large") {
        Bench bench({.registered = false, .frame_max = jpeg.size() - 1});
        CHECK(bench.capture(jpeg) == FrameOutcome::oversized);
        CHECK(bench.counters.frames_oversized == 1);
    }
}

TEST_CASE("a frame is dropped if it has to be copied and viewers use every slot") {
    Bench bench({.registered = false, .slots = 2});
    const Bytes jpeg = test::make_jpeg({});
    bench.sink.viewers_stalled = true;
    CHECK(bench.capture(jpeg) == FrameOutcome::copied);
    CHECK(bench.capture(jpeg) == FrameOutcome::copied);
    CHECK(bench.capture(jpeg) == FrameOutcome::no_slot);
    CHECK(bench.queued.size() == 4);
    CHECK(bench.counters.frames_dropped == 1);
    bench.release_frames();
    CHECK(bench.capture(jpeg) == FrameOutcome::copied);
}

TEST_CASE("frames stay valid for viewers after the camera was unplugged") {
    Bench bench;
    const Bytes jpeg = test::make_jpeg({});
    bench.sink.viewers_stalled = true;
    REQUIRE(bench.capture(jpeg) == FrameOutcome::lent);
    REQUIRE(bench.capture(jpeg) == FrameOutcome::lent);
    bench.unplug();
    CHECK_FALSE(bench.pool.idle());
    CHECK(bench.pool.counters().buffers_free == 0);
    CHECK(bench.pool.counters().buffers_lent == 2);
    CHECK(std::ranges::equal(bench.sink.stalled[0].jpeg_span(), jpeg));
    bench.sink.stalled.erase(bench.sink.stalled.begin());
    CHECK(bench.unused_sets().empty());
    bench.release_frames();
    CHECK(bench.unused_sets() == Numbers{1});
    CHECK(bench.queued.empty());
    CHECK(bench.pool.idle());
}

TEST_CASE("a set of which viewers use no buffer is unused as soon as it is closed") {
    Bench bench({.registered = GENERATE(true, false)});
    bench.unplug();
    CHECK(bench.unused_sets() == Numbers{1});
    bench.unplug();
    CHECK(bench.pool.idle());
}

TEST_CASE("a camera is plugged in again while viewers still use its earlier buffers") {
    Bench bench;
    const Bytes jpeg = test::make_jpeg({.seed = 1});
    const Bytes after = test::make_jpeg({.seed = 2});
    bench.sink.viewers_stalled = true;
    REQUIRE(bench.capture(jpeg) == FrameOutcome::lent);
    bench.unplug();
    bench.plug();
    CHECK(bench.queued.size() == 4);
    REQUIRE(bench.capture(after) == FrameOutcome::lent);
    CHECK(std::ranges::equal(bench.sink.latest.jpeg_span(), after));
    CHECK(std::ranges::equal(bench.sink.stalled[0].jpeg_span(), jpeg));
    CHECK(bench.pool.counters().buffers_lent == 2);

    bench.sink.stalled.erase(bench.sink.stalled.begin()); // the one from before the unplug
    CHECK(bench.unused_sets() == Numbers{1});
    CHECK(bench.queued.size() == 3); // the recycled one is not the open set's
}

TEST_CASE("frames are copied eventually if a camera is replugged repeatedly while viewers stall") {
    Bench bench({.slots = 100});
    const Bytes jpeg = test::make_jpeg({});
    bench.sink.viewers_stalled = true;
    for (int round = 0; round < 20; ++round) { // viewers keep two buffers of each
        for (int frame = 0; frame < 3; ++frame) {
            const FrameOutcome outcome = bench.capture(jpeg);
            CHECK((outcome == FrameOutcome::lent || outcome == FrameOutcome::copied));
            CHECK(bench.queued.size() >= 2);
        }
        bench.unplug();
        bench.plug();
    }
    CHECK(bench.pool.counters().buffers_lent <= frame::SlotGeometry::adopted_slots_max);
    CHECK(bench.counters.frames == 60);
    bench.release_frames();
    CHECK(bench.unused_sets().size() == 20);
}

} // namespace ringcast::camera
