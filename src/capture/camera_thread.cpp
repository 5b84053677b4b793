#include "capture/camera_thread.hpp"

#include <exception>
#include <system_error>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::capture {

namespace {

/// An exception of the library counts as a failure of the camera.
CameraThread::Opened open_guarded(CameraDevice& device, CameraEvents& events) noexcept {
    try {
        return device.open(events);
    } catch (const std::exception& error) {
        device.close(); // releases the part that was opened
        return tl::unexpected(
            OpenFailure{camera::OpenError::unusable, error.what(), "the camera failed"});
    }
}

} // namespace

CameraThread::~CameraThread() {
    RINGCAST_ASSERT(!thread_.joinable());
}

bool CameraThread::begin() noexcept {
    if (!loop_wake_.open()) {
        return false;
    }
    try {
        thread_ = std::thread([this] { run(); });
    } catch (const std::system_error&) {
        return false;
    }
    return true;
}

bool CameraThread::join_finished() noexcept {
    if (thread_.joinable() && finished_.load(std::memory_order_acquire)) {
        thread_.join(); // does not block: it is about to return
    }
    return joined();
}

void CameraThread::answer(Answer answer) noexcept {
    const bool pushed = answers_.push(std::move(answer));
    RINGCAST_ASSERT(pushed);
    loop_wake_.wake();
}

void CameraThread::run() noexcept {
    while (const auto command = commands_.wait_and_take()) {
        switch (*command) {
        case Command::open:
            answer(open_guarded(device_, *this));
            break;
        case Command::close:
            device_.close();
            answer(std::nullopt);
            break;
        case Command::finish:
            device_.stop_events();
            finished_.store(true, std::memory_order_release);
            loop_wake_.wake();
            return;
        }
    }
}

void CameraThread::frame_done(const camera::CapturedFrame& frame) noexcept {
    const bool pushed = frames_.push(camera::CapturedFrame(frame));
    RINGCAST_ASSERT(pushed); // a buffer is queued again only after its frame was taken
    loop_wake_.wake();
}

void CameraThread::unplugged() noexcept {
    unplugged_.store(true);
    loop_wake_.wake();
}

void CameraThread::cameras_changed() noexcept {
    changed_.store(true);
    loop_wake_.wake();
}

} // namespace ringcast::capture
