#include "capture/camera_log.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

using namespace std::chrono_literals;

constexpr Instant begin{100s};

source::CameraStatus some_camera() {
    source::CameraStatus camera;
    camera.id = "some-id";
    camera.model = "C920";
    camera.format = "MJPEG";
    camera.library = "libcamera 0.3.2";
    camera.memory = "libcamera";
    camera.buffers = 4;
    camera.tier = "registered";
    return camera;
}

} // namespace

TEST_CASE("an opened camera is logged with its format, buffers and tier") {
    test::LogCapture logged;
    CameraLog log("door");
    log.opened(some_camera(), {1280, 720}, "", "");
    CHECK(logged.count("stream door: camera C920 (some-id) delivers MJPEG 1280x720 through "
                       "libcamera 0.3.2, in 4 buffers from libcamera, registered",
                       LogLevel::info) == 1);
    CHECK(logged.count("", LogLevel::warning) == 0);
}

TEST_CASE("the reasons for the tier and the memory of an opened camera are logged") {
    test::LogCapture logged;
    CameraLog log("door");
    source::CameraStatus camera = some_camera();
    camera.tier = "copied";
    camera.tier_reason = "too little memory";
    camera.memory_reason = "no dma-heap";
    log.opened(camera, {1280, 720}, "", "");
    CHECK(logged.count("from libcamera (no dma-heap), copied: too little memory") == 1);
    camera.tier = "encoded";
    log.opened(camera, {1280, 720}, "", "");
    CHECK(logged.count("from libcamera (no dma-heap), encoded here") == 1);
}

TEST_CASE("a frame rate that the camera does not have is logged as a warning") {
    test::LogCapture logged;
    CameraLog log("door");
    log.opened(some_camera(), {1280, 720}, "the rate is too high", "");
    CHECK(logged.count("stream door: the rate is too high", LogLevel::warning) == 1);
}

TEST_CASE("the sensor's mode of an opened camera is logged, and as a warning what the rate costs") {
    test::LogCapture logged;
    CameraLog log("door");
    source::CameraStatus camera = some_camera();
    camera.sensor.emplace().mode.size = {1536, 864};
    log.opened(camera, {1280, 720}, "", "60 frames/s narrow the field of view");
    CHECK(logged.count("delivers MJPEG 1280x720 from sensor mode 1536x864 through libcamera") == 1);
    CHECK(logged.count("stream door: 60 frames/s narrow the field of view", LogLevel::warning) ==
          1);
    CHECK(logged.count("", LogLevel::warning) == 1);
}

TEST_CASE("a failure that is repeated is logged again only after the camera was opened") {
    test::LogCapture logged;
    CameraLog log("door");
    log.failed("in use");
    log.failed("in use");
    CHECK(logged.count("stream door: in use", LogLevel::warning) == 1);
    log.failed("absent");
    log.failed("in use");
    CHECK(logged.count("in use", LogLevel::warning) == 2);
    log.opened(some_camera(), {1280, 720}, "", "");
    log.failed("in use");
    CHECK(logged.count("in use", LogLevel::warning) == 3);
}

TEST_CASE("damaged frames are logged once per burst, with the reason") {
    test::LogCapture logged;
    CameraLog log("door");
    log.damaged("no end", begin);
    log.damaged("no end", begin + 1s);
    CHECK(logged.count("stream door: a damaged frame was skipped: no end", LogLevel::warning) == 1);
    log.damaged("no beginning", begin + 1h);
    CHECK(logged.count("a damaged frame was skipped: no beginning", LogLevel::warning) == 1);
}

TEST_CASE("oversized frames are logged once per burst, when their number has grown") {
    test::LogCapture logged;
    CameraLog log("door");
    constexpr std::size_t frame_bytes_max = 8UL * 1024UL;
    log.oversized(0, frame_bytes_max, begin);
    CHECK(logged.count("larger than frame_max") == 0);
    log.oversized(1, frame_bytes_max, begin);
    log.oversized(1, frame_bytes_max, begin + 1h);
    log.oversized(2, frame_bytes_max, begin + 1s);
    CHECK(logged.count("larger than frame_max = 8 KiB", LogLevel::warning) == 1);
    log.oversized(3, frame_bytes_max, begin + 2h);
    CHECK(logged.count("larger than frame_max = 8 KiB", LogLevel::warning) == 2);
}

} // namespace ringcast::capture
