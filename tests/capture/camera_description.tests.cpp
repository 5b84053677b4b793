#include "capture/camera_description.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::capture {

namespace {

OpenedCamera some_camera() {
    OpenedCamera camera;
    camera.identity = {"some-id", "C920", "front", {}};
    camera.library = "libcamera 0.3.2";
    camera.driver = "uvcvideo";
    camera.format = "MJPEG";
    camera.focus = "continuous (default)";
    camera.sensor.emplace().view_share = 0.5;
    camera.memory = "libcamera";
    camera.memory_reason = "no dma-heap";
    camera.buffers.resize(4);
    camera.controls.emplace_back().name = "Brightness";
    return camera;
}

} // namespace

TEST_CASE("nothing is known of a camera before it was opened") {
    const CameraDescription description;
    CHECK(description.status(false).id.empty());
    CHECK(description.controls().empty());
    CHECK(description.times_opened() == 0);
}

TEST_CASE("an open camera is described by its identity, format, memory and controls") {
    CameraDescription description;
    description.on_opened(some_camera());
    const source::CameraStatus status = description.status(true);
    CHECK(status.id == "some-id");
    CHECK(status.model == "C920");
    CHECK(status.location == "front");
    CHECK(status.library == "libcamera 0.3.2");
    CHECK(status.driver == "uvcvideo");
    CHECK(status.format == "MJPEG");
    CHECK(status.focus == "continuous (default)");
    REQUIRE(status.sensor);
    CHECK(status.sensor->view_share == 0.5);
    CHECK(status.memory == "libcamera");
    CHECK(status.memory_reason == "no dma-heap");
    CHECK(status.buffers == 4);
    CHECK(status.counters.opened == 1);
    REQUIRE(description.controls().size() == 1);
    CHECK(description.controls().front().name == "Brightness");
}

TEST_CASE("a closed camera keeps its identity and controls, but neither format nor memory") {
    CameraDescription description;
    description.on_opened(some_camera());
    const source::CameraStatus status = description.status(false);
    CHECK(status.id == "some-id");
    CHECK(status.driver == "uvcvideo");
    CHECK(status.format.empty());
    CHECK(status.focus.empty());
    CHECK_FALSE(status.sensor);
    CHECK(status.memory.empty());
    CHECK(status.memory_reason.empty());
    CHECK(status.buffers == 0);
    CHECK(description.controls().size() == 1);
}

TEST_CASE("each opening replaces the description and is counted") {
    CameraDescription description;
    description.on_opened(some_camera());
    OpenedCamera other = some_camera();
    other.identity.id = "other-id";
    other.controls.clear();
    description.on_opened(other);
    CHECK(description.status(true).id == "other-id");
    CHECK(description.controls().empty());
    CHECK(description.times_opened() == 2);
}

} // namespace ringcast::capture
