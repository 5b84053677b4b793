#pragma once
// The log of one camera: what it says, and how often a recurring problem is logged.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"
#include "source/frame_fault_log.hpp"

namespace ringcast::capture {

class CameraLog {
public:
    explicit CameraLog(const std::string& stream_name)
        : stream_name_(stream_name), faults_(stream_name) {}

    /// The camera has been opened. Notes that are not empty are logged as warnings, see
    /// camera::RatePlan and camera::SensorChoice.
    void opened(const source::CameraStatus& camera, config::PictureSize size,
                std::string_view rate_note, std::string_view sensor_note);
    /// Repeated failures with the same message are logged once, until the camera was opened.
    void failed(const std::string& message);
    /// The camera is closed because it has no viewers.
    void stopped_unwatched();

    /// Requests have set these controls since the start.
    void controls_changed(std::span<const config::ControlSetting> changed);
    /// The values that requests have set are not in effect any more.
    void controls_dropped();

    // Logged once per burst.

    void damaged(std::string_view problem, Instant now) { faults_.damaged(now, problem); }
    void damaged(const jpeg::Fault& fault, jpeg::PictureLimit picture_max, Instant now) {
        faults_.damaged(now, fault, picture_max);
    }
    /// `total`: frames that were too large until now.
    void oversized(std::uint64_t total, std::size_t frame_bytes_max, Instant now);

    /// The driver has rejected a buffer before it completed any.
    void buffer_rejected();
    /// The camera did not accept a buffer.
    void buffer_not_queued(std::uint32_t buffer);

private:
    std::string stream_name_;
    source::FrameFaultLog faults_;
    std::uint64_t oversized_seen_ = 0;
    std::string last_failure_; ///< empty once the camera was opened
};

} // namespace ringcast::capture
