#include "capture/camera_source.hpp"

#include <span>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <linux/dma-buf.h>
#include <sys/mman.h>

#include "capture/fake_camera.hpp"
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

/// A stream that is the test's camera.
class Bench : public test::SourceBench<CameraSource> {
public:
    explicit Bench(FakeCamera& camera, const config::LibcameraConfig& wanted = {},
                   int encode_workers = 1)
        : SourceBench(frame_bytes_max, stream_id, std::string("door"), wanted,
                      std::make_unique<FakeDevice>(camera), encode_workers) {}

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
    /// Ten frames, each of them shown before the next one comes.
    void show_ten(FakeCamera& camera) {
        std::vector<std::string> expected;
        for (std::uint64_t sequence = 0; sequence < 10; ++sequence) {
            expected.push_back(jpeg(100 + sequence, static_cast<char>('a' + sequence)));
            REQUIRE(camera.capture(expected.back(), sequence));
            until_frames(expected.size());
        }
        CHECK(sink.frames == expected);
    }
    /// Lets time pass, and does what is due then.
    void wait(Duration time) {
        engine.pass(time);
        if (source.deadline() <= engine.now()) {
            source.on_deadline(engine.now());
        }
    }
};

/// One that makes no JPEG.
struct RawCamera : FakeCamera {
    RawCamera() {
        format = "YUYV";
        stride = 128;
    }
};
const std::string grey(std::size_t{128} * 48, '\x80'); ///< a picture of its

config::LibcameraConfig on_demand() {
    config::LibcameraConfig wanted;
    wanted.on_demand = true;
    wanted.idle_after = 10s;
    return wanted;
}

/// Half of the picture is noise, so that it is no small JPEG.
std::string noise(std::size_t bytes) {
    std::string made(bytes, '\x80');
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < bytes; i += 2) {
        state = state * 1664525U + 1013904223U;
        made[i] = static_cast<char>(state >> 24U);
    }
    return made;
}

/// Memory whose pages are somebody's.
bool is_mapped(ByteSpan memory) {
    std::vector<unsigned char> pages(memory.size() / os::system_page_bytes());
    return ::mincore(memory.data(), memory.size(), pages.data()) == 0;
}

const OpenFailure in_use{camera::OpenError::busy, "another process uses it", "in use"};
const OpenFailure missing{camera::OpenError::absent, "there is none", "not there"};

} // namespace

TEST_CASE("JPEG frames of a camera are passed on as they are, and buffers go back") {
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

TEST_CASE("frames that are failed, damaged, too large or out of order never reach viewers") {
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
    // The last ones before 100 may still come.
    CHECK(counters.driver_dropped > 80);
    CHECK(bench.source.counters().frames_damaged == 2);
    CHECK(bench.source.counters().frames_oversized == 1);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK(logged.count("a damaged frame was skipped", LogLevel::warning) == 1); // one burst
    CHECK(logged.count("larger than frame_max = 8 KiB", LogLevel::warning) == 1);
}

TEST_CASE("a damaged frame of a camera is logged with what is wrong with it") {
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
    CHECK(logged.count("the camera's driver says so", LogLevel::warning) == 1);
}

TEST_CASE("frames are lent to viewers where the camera's memory can be registered") {
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

TEST_CASE("frames are copied while viewers hold the camera's buffers, and that is counted") {
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

TEST_CASE("where the camera's memory can't be registered each frame is copied, with the reason") {
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

TEST_CASE("where only some of the camera's buffers can be registered none stay so") {
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

TEST_CASE("the processor's access to a camera's memory is over when the camera gets it back") {
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
    // Each buffer once; one frame of three is one too many, which nobody looks at.
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
    bench.sink.let_go(); // what was lent goes back, too
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK_FALSE(camera.queued_in_use);
}

TEST_CASE("of a camera that can spare no buffer each frame is copied, and that is the reason") {
    FakeCamera camera;
    camera.buffers_made = GENERATE(1U, 2U);
    Bench bench(camera);
    bench.engine.registration_refusal.reset();
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->tier == "copied");
    CHECK(bench.source.camera()->tier_reason.starts_with("the camera keeps its buffers to itself"));
    CHECK(bench.source.camera()->counters.copied == 1);
    CHECK(bench.source.camera()->counters.copied_under_pressure == 0);
    CHECK(bench.engine.registered.empty());
}

TEST_CASE("a tier that is asked for is had, or refused") {
    FakeCamera camera;
    config::LibcameraConfig wanted;
    SECTION("copied, though it could be registered") {
        wanted.tier = config::CameraTier::copied;
        Bench bench(camera, wanted);
        bench.engine.registration_refusal.reset();
        bench.until_running();
        CHECK(bench.source.camera()->tier == "copied");
        CHECK(bench.source.camera()->tier_reason == "`tier` asks for it");
        CHECK(bench.engine.registered.empty());
    }
    SECTION("registered, though it can't be") {
        wanted.tier = config::CameraTier::registered;
        Bench bench(camera, wanted);
        bench.until_reasons(1);
        CHECK(bench.sink.reasons.front() == "the camera's pictures can't be passed on");
        bench.until([&] { return camera.closes() == 1 && bench.source.deadline() != never; });
        test::LogCapture logged;
        bench.wait(1s);
        bench.until([&] { return camera.closes() == 2; });
        CHECK(logged.count("`tier` insists on it") == 0); // it has been said
    }
}

TEST_CASE("a camera that is unplugged while viewers have its frames lets go of them afterwards") {
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
    // The first camera's frame was let go of when the second's came.
    bench.until([&] {
        return bench.engine.find(test::Asked::release, bench.engine.registered.front()) == nullptr;
    });
    CHECK(bench.source.camera()->buffers_lent == 1);
}

TEST_CASE("a buffer of a camera that is gone is released when its last viewer lets go") {
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
    bench.sink.let_go(); // as a viewer does, in the midst of its own work
    CHECK(bench.engine.find(test::Asked::release, released) == nullptr);
    CHECK(bench.source.deadline() <= bench.engine.now());
    bench.wait(0s);
    CHECK(bench.engine.find(test::Asked::release, released) != nullptr);
    // The kernel may still be sending from it.
    CHECK(is_mapped(bench.engine.registered_memory.front()));
}

TEST_CASE("a camera in use is reported, and tried again until it is free") {
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

TEST_CASE("a library that throws is a camera that failed, and is closed") {
    FakeCamera camera;
    camera.throw_next();
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "the camera failed");
    CHECK(camera.closes() == 1);
    bench.wait(1s);
    bench.until_running();
}

TEST_CASE("a camera without buffers is one that failed") {
    FakeCamera camera;
    camera.buffers_made = 0;
    camera.format = GENERATE("MJPEG", "YUYV");
    Bench bench(camera);
    bench.until_reasons(1);
    CHECK(bench.sink.reasons.front() == "the camera's pictures can't be passed on");
    bench.until([&] { return camera.closes() == 1; });
}

TEST_CASE("an absent camera is opened as soon as one comes") {
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

TEST_CASE("an unplugged camera is closed, and its frames come again when it is back") {
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
    // That it is not there was no news.
    CHECK(bench.sink.reasons.size() == 1);
    camera.begin = 1h;
    REQUIRE(camera.capture(jpeg(10, 'b'), 0)); // it counts from the beginning again
    bench.until_frames(2);
    CHECK(bench.sink.frames.back() == jpeg(10, 'b'));
    CHECK(bench.source.camera()->counters.opened == 2);
    CHECK(bench.source.counters().restarts == 1);
}

TEST_CASE("a camera that gives nothing any more is opened again") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.wait(CameraSource::silence_max - 1ms);
    CHECK(bench.sink.reasons.empty());
    bench.wait(1ms);
    CHECK(bench.sink.reasons == std::vector<std::string>{"the camera gives no pictures"});
    bench.until([&] { return camera.closes() == 1 && bench.source.deadline() != never; });
    bench.wait(1s);
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
}

TEST_CASE("a buffer that the driver turned down is queued again") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    test::LogCapture logged;
    REQUIRE(camera.refuse());
    bench.until([&] { return bench.source.camera()->counters.driver_failed == 1; });
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
    CHECK(logged.count("has turned a buffer down", LogLevel::warning) == 1);
    REQUIRE(camera.capture(jpeg(10), 0));
    bench.until_frames(1);
    CHECK(bench.source.camera()->counters.driver_dropped == 0);
}

TEST_CASE("a driver that takes no buffer is not asked for ever") {
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

TEST_CASE("a camera on demand that nobody watches is never opened") {
    FakeCamera camera;
    { // at whose end the camera's thread has done all that it was asked for
        const Bench bench(camera, on_demand());
        CHECK(bench.sink.pauses == 1);
    }
    CHECK(camera.opens() == 0);
}

TEST_CASE("a camera on demand runs while somebody watches, and for a while after") {
    FakeCamera camera;
    Bench bench(camera, on_demand());
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true);
    bench.until_running();
    bench.source.set_watched(false);
    bench.wait(9s);
    CHECK(bench.source.camera()->running);
    bench.source.set_watched(true);
    REQUIRE(camera.capture(jpeg(10), 0)); // or it would be silent for too long
    bench.until_captured(1);
    bench.wait(2s);
    CHECK(bench.source.camera()->running);
    bench.source.set_watched(false);
    REQUIRE(camera.capture(jpeg(10), 1));
    bench.until_captured(2);
    bench.wait(9999ms);
    CHECK(bench.source.camera()->running);
    REQUIRE(camera.capture(jpeg(10), 2));
    bench.until_captured(3);
    bench.wait(1ms);
    CHECK(bench.sink.pauses == 2);
    CHECK_FALSE(bench.source.camera()->running);
    bench.until([&] { return camera.closes() == 1; });
    bench.source.set_watched(true);
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
}

TEST_CASE("who comes later to a camera on demand is told at once why it gives nothing") {
    FakeCamera camera;
    camera.fail_next(missing);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_reasons(1);
    bench.source.set_watched(false);
    bench.wait(10s);
    CHECK(bench.sink.pauses == 1); // there is no hope that it wakes for anybody
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

TEST_CASE("a camera on demand that is in use is tried again for whoever comes") {
    FakeCamera camera;
    camera.fail_next(in_use);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_reasons(1);
    bench.source.set_watched(false);
    CHECK(bench.sink.pauses == 1);
    bench.source.set_watched(true); // it is not due yet
    CHECK(bench.sink.reasons == std::vector<std::string>{"in use", "in use"});
    bench.wait(1s);
    bench.until_running();
}

TEST_CASE("what goes wrong with a camera that nobody wants any more loses no signal") {
    FakeCamera camera;
    camera.fail_next(in_use);
    Bench bench(camera, on_demand());
    bench.source.set_watched(true); // it is being opened
    bench.source.set_watched(false);
    bench.wait(10s);
    CHECK(bench.sink.pauses == 2);
    test::LogCapture logged;
    bench.until([&] { return logged.count(in_use.message) == 1; });
    CHECK(bench.sink.reasons.empty());
}

TEST_CASE("after a start on demand frames are held back until exposure has settled") {
    FakeCamera camera;
    Bench bench(camera, on_demand());
    bench.source.set_watched(true);
    bench.until_running();
    std::uint64_t sequence = 0;
    SECTION("as the camera says") {
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
    SECTION("for a bounded time where it never does") {
        while (bench.sink.frames.empty()) {
            REQUIRE(camera.capture(jpeg(10), sequence++, true, false));
            bench.until_captured(sequence);
        }
        CHECK((sequence - 1) * 33ms >= camera::ExposureSettling::held_max);
        CHECK((sequence - 2) * 33ms < camera::ExposureSettling::held_max);
    }
    SECTION("for as long where it says nothing") {
        while (bench.sink.frames.empty()) {
            REQUIRE(camera.capture(jpeg(10), sequence++));
            bench.until_captured(sequence);
        }
        CHECK((sequence - 1) * 33ms >= camera::ExposureSettling::held_max);
        CHECK((sequence - 2) * 33ms < camera::ExposureSettling::held_max);
    }
}

TEST_CASE("frames that the camera calls too early are shown to nobody, and are not damaged") {
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

TEST_CASE("a camera that runs all the time holds nothing back") {
    FakeCamera camera;
    Bench bench(camera);
    bench.until_running();
    REQUIRE(camera.capture(jpeg(10), 0, true, false));
    bench.until_frames(1);
}

TEST_CASE("raw frames are encoded while somebody watches") {
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
    CHECK(bench.source.camera()->counters.encode_time > 0ns);
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

TEST_CASE("a camera whose buffers are too small for its pictures is refused, with the reason") {
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

TEST_CASE("who asks a camera for raw pictures is told that this is why they are encoded") {
    RawCamera camera;
    config::LibcameraConfig wanted;
    wanted.format = "YUYV";
    Bench bench(camera, wanted);
    bench.until_running();
    CHECK(bench.source.camera()->tier_reason == "`format` asks for YUYV");
}

TEST_CASE("several encoders make a raw picture together, and what is moved for it is counted") {
    RawCamera camera;
    constexpr int encoders = 3;
    Bench bench(camera, {}, encoders);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(noise(std::size_t{128} * 48), 0));
    bench.until_frames(1);
    // A third of it is where it was encoded.
    CHECK(bench.source.counters().bytes_moved > bench.sink.infos[0].jpeg_bytes / 3);
    CHECK(bench.source.counters().bytes_moved < bench.sink.infos[0].jpeg_bytes);
}

TEST_CASE("raw pictures are encoded in the quality that is asked for") {
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

TEST_CASE("raw pictures have the colours that the camera means") {
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

TEST_CASE("a raw frame that was being encoded when the last one left wakes nobody") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 0));
    REQUIRE(camera.capture(grey, 1)); // it waits, and is not even begun
    bench.until_captured(2);
    bench.source.set_watched(false);
    CHECK(bench.source.camera()->counters.encode_skipped == 1);
    CHECK(bench.sink.pauses == 2);
    bench.until([&] { return bench.source.camera()->counters.encoded == 1; });
    CHECK(bench.sink.frames.empty());
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("of raw frames that come faster than they are encoded the newest wins") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    // All four are there when the loop comes to look.
    for (std::uint64_t sequence = 0; sequence < FakeCamera::buffer_count; ++sequence) {
        REQUIRE(camera.capture(grey, sequence));
    }
    bench.until_captured(4);
    CHECK(bench.source.camera()->buffers_free == 2); // one is encoded, one waits
    bench.until_frames(2);
    CHECK(bench.sink.infos.back().captured_at == Instant(33ms * 3));
    CHECK(bench.source.counters().frames_dropped == 2);
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE("a raw frame whose JPEG is larger than a frame may be is left out and counted") {
    FakeCamera camera;
    camera.format = "YUYV";
    camera.size = {256, 200};
    camera.stride = 512;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    test::LogCapture logged;
    // It takes more than frame_bytes_max, but not more than a slot has room for.
    REQUIRE(camera.capture(noise(std::size_t{512} * 200), 0));
    bench.until([&] { return bench.source.camera()->counters.encoded == 1; });
    CHECK(bench.source.counters().frames_oversized == 1);
    CHECK(logged.count("raise it in [memory]", LogLevel::warning) == 1);
    CHECK(bench.sink.frames.empty());
    CHECK(camera.queued_count() == FakeCamera::buffer_count);
}

TEST_CASE(
    "of a camera that makes more than is asked for frames are left out in time, and counted") {
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
    // At 30 frames/s; 2 is lost by the driver, and 9 and 11 are called bad by it.
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

TEST_CASE("raw frames go on when the driver counts anew") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 100));
    bench.until_frames(1);
    // As many as there are buffers may only have been overtaken.
    for (std::uint64_t sequence = 0; sequence < FakeCamera::buffer_count; ++sequence) {
        REQUIRE(camera.capture(grey, sequence));
        bench.until([&] { return bench.source.camera()->counters.out_of_order == sequence + 1; });
    }
    REQUIRE(camera.capture(grey, FakeCamera::buffer_count));
    bench.until_frames(2);
    CHECK(bench.sink.infos.back().captured_at == Instant(33ms * FakeCamera::buffer_count));
    CHECK(bench.source.camera()->counters.encoded == 2); // nobody saw what seemed to be overtaken
    CHECK(bench.source.camera()->counters.driver_dropped == 0);
}

TEST_CASE("a camera that is unplugged while a frame is encoded comes back with the next one") {
    RawCamera camera;
    Bench bench(camera);
    bench.until_running();
    bench.source.set_watched(true);
    REQUIRE(camera.capture(grey, 0));
    camera.unplug();
    camera.change_cameras();
    bench.until([&] { return camera.opens() == 2 && bench.source.camera()->running; });
    const std::size_t before = bench.sink.frames.size(); // depends on who was faster
    REQUIRE(camera.capture(grey, 0));
    bench.until_frames(before + 1);
}

} // namespace ringcast::capture
