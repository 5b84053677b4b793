#include "libcamera/camera_manager_owner.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "capture/camera_access.hpp"
#include "libcamera/libcamera_log.hpp"

namespace ringcast::capture {

CameraManagerOwner::CameraManagerOwner() {
    take_libcamera_log();
}

CameraManagerOwner::~CameraManagerOwner() {
    RINGCAST_ASSERT(listeners_.empty());
    stop();
}

Result<void> CameraManagerOwner::start() {
    if (started_) {
        return {};
    }
    forbidden_ = camera_permission_problem().has_value();
    // Before it starts: a restarted manager may report cameras during its start.
    manager_.cameraAdded.connect(this, &CameraManagerOwner::camera_changed);
    manager_.cameraRemoved.connect(this, &CameraManagerOwner::camera_changed);
    if (const int error = manager_.start(); error < 0) {
        manager_.cameraAdded.disconnect(this);
        manager_.cameraRemoved.disconnect(this);
        return fail(std::string("libcamera can't start: ") + std::strerror(-error));
    }
    started_ = true;
    return {};
}

void CameraManagerOwner::stop() {
    if (std::exchange(started_, false)) {
        manager_.cameraAdded.disconnect(this);
        manager_.cameraRemoved.disconnect(this);
        manager_.stop();
    }
}

Result<std::vector<std::shared_ptr<libcamera::Camera>>> CameraManagerOwner::cameras() {
    const std::lock_guard lock(start_mutex_);
    if (forbidden_ && !in_use_ && !camera_permission_problem()) {
        stop();
    }
    if (const auto started = start(); !started) {
        return tl::unexpected(started.error());
    }
    auto cameras = manager_.cameras();
    in_use_ = in_use_ || !cameras.empty();
    return cameras;
}

void CameraManagerOwner::add_listener(CameraEvents& listener) {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(&listener);
}

void CameraManagerOwner::remove_listener(CameraEvents& listener) {
    const std::lock_guard lock(listeners_mutex_);
    std::erase(listeners_, &listener);
}

// By value, because the signal passes it so.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void CameraManagerOwner::camera_changed(std::shared_ptr<libcamera::Camera> /*camera*/) {
    const std::lock_guard lock(listeners_mutex_);
    for (CameraEvents* const listener : listeners_) {
        listener->cameras_changed();
    }
}

} // namespace ringcast::capture
