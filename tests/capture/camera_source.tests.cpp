#include "capture/camera_source.hpp"

#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "base/bytes.hpp"
#include "capture/fake_camera.hpp"
#include "encode/jpeg_samples.hpp"
#include "encode/jpeg_transformer.hpp"
#include "jpeg/samples.hpp"
#include "os/dmabuf_log.hpp"
#include "os/mapped_memory.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

using test::FakeCamera;
using test::FakeDevice;
using test::jpeg;
using namespace std::chrono_literals;

constexpr std::size_t frame_bytes_max = 8UL * 1024UL;
constexpr io::StreamId stream_id{3, 1};

/// A CameraSource with the test's camera, and the stream that it publishes to.
class Bench : public test::SourceBench<CameraSource> {
public:
    explicit Bench(FakeCamera& camera, const config::LibcameraConfig& wanted = {},
                   int encode_workers = 1, const PictureChanges& changes = {})
        : SourceBench(frame_bytes_max, stream_id, std::string("door"), wanted,
                      std::make_unique<FakeDevice>(camera), encode_workers, changes) {}

    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;
    Bench(Bench&&) = delete;
    Bench& operator=(Bench&&) = delete;
    ~Bench() override { sink.let_go(); }

    void until_running() {
        until([this] { return source.camera()->running; });
    }
    void until_frames(std::size_t count) {
        until([this, count] { return sink.frames.size() >= count; });
    }
    void until_reasons(std::size_t count) {
        until([this, count] { return sink.reasons.size() >= count; });
    }
    void until_captured(std::uint64_t count) {
        until([this, count] { return source.camera()->counters.captured == count; });
    }
    /// Captures ten frames, each after the one before was published.
    void show_ten(FakeCamera& camera) {
        std::vector<std::string> expected;
        for (std::uint64_t sequence = 0; sequence < 10; ++sequence) {
            expected.push_back(jpeg(100 + sequence, static_cast<char>('a' + sequence)));
            REQUIRE(camera.capture(expected.back(), sequence));
            until_frames(expected.size());
        }
        CHECK(sink.frames == expected);
    }
    /// Lets time pass and calls `on_deadline` if it is due.
    void wait(Duration time) {
        engine.pass(time);
        if (source.deadline() <= engine.now()) {
            source.on_deadline(engine.now());
        }
    }
};

/// A camera that does not produce JPEG.
struct RawCamera : FakeCamera {
    RawCamera() {
        format = "YUYV";
        stride = 128;
    }
};
const std::string grey(std::size_t{128} * 48, '\x80'); ///< a picture of RawCamera

config::LibcameraConfig on_demand() {
    config::LibcameraConfig wanted;
    wanted.on_demand = true;
    wanted.idle_after = 10s;
    return wanted;
}

/// Luminance is noise, so that the JPEG is large.
std::string noise(std::size_t bytes) {
    std::string made(bytes, '\x80');
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < bytes; i += 2) {
        state = state * 1664525U + 1013904223U;
        made[i] = static_cast<char>(state >> 24U);
    }
    return made;
}

/// Whether all pages of the memory are mapped.
bool is_mapped(ByteSpan memory) {
    std::vector<unsigned char> pages(memory.size() / os::system_page_bytes());
    return ::mincore(memory.data(), memory.size(), pages.data()) == 0;
}

const OpenFailure in_use{camera::OpenError::busy, "another process uses it", "in use"};
const OpenFailure missing{camera::OpenError::absent, "there is none", "not there"};

} // namespace

TEST_CASE("JPEG frames of a camera are published unchanged, and their buffers are recycled") {
    FakeCamera camera;
    camera.controls.emplace_back().name = "Brightness";
    Bench bench(camera);
    bench.until_running();
    bench.show_ten(camera);
    CHECK(bench.sink.infos[7].captured_at == Instant(33ms * 7));
    CHECK(bench.sink.infos[7].captured == WallTime(33ms * 7));
    CHECK(bench.sink.infos[7].width == 64);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK(bench.source.counters().frames == 10);
    const auto status = bench.source.camera();
    CHECK(status->id == "id-of-it");
    CHECK(status->format == "MJPEG");
    CHECK(status->model == "a camera");
    CHECK(status->location == "front");
    CHECK(status->driver == "fakevideo");
    CHECK(status->library == "none");
    CHECK(status->counters.captured == 10);
    CHECK(status->counters.opened == 1);
    REQUIRE(bench.source.camera_controls().size() == 1);
    CHECK(bench.source.camera_controls().front().name == "Brightness");
    CHECK(bench.source.kind() == "libcamera");
}

TEST_CASE("failed, damaged, oversized and out-of-order frames are not published") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    test::LogCapture logged;
    REQUIRE(camera.capture(jpeg(10, 'a'), 5));
    REQUIRE(camera.capture(jpeg(10, 'b'), 6, false));
    REQUIRE(camera.capture("no JPEG", 7));
    REQUIRE(camera.capture(jpeg(frame_bytes_max + 70'000, 'c'), 8));
    bench.until_captured(3);
    REQUIRE(camera.capture(jpeg(10, 'd'), 4));
    REQUIRE(camera.capture(jpeg(10, 'e'), 100));
    bench.until_frames(2);
    CHECK(bench.sink.frames.front() == jpeg(10, 'a'));
    CHECK(bench.sink.frames.back() == jpeg(10, 'e'));
    const auto counters = bench.source.camera()->counters;
    CHECK(counters.driver_failed == 1);
    CHECK(counters.out_of_order == 1);
    // The last ones before 100 may still arrive.
    CHECK(counters.driver_dropped > 80);
    CHECK(bench.source.counters().frames_damaged == 2);
    CHECK(bench.source.counters().frames_oversized == 1);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK(logged.count("a damaged frame was skipped", LogLevel::warning) ==
          1); // logged once per burst
    CHECK(logged.count("larger than frame_max = 8 KiB", LogLevel::warning) == 1);
}

TEST_CASE("a damaged frame of a camera is logged with the reason") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    test::LogCapture logged;
    REQUIRE(camera.capture(jpeg(100).substr(0, 50), 0));
    bench.until([&] { return bench.source.counters().frames_damaged == 1; });
    CHECK(logged.count("its end (EOI) is missing", LogLevel::warning) == 1);
    bench.engine.pass(LogThrottle::quiet_default);
    REQUIRE(camera.capture(jpeg(10), 1, false));
    bench.until([&] { return bench.source.counters().frames_damaged == 2; });
    CHECK(logged.count("the camera's driver reports an error", LogLevel::warning) == 1);
}

TEST_CASE("frames are lent to viewers if the camera's memory can be registered") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    bench.show_ten(camera);
    const auto status = bench.source.camera();
    CHECK(status->tier == "registered");
    CHECK(status->tier_reason.empty());
    CHECK(status->counters.lent == 10);
    CHECK(status->counters.bytes_copied == 0);
    CHECK(status->buffers_lent == 1); // the latest frame
    CHECK(status->buffers_free == FakeCamera::buffer_count - 1);
    CHECK(camera.queued_count() == FakeCamera::buffer_count - 1);
}

TEST_CASE("frames are copied and counted while viewers use the camera's buffers") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    bench.sink.viewers_stalled = true;
    for (std::uint64_t sequence = 0; sequence < 4; ++sequence) {
        REQUIRE(camera.capture(jpeg(10), sequence));
        bench.until_frames(sequence + 1);
    }
    const auto status = bench.source.camera();
    CHECK(status->tier == "registered");
    CHECK(status->buffers_lent == 2);
    CHECK(status->buffers_free == 2);
    CHECK(status->counters.lent == 2);
    CHECK(status->counters.copied == 0);
    CHECK(status->counters.copied_under_pressure == 2);
    CHECK(status->counters.bytes_copied == 2 * jpeg(10).size());
    CHECK(camera.queued_count() == 2);
    bench.sink.viewers_stalled = false;
    bench.sink.let_go();
    CHECK(camera.queued_count() == 4);
    REQUIRE(camera.capture(jpeg(10), 4));
    bench.until_frames(5);
    CHECK(bench.source.camera()->counters.copied_under_pressure == 2);
}

TEST_CASE(
    "frames are copied if the camera's memory can't be registered, and the reason is reported") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal = "too little memory";
    test::LogCapture logged;
    bench.until_running();
    CHECK(logged.count("copied: too little memory", LogLevel::info) == 1);
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->tier == "copied");
    CHECK(bench.source.camera()->tier_reason == "too little memory");
    CHECK(bench.source.camera()->counters.copied == 1);
}

TEST_CASE("no buffer stays registered if only some of the camera's buffers can be registered") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal = "too little memory";
    bench.engine.registered_before_refusal = 2;
    bench.until_running();
    CHECK(bench.source.camera()->tier == "copied");
    CHECK(bench.engine.registered.size() == 2);
    CHECK(bench.engine.released == 2);
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->counters.copied == 1);
}

TEST_CASE("the processor's access to a buffer has ended when the buffer is queued to the camera") {
    test::DmabufLog log;
    FakeCamera camera;
    const bool raw = GENERATE(false, true);
    camera.format = raw ? "YUYV" : "MJPEG";
    camera.stride = raw ? 128 : 0;
    camera.rate = {10, ""};
    camera.in_use = [&log](ino_t file) { return log.accessed(file); };
    Bench bench(camera);
    if (GENERATE(false, true)) {
        bench.engine.registration_refusal.reset();
    }
    bench.until_running();
    bench.source.set_watched(true);
    // Each buffer once. Two of three frames exceed the configured rate and are not read.
    for (std::uint64_t sequence = 0; sequence < FakeCamera::buffer_count; ++sequence) {
        REQUIRE(camera.capture(raw ? noise(std::size_t{128} * 48) : jpeg(10), sequence));
        bench.until_captured(sequence + 1);
        if (sequence % 3 == 0) {
            bench.until_frames(sequence / 3 + 1);
        }
    }
    using Flags = std::vector<std::uint64_t>;
    const std::uint64_t use = raw ? DMA_BUF_SYNC_READ : DMA_BUF_SYNC_RW;
    const Flags once{DMA_BUF_SYNC_START | use, DMA_BUF_SYNC_END | use};
    CHECK(log.calls_for(camera.file_of(0)) == once);
    CHECK(log.calls_for(camera.file_of(1)).empty());
    CHECK(log.calls_for(camera.file_of(2)).empty());
    CHECK(log.calls_for(camera.file_of(3)) == once);
    bench.sink.let_go(); // recycles lent buffers, too
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK_FALSE(camera.queued_in_use);
}

TEST_CASE("frames of a camera without buffers to lend are copied, and the reason is reported") {
    FakeCamera camera;
    camera.buffers_made = GENERATE(1U, 2U);
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->tier == "copied");
    CHECK(bench.source.camera()->tier_reason.starts_with("the camera can't lend buffers"));
    CHECK(bench.source.camera()->counters.copied == 1);
    CHECK(bench.source.camera()->counters.copied_under_pressure == 0);
    CHECK(bench.engine.registered.empty());
}

TEST_CASE("the configured tier is used, or opening the camera fails") {
    FakeCamera camera;
    config::LibcameraConfig wanted;
    SECTION("copied, although the buffers can be registered") {
        wanted.tier = config::CameraTier::copied;
        Bench bench(camera, wanted);
        bench.engine.registration_refusal.reset();
        bench.until_running();
        CHECK(bench.source.camera()->tier == "copied");
        CHECK(bench.source.camera()->tier_reason == "`tier` asks for it");
        CHECK(bench.engine.registered.empty());
    }
    SECTION("registered, although the buffers can't be registered") {
        wanted.tier = config::CameraTier::registered;
        Bench bench(camera, wanted);
        bench.until_reasons(1);
        CHECK(bench.sink.reasons.front() == "the camera's pictures can't be passed on");
        bench.until([&] { return camera.closes() == 1 && bench.source.deadline() != never; });
        test::LogCapture logged;
        bench.wait(1s);
        bench.until([&] { return camera.closes() == 2; });
        CHECK(logged.count("`tier` requires it") == 0); // already logged
    }
}

TEST_CASE("viewers keep frames of an unplugged camera, whose buffers are released afterwards") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10, 'a'), 100));
    bench.until_frames(1);
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
    CHECK(bench.sink.frames.back() == jpeg(10, 'a'));
    CHECK(bench.source.camera()->buffers_lent == 1);
    const std::size_t registered = bench.engine.registered.size();
    CHECK(registered == 2UL * FakeCamera::buffer_count);
    camera.begin = 1h;
    REQUIRE(camera.capture(jpeg(10, 'b'), 0));
    bench.until_frames(2);
    CHECK(bench.sink.frames.back() == jpeg(10, 'b'));
    // The first camera's frame was released when the second one's arrived.
    bench.until([&] {
        return bench.engine.find(test::Asked::release, bench.engine.registered.front()) == nullptr;
    });
    CHECK(bench.source.camera()->buffers_lent == 1);
}

TEST_CASE(
    "buffers of an unplugged camera are released after the last viewer has released its frame") {
    FakeCamera camera;
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    camera.fail_next(missing);
    camera.unplug();
    bench.until([&] { return camera.closes() == 1 && !bench.source.camera()->running; });
    CHECK(bench.source.camera()->buffers == 0);
    CHECK(bench.source.camera()->buffers_lent == 1);
    const io::OpToken released = bench.engine.registered.front();
    CHECK(bench.engine.find(test::Asked::release, released) == nullptr);
    bench.sink.let_go(); // as a connection does in the middle of its work
    CHECK(bench.engine.find(test::Asked::release, released) == nullptr);
    CHECK(bench.source.deadline() <= bench.engine.now());
    bench.wait(0s);
    CHECK(bench.engine.find(test::Asked::release, released) != nullptr);
    // The kernel may still send from it.
    CHECK(is_mapped(bench.engine.registered_memory.front()));
}

TEST_CASE("a camera in use is reported, and tried again until it is available") {
    FakeCamera camera;
    camera.fail_next(in_use);
    camera.fail_next(in_use);
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "in use");
    CHECK(camera.opens() == 1);
    bench.wait(1s);
    bench.until([&] { return camera.opens() == 2 && bench.source.deadline() != never; });
    bench.wait(2s);
    bench.until_running();
    CHECK(camera.opens() == 3);
}

TEST_CASE("an exception of the library counts as a failed camera, which is closed") {
    FakeCamera camera;
    camera.throw_next();
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "the camera failed");
    CHECK(camera.closes() == 1);
    bench.wait(1s);
    bench.until_running();
}

TEST_CASE("a camera without buffers counts as failed") {
    FakeCamera camera;
    camera.buffers_made = 0;
    camera.format = GENERATE("MJPEG", "YUYV");
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "the camera's pictures can't be passed on");
    bench.until([&] { return camera.closes() == 1; });
}

TEST_CASE("an absent camera is opened as soon as one is plugged in") {
    FakeCamera camera;
    camera.fail_next(missing);
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "not there");
    CHECK(bench.source.deadline() == never);
    camera.change_cameras();
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
}

TEST_CASE("an unplugged camera is closed, and delivers frames after it is plugged in again") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10, 'a'), 100));
    bench.until_frames(1);
    camera.fail_next(missing);
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return camera.opens() == 2; });
    CHECK(bench.sink.reasons == std::vector<std::string>{"the camera has been unplugged"});
    CHECK(camera.closes() == 1);
    camera.change_cameras();
    bench.until_running();
    // That it is absent is not reported again.
    CHECK(bench.sink.reasons.size() == 1);
    camera.begin = 1h;
    REQUIRE(camera.capture(jpeg(10, 'b'), 0)); // its sequence numbers restart
    bench.until_frames(2);
    CHECK(bench.sink.frames.back() == jpeg(10, 'b'));
    CHECK(bench.source.camera()->counters.opened == 2);
    CHECK(bench.source.counters().restarts == 1);
}

TEST_CASE("a camera that delivers no frames any more is reopened") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.wait(CameraSource::silence_max - 1ms);
    CHECK(bench.sink.reasons.empty());
    bench.wait(1ms);
    CHECK(bench.sink.reasons == std::vector<std::string>{"the camera delivers no frames"});
    bench.until([&] { return camera.closes() == 1 && bench.source.deadline() != never; });
    bench.wait(1s);
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
}

TEST_CASE("a buffer that the driver rejected is queued again") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    test::LogCapture logged;
    REQUIRE(camera.refuse());
    bench.until([&] { return bench.source.camera()->counters.driver_failed == 1; });
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK(logged.count("has rejected a buffer", LogLevel::warning) == 1);
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->counters.driver_dropped == 0);
}

TEST_CASE("retries are bounded for a driver that rejects every buffer") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    std::uint64_t refusals = 0;
    while (camera.refuse()) {
        ++refusals;
        bench.until([&] { return bench.source.camera()->counters.driver_failed == refusals; });
    }
    CHECK(refusals == camera_buffers_max + FakeCamera::buffer_count);
    bench.wait(CameraSource::silence_max);
    bench.until([&] { return camera.closes() == 1 && bench.source.deadline() != never; });
    bench.wait(1s);
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("a camera on demand without viewers is never opened") {
    FakeCamera camera;
    { // at its end the camera's thread has executed all commands
        const Bench bench(camera, on_demand());
        CHECK(bench.sink.pauses == 1);
    }
    CHECK(camera.opens() == 0);
}

TEST_CASE("a camera on demand runs while it has viewers, and for `idle_after` afterwards") {
    FakeCamera camera;
    Bench bench(camera, on_demand());
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true);
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0, true, true));
    bench.until_frames(1);
    bench.source.set_watched(false);
    bench.wait(9s);
    CHECK(bench.source.camera()->running);
    bench.source.set_watched(true);
    REQUIRE(camera.capture(jpeg(10), 1)); // resets `silence_deadline`
    bench.until_captured(2);
    bench.wait(2s);
    CHECK(bench.source.camera()->running);
    bench.source.set_watched(false);
    REQUIRE(camera.capture(jpeg(10), 2));
    bench.until_captured(3);
    bench.wait(9999ms);
    CHECK(bench.source.camera()->running);
    REQUIRE(camera.capture(jpeg(10), 3));
    bench.until_captured(4);
    bench.wait(1ms);
    CHECK(bench.sink.pauses == 2);
    CHECK_FALSE(bench.source.camera()->running);
    bench.until([&] { return camera.closes() == 1; });
    bench.source.set_watched(true);
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
}

TEST_CASE("a camera on demand stays on from visit to visit of a client that left without a frame") {
    FakeCamera camera;
    Bench bench(camera, on_demand());
    std::uint64_t sequence = 0;
    // A frame a second, from three seconds after the camera was opened.
    const auto run_for = [&](int seconds) {
        for (int second = 0; second < seconds; ++second) {
            bench.wait(1s);
            if (bench.source.camera()->running) {
                const std::uint64_t captured = bench.source.camera()->counters.captured;
                REQUIRE(camera.capture(jpeg(10), sequence += 100));
                bench.until_captured(captured + 1);
            }
        }
    };
    const auto visit_in_vain = [&] {
        bench.source.set_watched(true);
        bench.until_running();
        bench.wait(1s);
        bench.source.set_watched(false);
    };
    visit_in_vain();
    run_for(29);
    bench.until([&] { return camera.closes() == 1; });
    visit_in_vain(); // the client comes every 30 seconds
    run_for(29);
    CHECK(bench.source.camera()->running);
    for (int visit = 0; visit < 3; ++visit) {
        const std::size_t frames = bench.sink.frames.size();
        bench.source.set_watched(true);
        run_for(1);
        CHECK(bench.sink.frames.size() == frames + 1);
        bench.source.set_watched(false);
        run_for(29);
    }
    CHECK(camera.opens() == 2);
    run_for(30);
    bench.until([&] { return camera.closes() == 2; }); // the client does not come any more
}

TEST_CASE("a later viewer of a camera on demand learns at once why there are no pictures") {
    FakeCamera camera;
    camera.fail_next(missing);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_reasons(1);
    bench.source.set_watched(false);
    bench.wait(10s);
    CHECK(bench.sink.pauses == 1); // it would not be opened for a new viewer, either
    bench.source.set_watched(true);
    CHECK(bench.sink.reasons == std::vector<std::string>{"not there", "not there"});
    CHECK(camera.opens() == 1);
    bench.source.set_watched(false);
    bench.wait(10s);
    camera.change_cameras();
    bench.until([&] { return bench.sink.pauses == 2; });
    CHECK(camera.opens() == 1);
    bench.source.set_watched(true);
    bench.until_running();
    bench.source.set_watched(false);
    bench.source.set_watched(true);
    CHECK(bench.sink.reasons.size() == 2);
}

TEST_CASE("a camera on demand that is in use is tried again for a new viewer") {
    FakeCamera camera;
    camera.fail_next(in_use);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_reasons(1);
    bench.source.set_watched(false);
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true); // the retry is not due yet
    CHECK(bench.sink.reasons == std::vector<std::string>{"in use", "in use"});
    bench.wait(1s);
    bench.until_running();
}

TEST_CASE("a failure to open a camera that is not needed any more is not reported as signal lost") {
    FakeCamera camera;
    camera.fail_next(in_use);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true); // the camera is being opened
    bench.source.set_watched(false);
    bench.wait(10s);
    CHECK(bench.sink.pauses == 2);
    test::LogCapture logged;
    bench.until([&] { return logged.count(in_use.message) == 1; });
    CHECK(bench.sink.reasons.empty());
}

TEST_CASE("after a start on demand frames are skipped until exposure has settled") {
    FakeCamera camera;
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_running();
    std::uint64_t sequence = 0;
    SECTION("according to the camera") {
        while (sequence < 5) {
            REQUIRE(camera.capture(jpeg(10, 'x'), sequence++, true, false));
            bench.until_captured(sequence);
        }
        CHECK(bench.source.camera()->settling);
        CHECK(bench.sink.frames.empty());
        REQUIRE(camera.capture(jpeg(10, 'y'), sequence++, true, true));
        bench.until_frames(1);
        CHECK(bench.sink.frames == std::vector<std::string>{jpeg(10, 'y')});
        CHECK_FALSE(bench.source.camera()->settling);
    }
    SECTION("for a bounded time if it never settles") {
        while (bench.sink.frames.empty()) {
            REQUIRE(camera.capture(jpeg(10), sequence++, true, false));
            bench.until_captured(sequence);
        }
        CHECK((sequence - 1) * 33ms >= camera::ExposureSettling::settling_max);
        CHECK((sequence - 2) * 33ms < camera::ExposureSettling::settling_max);
    }
    SECTION("for the same time if the camera does not report it") {
        while (bench.sink.frames.empty()) {
            REQUIRE(camera.capture(jpeg(10), sequence++));
            bench.until_captured(sequence);
        }
        CHECK((sequence - 1) * 33ms >= camera::ExposureSettling::settling_max);
        CHECK((sequence - 2) * 33ms < camera::ExposureSettling::settling_max);
    }
}

TEST_CASE("frames that the camera marks as too early are skipped, and do not count as damaged") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    camera.startup = true;
    REQUIRE(camera.capture(jpeg(10, 'x'), 0));
    bench.until_captured(1);
    camera.startup = false;
    REQUIRE(camera.capture(jpeg(10, 'y'), 1));
    bench.until_frames(1);
    CHECK(bench.sink.frames == std::vector<std::string>{jpeg(10, 'y')});
    CHECK(bench.source.counters().frames_damaged == 0);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("frames of a camera that runs all the time are published at once") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0, true, false));
    bench.until_frames(1);
}

TEST_CASE("raw frames are encoded while somebody is watching") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(camera.capture(grey, 0));
    bench.until([&] { return bench.source.camera()->counters.encode_skipped == 1; });
    CHECK(bench.sink.frames.empty());
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 1));
    bench.until_frames(1);
    CHECK(bench.sink.frames.front().starts_with("\xFF\xD8"));
    CHECK(bench.sink.infos.front().width == 64);
    CHECK(bench.sink.infos.front().height == 48);
    CHECK(bench.sink.infos.front().captured_at == Instant(33ms));
    CHECK(bench.sink.infos.front().captured == WallTime(33ms));
    CHECK(bench.source.camera()->counters.encoded == 1);
    CHECK(bench.source.camera()->counters.encode.sum() > 0ns);
    CHECK(bench.source.camera()->tier == "encoded");
    CHECK(bench.source.camera()->memory == "files");
    CHECK(bench.source.camera()->memory_reason == "it is a test");
    CHECK(bench.source.camera()->tier_reason == "the camera makes no JPEG");
    CHECK(bench.source.camera()->buffers_free == FakeCamera::buffer_count);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    bench.source.set_watched(false);
    CHECK(bench.sink.pauses == 2);
    REQUIRE(camera.capture(grey, 2));
    bench.until([&] { return bench.source.camera()->counters.encode_skipped == 2; });
    CHECK(bench.sink.frames.size() == 1);
}

TEST_CASE(
    "opening fails if the buffers are too small for the pictures, and the reason is reported") {
    FakeCamera camera;
    camera.format = "YUYV";
    camera.size = {640, 480};
    camera.stride = 1280;
    test::LogCapture logged;
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "the camera's pictures can't be passed on");
    CHECK(logged.count("a plane ends before the end of its last line", LogLevel::warning) == 1);
}

TEST_CASE("a raw format in the configuration is reported as the reason for encoding") {
    RawCamera camera;
    config::LibcameraConfig wanted;
    wanted.format = "YUYV";
    Bench bench(camera, wanted);
    bench.until_running();
    CHECK(bench.source.camera()->tier_reason == "`format` asks for YUYV");
}

TEST_CASE("several encoders encode a raw picture together, and the bytes moved are counted") {
    RawCamera camera;
    constexpr int encoders = 3;
    Bench bench(camera, {}, encoders);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(noise(std::size_t{128} * 48), 0));
    bench.until_frames(1);
    // The first third stays where it was encoded.
    CHECK(bench.source.counters().bytes_moved > bench.sink.infos[0].jpeg_bytes / 3);
    CHECK(bench.source.counters().bytes_moved < bench.sink.infos[0].jpeg_bytes);
}

TEST_CASE("raw pictures are encoded with the configured quality") {
    std::vector<std::size_t> sizes;
    for (const int quality : {20, 50, 90}) {
        RawCamera camera;
        config::LibcameraConfig wanted;
        wanted.quality = quality;
        Bench bench(camera, wanted);
        bench.until_running();
        bench.source.set_watched(true);
        REQUIRE(camera.capture(noise(std::size_t{128} * 48), 0));
        bench.until_frames(1);
        sizes.push_back(bench.sink.infos[0].jpeg_bytes);
    }
    CHECK(sizes[0] < sizes[1]);
    CHECK(sizes[1] < sizes[2]);
}

TEST_CASE("raw pictures are converted with the camera's colour range and matrix") {
    RawCamera camera;
    camera.colour_range = encode::ColourRange::limited;
    camera.colour_matrix = encode::ColourMatrix::bt709;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    // Red in BT.709 of limited range: Y 63, Cb 102, Cr 240. As BT.601 it would be 233.
    std::string red;
    for (int i = 0; i < 128 * 48 / 4; ++i) {
        red += "\x3F\x66\x3F\xF0";
    }
    REQUIRE(camera.capture(red, 0));
    bench.until_frames(1);
    const auto decoded =
        ringcast::test::decode_jpeg(std::as_bytes(std::span(bench.sink.frames.front())));
    REQUIRE(decoded);
    CHECK(decoded->rgb[0] >= 250);
    CHECK(decoded->rgb[1] <= 5);
    CHECK(decoded->rgb[2] <= 5);
}

TEST_CASE("raw pictures are turned before they are encoded") {
    RawCamera camera;
    camera.turn = {Rotation::by_90, false};
    Bench bench(camera, {}, 1, {camera.turn, {}});
    bench.until_running();
    bench.source.set_watched(true);
    std::string black_above = grey; // the upper half is black
    for (std::size_t i = 0; i < std::size_t{128} * 24; i += 2) {
        black_above[i] = '\0';
    }
    REQUIRE(camera.capture(black_above, 0));
    bench.until_frames(1);
    CHECK(bench.sink.infos.front().width == 48);
    CHECK(bench.sink.infos.front().height == 64);
    const auto decoded =
        ringcast::test::decode_jpeg(std::as_bytes(std::span(bench.sink.frames.front())));
    REQUIRE(decoded);
    REQUIRE(decoded->width == 48);
    CHECK(decoded->rgb[3 * 8] >= 120); // the left half is what was below
    CHECK(decoded->rgb[3 * 40] <= 8);
    CHECK(bench.source.picture()->how == "raw");
    CHECK(bench.source.picture()->made == 1);
    CHECK(bench.source.picture()->work.sum() > 0ns);
}

TEST_CASE("JPEGs of a camera that can't turn them are turned while somebody watches") {
    FakeCamera camera;
    camera.turn = {Rotation::by_180, true};
    Bench bench(camera, {}, 1, {camera.turn, {}});
    bench.engine.registration_refusal.reset();
    bench.until_running();
    CHECK(bench.engine.registered.empty()); // they are not sent from the camera's memory
    const auto frame = ringcast::test::make_scene_jpeg({64, 48});
    const std::string jpeg(as_text(frame));
    REQUIRE(camera.capture(jpeg, 0));
    bench.until([&] { return bench.source.camera()->counters.encode_skipped == 1; });
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true);
    REQUIRE(camera.capture(jpeg, 1));
    bench.until_frames(1);
    encode::JpegTransformer transformer(1'000'000);
    ringcast::test::Bytes wanted(frame_bytes_max);
    encode::PictureTransform transform;
    transform.rotate = Rotation::by_180;
    transform.mirror = true;
    const auto made = transformer.transform(frame, transform, wanted);
    REQUIRE(made.has_value());
    CHECK(bench.sink.frames.front() == as_text(ConstByteSpan(wanted).first(made->bytes)));
    CHECK(bench.sink.infos.front().width == 64);
    CHECK(bench.sink.infos.front().height == 48);
    CHECK(bench.sink.infos.front().captured_at == Instant(33ms));
    CHECK(bench.source.picture()->how == "lossless");
    CHECK(bench.source.picture()->lossless == 1);
    CHECK(bench.source.camera()->tier == "encoded");
    CHECK(bench.source.camera()->tier_reason == "its pictures are changed");
    test::LogCapture logged;
    REQUIRE(camera.capture(jpeg.substr(0, jpeg.size() / 2), 2));
    bench.until([&] { return bench.source.counters().frames_damaged == 1; });
    CHECK(logged.count("a damaged frame was skipped", LogLevel::warning) == 1);
    REQUIRE(camera.capture("no JPEG", 3));
    bench.until([&] { return bench.source.counters().frames_damaged == 2; });
    CHECK(bench.sink.frames.size() == 1);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("pictures that the camera turns itself are passed on as they are") {
    FakeCamera camera;
    Bench bench(camera, {}, 1, {{Rotation::by_180, false}, {}});
    bench.until_running();
    bench.show_ten(camera);
    CHECK(bench.source.picture()->how == "camera");
    CHECK(bench.source.picture()->turn == PictureTurn{Rotation::by_180, false});
    CHECK(bench.source.picture()->made == 0);
}

namespace {

/// Whether the picture has bright letters in the corner at its bottom and left.
bool has_text(const std::string& frame) {
    const auto decoded = ringcast::test::decode_jpeg(std::as_bytes(std::span(frame)));
    REQUIRE(decoded);
    int bright = 0;
    for (unsigned y = decoded->height - 14; y < decoded->height; ++y) {
        for (unsigned x = 0; x < 20; ++x) {
            bright += decoded->rgb[3 * (std::size_t{y} * decoded->width + x) + 1] > 220 ? 1 : 0;
        }
    }
    return bright > 10;
}

} // namespace

TEST_CASE("a text is drawn into a camera's pictures, whatever they are") {
    FakeCamera camera;
    const bool raw = GENERATE(false, true);
    camera.format = raw ? "YUYV" : "MJPEG";
    camera.stride = raw ? 128 : 0;
    camera.turn = GENERATE(PictureTurn{}, PictureTurn{Rotation::by_90, false});
    config::OverlayConfig overlay{"HH", config::Corner::bottom_left};
    Bench bench(camera, {}, 1, {camera.turn, overlay});
    bench.until_running();
    CHECK(bench.source.camera()->tier == "encoded");
    bench.source.set_watched(true);
    const auto picture = ringcast::test::make_scene_jpeg({64, 48});
    REQUIRE(camera.capture(raw ? std::string_view(grey) : as_text(picture), 0));
    bench.until_frames(1);
    CHECK(has_text(bench.sink.frames.front()));
    CHECK(bench.source.picture()->overlay);
    CHECK(bench.source.picture()->how == (raw ? "raw" : "recompressed"));
}

TEST_CASE("a raw frame that was being encoded when the last viewer left is not published") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 0));
    REQUIRE(camera.capture(grey, 1)); // it waits; its encoding does not start
    bench.until_captured(2);
    bench.source.set_watched(false);
    CHECK(bench.source.camera()->counters.encode_skipped == 1);
    CHECK(bench.sink.pauses == 2);
    bench.until([&] { return bench.source.camera()->counters.encoded == 1; });
    CHECK(bench.sink.frames.empty());
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("if raw frames arrive faster than they are encoded the latest one is encoded next") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    // All four have arrived when the loop takes them.
    for (std::uint64_t sequence = 0; sequence < FakeCamera::buffer_count; ++sequence) {
        REQUIRE(camera.capture(grey, sequence));
    }
    bench.until_captured(4);
    CHECK(bench.source.camera()->buffers_free == 2); // one is being encoded, one waits
    bench.until_frames(2);
    CHECK(bench.sink.infos.back().captured_at == Instant(33ms * 3));
    CHECK(bench.source.counters().frames_dropped == 2);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("a raw frame whose JPEG is larger than frame_max is dropped and counted") {
    FakeCamera camera;
    camera.format = "YUYV";
    camera.size = {256, 200};
    camera.stride = 512;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    test::LogCapture logged;
    // The JPEG is larger than frame_bytes_max, but fits into a slot.
    REQUIRE(camera.capture(noise(std::size_t{512} * 200), 0));
    bench.until([&] { return bench.source.camera()->counters.encoded == 1; });
    CHECK(bench.source.counters().frames_oversized == 1);
    CHECK(logged.count("raise it in [memory]", LogLevel::warning) == 1);
    CHECK(bench.sink.frames.empty());
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("frames of a camera that exceed the configured rate are skipped evenly, and counted") {
    FakeCamera camera;
    const bool raw = GENERATE(false, true);
    camera.format = raw ? "YUYV" : "MJPEG";
    camera.stride = raw ? 128 : 0;
    camera.rate = {7.5, "too many"};
    test::LogCapture log;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    CHECK(log.count("too many", LogLevel::warning) == 1);
    const std::string picture = raw ? grey : jpeg(10);
    // 30 frames/s. The driver drops frame 2, and reports errors for 9 and 11.
    for (std::uint64_t sequence = 0; sequence < 14; ++sequence) {
        if (sequence == 2) {
            continue;
        }
        const auto handled = [&] {
            const auto counters = bench.source.camera()->counters;
            return counters.captured + counters.driver_failed;
        };
        const std::uint64_t before = handled();
        REQUIRE(camera.capture(picture, sequence, sequence != 9 && sequence != 11));
        bench.until([&] { return handled() > before && camera.queued_count() >= 3; });
        if (sequence % 4 == 0) {
            bench.until_frames(sequence / 4 + 1);
        }
    }
    CHECK(bench.sink.frames.size() == 4);
    for (std::size_t i = 0; i < bench.sink.infos.size(); ++i) {
        CHECK(bench.sink.infos[i].captured_at == Instant(33ms * 4 * i));
    }
    const auto counters = bench.source.camera()->counters;
    CHECK(counters.skipped_for_rate == 7);
    CHECK(counters.driver_dropped == 1);
    CHECK(counters.out_of_order == 0);
    CHECK(counters.encoded == (raw ? 4U : 0U));
    CHECK(counters.copied == (raw ? 0U : 4U));
}

TEST_CASE("raw frames are published after the driver has restarted its sequence numbers") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 100));
    bench.until_frames(1);
    // As many frames as the camera has buffers may be out of order.
    for (std::uint64_t sequence = 0; sequence < FakeCamera::buffer_count; ++sequence) {
        REQUIRE(camera.capture(grey, sequence));
        bench.until([&] { return bench.source.camera()->counters.out_of_order == sequence + 1; });
    }
    REQUIRE(camera.capture(grey, FakeCamera::buffer_count));
    bench.until_frames(2);
    CHECK(bench.sink.infos.back().captured_at == Instant(33ms * FakeCamera::buffer_count));
    CHECK(bench.source.camera()->counters.encoded == 2); // not those that seemed to be out of order
    CHECK(bench.source.camera()->counters.driver_dropped == 0);
}

TEST_CASE("frames are published again after the camera was unplugged while one was being encoded") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 0));
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
    const std::size_t before = bench.sink.frames.size(); // depends on timing
    REQUIRE(camera.capture(grey, 0));
    bench.until_frames(before + 1);
}

} // namespace ringcast::capture
