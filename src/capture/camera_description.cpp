#include "capture/camera_description.hpp"

namespace ringcast::capture {

void CameraDescription::on_opened(const OpenedCamera& camera) {
    status_.id = camera.identity.id;
    status_.model = camera.identity.model;
    status_.location = camera.identity.location;
    status_.library = camera.library;
    status_.driver = camera.driver;
    status_.format = camera.format;
    status_.focus = camera.focus;
    status_.sensor = camera.sensor;
    status_.memory = camera.memory;
    status_.memory_reason = camera.memory_reason;
    status_.buffers = static_cast<std::uint32_t>(camera.buffers.size());
    ++status_.counters.opened;
    controls_ = camera.controls;
}

source::CameraStatus CameraDescription::status(bool open) const {
    source::CameraStatus status = status_;
    if (!open) {
        status.format.clear();
        status.focus.clear();
        status.sensor.reset();
        status.memory.clear();
        status.memory_reason.clear();
        status.buffers = 0;
    }
    return status;
}

} // namespace ringcast::capture
