#include "capture/camera_thread.hpp"

#include <exception>
#include <system_error>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::capture {

namespace {

/// An exception of the library counts as a failure of the camera.
tl::unexpected<OpenFailure> failure_of(const std::exception& error) {
    return tl::unexpected(
        OpenFailure{camera::OpenError::unusable, error.what(), "the camera failed"});
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
    while (auto command = commands_.wait_and_take()) {
        if (std::holds_alternative<Finish>(*command)) {
            device_.stop_events();
            finished_.store(true, std::memory_order_release);
            loop_wake_.wake();
            return;
        }
        if (auto* const open = std::get_if<Open>(&*command)) {
            answer(execute(*open));
        } else if (auto* const set = std::get_if<SetControls>(&*command)) {
            answer(execute(*set));
        } else {
            device_.close();
            answer(Closed{});
        }
    }
}

CameraThread::Answer CameraThread::execute(const Open& open) noexcept {
    try {
        return device_.open(*this, open.settings);
    } catch (const std::exception& error) {
        device_.close(); // releases the part that was opened
        return Opened(failure_of(error));
    }
}

CameraThread::Answer CameraThread::execute(SetControls& set) noexcept {
    try {
        return device_.set_controls(std::move(set.controls), set.settings);
    } catch (const std::exception& error) {
        return ControlsSet(failure_of(error));
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
