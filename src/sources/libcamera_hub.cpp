#include "sources/libcamera_hub.hpp"

#include <algorithm>
#include <cstring>

#include "ringcast/base/assert.hpp"
#include "sources/libcamera_log.hpp"

namespace ringcast::sources {

LibcameraHub::LibcameraHub() {
    take_libcamera_log();
}

LibcameraHub::~LibcameraHub() {
    RINGCAST_ASSERT(listeners_.empty());
    if (started_) {
        manager_.cameraAdded.disconnect(this);
        manager_.cameraRemoved.disconnect(this);
        manager_.stop();
    }
}

Result<std::vector<std::shared_ptr<libcamera::Camera>>> LibcameraHub::cameras() {
    const std::lock_guard lock(start_mutex_);
    if (!started_) {
        if (const int error = manager_.start(); error < 0) {
            return fail(std::string("libcamera can't start: ") + std::strerror(-error));
        }
        started_ = true;
        manager_.cameraAdded.connect(this, &LibcameraHub::camera_changed);
        manager_.cameraRemoved.connect(this, &LibcameraHub::camera_changed);
    }
    return manager_.cameras();
}

void LibcameraHub::add_listener(CameraEvents& listener) {
    const std::lock_guard lock(listeners_mutex_);
    listeners_.push_back(&listener);
}

void LibcameraHub::remove_listener(CameraEvents& listener) {
    const std::lock_guard lock(listeners_mutex_);
    std::erase(listeners_, &listener);
}

// By value, because that is how the signal passes it.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void LibcameraHub::camera_changed(std::shared_ptr<libcamera::Camera> /*camera*/) {
    const std::lock_guard lock(listeners_mutex_);
    for (CameraEvents* const listener : listeners_) {
        listener->cameras_changed();
    }
}

} // namespace ringcast::sources
