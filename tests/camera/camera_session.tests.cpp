#include "camera/camera_session.hpp"

#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using namespace std::chrono_literals;
using Command = CameraSession::Command;

namespace {

constexpr Instant begin{100s};

/// A session whose camera is open.
CameraSession opened() {
    CameraSession session;
    CHECK(session.next(begin) == Command::open);
    session.on_opened();
    session.on_frame();
    return session;
}

/// The waits between attempts that fail with the same error.
std::vector<Duration> waits(OpenError error, int count) {
    CameraSession session;
    std::vector<Duration> waits;
    Instant now = begin;
    for (int i = 0; i < count; ++i) {
        CHECK(session.next(now) == Command::open);
        session.on_open_failed(error, now);
        CHECK(session.next(now) == Command::none);
        waits.push_back(session.deadline() - now);
        now = session.deadline();
    }
    return waits;
}

} // namespace

TEST_CASE("a camera is opened once, and closed at the end") {
    CameraSession session;
    CHECK(session.next(begin) == Command::open);
    CHECK(session.next(begin) == Command::none);
    CHECK_FALSE(session.open());
    CHECK_FALSE(session.closed());
    session.on_opened();
    CHECK(session.open());
    CHECK(session.next(begin) == Command::none);
    CHECK(session.deadline() == never);
    session.end();
    CHECK(session.next(begin) == Command::close);
    CHECK(session.next(begin) == Command::none);
    session.on_closed();
    CHECK(session.closed());
    CHECK(session.next(begin) == Command::none);
    CHECK(session.deadline() == never);
}

TEST_CASE("a camera that may become available is tried again with growing waits, up to a limit") {
    CHECK(waits(OpenError::busy, 5) == std::vector<Duration>{1s, 2s, 4s, 4s, 4s});
    CHECK(waits(OpenError::forbidden, 5) == std::vector<Duration>{1s, 2s, 4s, 4s, 4s});
    CHECK(waits(OpenError::unusable, 7) == std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 30s, 30s});
}

TEST_CASE("a camera that has delivered frames is tried again soon") {
    CameraSession session;
    for (int i = 0; i < 5; ++i) {
        CHECK(session.next(begin + 1h * i) == Command::open);
        session.on_open_failed(OpenError::busy, begin + 1h * i);
    }
    CHECK(session.next(begin + 10h) == Command::open);
    session.on_opened();
    session.on_frame();
    session.on_lost(false, begin + 11h);
    CHECK_FALSE(session.open());
    CHECK(session.next(begin + 11h) == Command::close);
    session.on_closed();
    CHECK(session.deadline() == begin + 11h + 1s);
}

TEST_CASE("after `absent` and `refused` the session waits for a change") {
    for (const OpenError error : {OpenError::absent, OpenError::refused}) {
        CameraSession session;
        CHECK(session.next(begin) == Command::open);
        session.on_open_failed(error, begin);
        CHECK(session.deadline() == never);
        CHECK(session.next(begin + 1h) == Command::none);
        session.on_cameras_changed(begin + 1h);
        CHECK(session.next(begin + 1h) == Command::open);
    }
}

TEST_CASE("a change that occurs while the camera is being opened is not lost") {
    CameraSession session;
    CHECK(session.next(begin) == Command::open);
    session.on_cameras_changed(begin);
    session.on_open_failed(OpenError::absent, begin);
    CHECK(session.next(begin) == Command::open);
    session.on_open_failed(OpenError::absent, begin);
    CHECK(session.next(begin) == Command::none);
}

TEST_CASE("an unplugged camera is closed, and opened when it is plugged in again") {
    CameraSession session = opened();
    session.on_lost(true, begin + 1s);
    session.on_lost(true, begin + 1s);
    CHECK(session.next(begin + 1s) == Command::close);
    SECTION("plugged in after it was closed") {
        session.on_closed();
        CHECK(session.next(begin + 2s) == Command::none);
        session.on_cameras_changed(begin + 2s);
        CHECK(session.next(begin + 2s) == Command::open);
    }
    SECTION("plugged in while it is being closed") {
        session.on_cameras_changed(begin + 2s);
        CHECK(session.next(begin + 2s) == Command::none);
        session.on_closed();
        CHECK(session.next(begin + 2s) == Command::open);
    }
}

TEST_CASE("a change ends the wait for a camera in use, and does not affect a running one") {
    CameraSession session;
    CHECK(session.next(begin) == Command::open);
    session.on_open_failed(OpenError::busy, begin);
    session.on_cameras_changed(begin + 1ms);
    CHECK(session.next(begin + 1ms) == Command::open);
    session.on_opened();
    session.on_cameras_changed(begin + 1s);
    CHECK(session.next(begin + 1s) == Command::none);
    CHECK(session.open());
}

TEST_CASE("a camera that is not wanted is closed, and opened at once when it is wanted") {
    CameraSession session;
    session.set_wanted(false);
    CHECK(session.next(begin) == Command::none);
    CHECK(session.deadline() == never);
    session.set_wanted(true);
    CHECK(session.next(begin) == Command::open);
    session.set_wanted(false);
    CHECK(session.next(begin) == Command::none);
    session.on_opened();
    CHECK(session.next(begin) == Command::close);
    session.set_wanted(true);
    session.on_closed();
    CHECK(session.next(begin) == Command::open);
}

TEST_CASE("after the end no camera is opened, whatever happens") {
    CameraSession session;
    CHECK(session.next(begin) == Command::open);
    session.end();
    session.on_open_failed(OpenError::busy, begin);
    session.on_cameras_changed(begin);
    CHECK(session.next(begin + 1h) == Command::none);
    CHECK(session.deadline() == never);
    CHECK(session.closed());
}
