#include "capture/camera_frames.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "capture/fake_camera.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

using test::FakeCamera;
using test::jpeg;
using Numbers = std::vector<std::uint32_t>;

constexpr io::StreamId stream_id{3, 1};
constexpr std::uint8_t encode_operation = 1;
constexpr std::uint8_t release_operation = 2;
const std::string grey(std::size_t{128} * 48, '\x80'); ///< a picture in YUYV

class NoEvents final : public CameraEvents {
public:
    void frame_done(const camera::CapturedFrame& /*frame*/) noexcept override {}
    void unplugged() noexcept override {}
    void cameras_changed() noexcept override {}
};

class Recycled final : public camera::BufferRecycler {
public:
    void recycle(std::uint32_t buffer) noexcept override { buffers.push_back(buffer); }

    Numbers buffers;
};

/// The frames of a camera whose buffers the test fills.
class Bench final : public test::Driven {
public:
    explicit Bench(const config::LibcameraConfig& wanted = {})
        : sink(8UL * 1024UL), frames(engine, recycled, counters, wanted, 1) {
        constexpr std::uint32_t only_run = 1;
        frames.start(sink, stream_id, io::source_token(stream_id, encode_operation, only_run),
                     release_operation);
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override {
        frames.close();
        sink.let_go();
        frames.release_unused();
        frames.stop();
        until([this] { return frames.stopped(); });
    }

    Result<void> open() {
        test::FakeDevice device(camera);
        NoEvents events;
        OpenedCamera opened = device.open(events, {}).value();
        memory.clear();
        for (const CameraBuffer& buffer : opened.buffers) {
            memory.push_back(buffer.planes().front());
        }
        return frames.open(std::move(opened));
    }
    /// The camera captures `bytes` into a buffer.
    [[nodiscard]] jpeg::Fault capture(std::uint32_t buffer, std::string_view bytes,
                                      Instant captured_at = {}) {
        std::memcpy(memory[buffer].data(), bytes.data(), bytes.size());
        camera::CapturedFrame frame;
        frame.buffer = buffer;
        frame.whole = true;
        frame.bytes = bytes.size();
        frame.captured_at = captured_at;
        return frames.take(frame);
    }
    [[nodiscard]] source::CameraStatus status() const {
        source::CameraStatus status;
        status.buffers = frames.is_open() ? FakeCamera::buffer_count : 0;
        frames.describe(status);
        return status;
    }

    FakeCamera camera;
    Recycled recycled;
    test::FakeSink sink;
    source::SourceCounters counters;
    std::vector<ByteSpan> memory;
    CameraFrames frames;

private:
    void take(const io::Completion& completion) override {
        if (io::source_token_operation(completion.token) == encode_operation) {
            frames.on_encode_completion(completion);
        } else {
            frames.on_release_completion(completion);
        }
    }
};

} // namespace

TEST_CASE("frames of a camera that produces JPEG are published, watched or not") {
    Bench bench;
    bench.engine.registration_refusal = "too little memory";
    REQUIRE(bench.open());
    CHECK(bench.frames.is_open());
    CHECK_FALSE(bench.frames.pauses_unwatched());
    CHECK(bench.capture(2, jpeg(10)) == jpeg::Damage::none);
    CHECK(bench.sink.frames == std::vector{jpeg(10)});
    CHECK(bench.recycled.buffers == Numbers{2});
    const source::CameraStatus status = bench.status();
    CHECK(status.tier == "copied");
    CHECK(status.tier_reason == "too little memory");
    CHECK(status.buffers_free == FakeCamera::buffer_count);
    CHECK(status.counters.copied == 1);
}

TEST_CASE("a lent buffer is recycled after the last viewer has released its frame") {
    Bench bench;
    bench.engine.registration_refusal.reset();
    REQUIRE(bench.open());
    CHECK(bench.capture(1, jpeg(10)) == jpeg::Damage::none);
    CHECK(bench.recycled.buffers.empty());
    CHECK(bench.status().tier == "registered");
    CHECK(bench.status().buffers_lent == 1);
    CHECK(bench.status().buffers_free == FakeCamera::buffer_count - 1);
    bench.sink.let_go();
    CHECK(bench.recycled.buffers == Numbers{1});
    CHECK(bench.status().buffers_lent == 0);
}

TEST_CASE("the buffer of a closed camera is not recycled, but unused once its frame is released") {
    Bench bench;
    bench.engine.registration_refusal.reset();
    REQUIRE(bench.open());
    CHECK(bench.capture(1, jpeg(10)) == jpeg::Damage::none);
    bench.frames.close();
    CHECK_FALSE(bench.frames.is_open());
    CHECK_FALSE(bench.frames.has_unused());
    bench.sink.let_go();
    CHECK(bench.recycled.buffers.empty());
    CHECK(bench.frames.has_unused());
    bench.frames.release_unused();
    CHECK_FALSE(bench.frames.has_unused());
    CHECK(bench.engine.released == FakeCamera::buffer_count);
}

TEST_CASE("what is wrong with a damaged JPEG is returned, and its buffer is recycled") {
    Bench bench;
    REQUIRE(bench.open());
    CHECK(bench.capture(0, jpeg(100).substr(0, 50)) == jpeg::Damage::end_missing);
    CHECK(bench.recycled.buffers == Numbers{0});
    CHECK(bench.sink.frames.empty());
}

TEST_CASE("frames in a raw format are encoded while somebody is watching") {
    Bench bench;
    bench.camera.format = "YUYV";
    bench.camera.stride = 128;
    REQUIRE(bench.open());
    CHECK(bench.frames.pauses_unwatched());
    CHECK(bench.capture(0, grey) == jpeg::Damage::none);
    CHECK(bench.recycled.buffers == Numbers{0});
    bench.frames.set_watched(true);
    CHECK(bench.capture(1, grey) == jpeg::Damage::none);
    CHECK(bench.status().buffers_free == FakeCamera::buffer_count - 1);
    bench.until([&] { return bench.sink.frames.size() == 1; });
    CHECK(bench.recycled.buffers == Numbers{0, 1});
    const source::CameraStatus status = bench.status();
    CHECK(status.tier == "encoded");
    CHECK(status.tier_reason == "the camera makes no JPEG");
    CHECK(status.buffers_free == FakeCamera::buffer_count);
    CHECK(status.counters.encoded == 1);
    CHECK(status.counters.encode_skipped == 1);
}

namespace {

/// A camera with raw pictures that is watched.
class RawBench {
public:
    explicit RawBench(std::uint32_t buffers) {
        bench.camera.format = "YUYV";
        bench.camera.stride = 128;
        bench.camera.buffers_made = buffers;
        REQUIRE(bench.open());
        bench.frames.set_watched(true);
    }
    /// The camera captures into the buffer, and the frame is encoded.
    void encode(std::uint32_t buffer) {
        const std::size_t before = bench.sink.frames.size();
        ++number_;
        REQUIRE(bench.capture(buffer, grey, at()) == jpeg::Damage::none);
        bench.until([&] { return bench.sink.frames.size() > before; });
    }
    [[nodiscard]] source::RawFrame lend() { return bench.frames.lend_raw(at()); }
    /// Capture time of the newest frame.
    [[nodiscard]] Instant at() const { return Instant(std::chrono::milliseconds(33) * number_); }

    Bench bench;

private:
    int number_ = 0;
};

} // namespace

TEST_CASE("the raw picture of the newest frame is lent from the second request on") {
    RawBench raw(6);
    raw.encode(0);
    CHECK_FALSE(raw.lend().valid()); // nobody had asked before
    CHECK(raw.bench.recycled.buffers == Numbers{0});
    raw.encode(1);
    CHECK(raw.bench.recycled.buffers == Numbers{0});
    {
        const source::RawFrame lent = raw.lend();
        const source::RawFrame again = raw.lend(); // for another rendition
        REQUIRE(lent.valid());
        CHECK(lent.picture()->width == 64);
        CHECK(lent.picture()->planes[0].bytes.data() == raw.bench.memory[1].data());
        CHECK_FALSE(raw.bench.frames.lend_raw(raw.at() - Duration(1)).valid()); // an older frame
        CHECK(raw.bench.status().buffers_free == FakeCamera::buffer_count - 1);
    }
    CHECK(raw.bench.recycled.buffers == Numbers{0}); // others may ask for it
    raw.encode(2);
    CHECK(raw.bench.recycled.buffers == Numbers{0, 1});
    raw.encode(3); // nobody has asked for 2
    CHECK(raw.bench.recycled.buffers == Numbers{0, 1, 2, 3});
}

TEST_CASE("a buffer that is read for a rendition is recycled when it is given back") {
    RawBench raw(6);
    raw.encode(0);
    static_cast<void>(raw.lend());
    raw.encode(1);
    source::RawFrame lent = raw.lend();
    raw.encode(2);
    static_cast<void>(raw.lend());
    CHECK(raw.bench.recycled.buffers == Numbers{0});
    lent.release();
    CHECK(raw.bench.recycled.buffers == Numbers{0, 1});
    raw.bench.frames.set_watched(false); // nobody will ask for 2 any more
    CHECK(raw.bench.recycled.buffers == Numbers{0, 1, 2});
}

TEST_CASE("lent buffers leave the camera two beside those that are encoded and wait") {
    const auto buffers = GENERATE(3U, 4U, 5U, 6U);
    const std::size_t lent_max = buffers > 4 ? buffers - 4 : 0;
    RawBench raw(buffers);
    std::vector<source::RawFrame> lent;
    raw.encode(0);
    static_cast<void>(raw.lend());
    for (std::uint32_t buffer = 1; buffer < buffers; ++buffer) {
        raw.encode(buffer);
        if (source::RawFrame frame = raw.lend(); frame.valid()) {
            lent.push_back(std::move(frame));
        }
    }
    CHECK(lent.size() == lent_max);
    CHECK(raw.bench.recycled.buffers.size() == buffers - lent_max);
}

TEST_CASE("memory of a closed camera stays mapped until renditions have read it") {
    RawBench raw(6);
    raw.encode(0);
    static_cast<void>(raw.lend());
    raw.encode(1);
    source::RawFrame lent = raw.lend();
    REQUIRE(lent.valid());
    const encode::RawPicture picture = *lent.picture();
    raw.bench.frames.close();
    CHECK(picture.planes[0].bytes[0] == std::byte{0x80});
    raw.bench.frames.stop();
    CHECK_FALSE(raw.bench.frames.stopped());
    lent.release();
    CHECK(raw.bench.recycled.buffers == Numbers{0});
}

TEST_CASE("a slow camera's raw frames are encoded at all times, so that snapshots need not wait") {
    config::LibcameraConfig wanted;
    wanted.fps = GENERATE(0.2, 1.0);
    Bench bench(wanted);
    bench.camera.format = "YUYV";
    bench.camera.stride = 128;
    REQUIRE(bench.open());
    CHECK_FALSE(bench.frames.pauses_unwatched());
    CHECK(bench.capture(0, grey) == jpeg::Damage::none);
    bench.until([&] { return bench.sink.frames.size() == 1; });
    bench.frames.set_watched(true);
    bench.frames.set_watched(false);
    CHECK(bench.capture(1, grey) == jpeg::Damage::none);
    bench.until([&] { return bench.sink.frames.size() == 2; });
    CHECK(bench.status().counters.encode_skipped == 0);
}

TEST_CASE("the configured raw format is the reason for tier encoded") {
    config::LibcameraConfig wanted;
    wanted.format = "YUYV";
    Bench bench(wanted);
    bench.camera.format = "YUYV";
    bench.camera.stride = 128;
    REQUIRE(bench.open());
    CHECK(bench.status().tier_reason == "`format` asks for YUYV");
}

TEST_CASE("nothing is open after opening has failed") {
    Bench bench;
    SECTION("without buffers") {
        bench.camera.buffers_made = 0;
        CHECK_FALSE(bench.open());
    }
    SECTION("because raw pictures do not fit into the buffers") {
        bench.camera.format = "YUYV";
        bench.camera.size = {640, 480};
        bench.camera.stride = 1280;
        CHECK_FALSE(bench.open());
    }
    CHECK_FALSE(bench.frames.is_open());
    CHECK_FALSE(bench.frames.pauses_unwatched());
    CHECK(bench.status().tier.empty());
}

} // namespace ringcast::capture
