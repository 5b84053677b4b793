#include "capture/camera_log.hpp"

#include <utility>

#include <fmt/core.h>

#include "base/log.hpp"
#include "config/describe.hpp"
#include "config/units.hpp"

namespace ringcast::capture {

namespace {

/// "name", or "name<separator>reason<end>".
std::string with_reason(const std::string& name, std::string_view separator,
                        const std::string& reason, std::string_view end = {}) {
    return reason.empty() ? name : fmt::format("{}{}{}{}", name, separator, reason, end);
}

} // namespace

void CameraLog::opened(const source::CameraStatus& camera, config::PictureSize size,
                       std::string_view rate_note, std::string_view sensor_note) {
    last_failure_.clear();
    // "vidbuf_cached", "libcamera (this system has no dma-heap)"
    const std::string memory = with_reason(camera.memory, " (", camera.memory_reason, ")");
    // Why raw frames are encoded is in the status only.
    const std::string tier = camera.tier == "encoded"
                                 ? "encoded here"
                                 : with_reason(camera.tier, ": ", camera.tier_reason);
    const std::string sensor =
        camera.sensor ? fmt::format(" from sensor mode {}",
                                    config::picture_size_text(camera.sensor->mode.size))
                      : std::string();
    log_stream(LogLevel::info, stream_name_,
               "camera {} ({}) delivers {} {}{} through {}, in {} buffers from {}, {}",
               camera.model, camera.id, camera.format, config::picture_size_text(size), sensor,
               camera.library, camera.buffers, memory, tier);
    for (const std::string_view note : {rate_note, sensor_note}) {
        if (!note.empty()) {
            log_stream(LogLevel::warning, stream_name_, "{}", note);
        }
    }
}

void CameraLog::failed(const std::string& message) {
    if (std::exchange(last_failure_, message) != message) {
        log_stream(LogLevel::warning, stream_name_, "{}", message);
    }
}

void CameraLog::stopped_unwatched() {
    log_stream(LogLevel::info, stream_name_, "the camera is stopped because nobody is watching");
}

void CameraLog::controls_changed(std::span<const config::ControlSetting> changed) {
    if (changed.empty()) {
        log_stream(LogLevel::info, stream_name_,
                   "the camera's controls are those of the configuration again");
    } else {
        log_stream(LogLevel::info, stream_name_, "controls set over HTTP, until a restart: {}",
                   config::controls_text(changed));
    }
}

void CameraLog::controls_dropped() {
    log_stream(LogLevel::warning, stream_name_,
               "the controls that were set over HTTP are dropped, because the camera could not be "
               "opened with them");
}

void CameraLog::oversized(std::uint64_t total, std::size_t frame_bytes_max, Instant now) {
    if (std::exchange(oversized_seen_, total) < total) {
        constexpr std::size_t unknown = 0;
        faults_.oversized(now, unknown, frame_bytes_max);
    }
}

void CameraLog::buffer_rejected() {
    log_stream(LogLevel::warning, stream_name_,
               "the camera's driver has rejected a buffer, perhaps because of `controls` "
               "that can't be combined");
}

void CameraLog::buffer_not_queued(std::uint32_t buffer) {
    log_stream(LogLevel::debug, stream_name_, "the camera does not accept buffer {}", buffer);
}

} // namespace ringcast::capture
