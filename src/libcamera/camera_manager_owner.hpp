#pragma once
// The only CameraManager of the process, which is started when the first camera is needed. Informs
// listeners when cameras are plugged in and unplugged.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/camera_manager.h>

#include "base/result.hpp"
#include "capture/camera_device.hpp"
#include "libcamera/sensor_modes.hpp"

namespace ringcast::capture {

class CameraManagerOwner {
public:
    CameraManagerOwner();
    CameraManagerOwner(const CameraManagerOwner&) = delete;
    CameraManagerOwner& operator=(const CameraManagerOwner&) = delete;
    CameraManagerOwner(CameraManagerOwner&&) = delete;
    CameraManagerOwner& operator=(CameraManagerOwner&&) = delete;
    /// Called by the thread that created it, as libcamera requires, without listeners.
    ~CameraManagerOwner();

    /// All cameras. Blocks: the first call starts the manager, and the first call after permission
    /// to open cameras was granted restarts it, because libcamera examines each device only once.
    /// May be called by any thread.
    [[nodiscard]] Result<std::vector<std::shared_ptr<libcamera::Camera>>> cameras();
    /// libcamera's thread calls `listener.cameras_changed` until the listener is removed.
    void add_listener(CameraEvents& listener);
    void remove_listener(CameraEvents& listener);
    /// May be called by any thread.
    [[nodiscard]] SensorModeCache& sensor_modes() noexcept { return sensor_modes_; }

private:
    void camera_changed(std::shared_ptr<libcamera::Camera> camera);
    [[nodiscard]] Result<void> start();
    void stop();

    std::mutex start_mutex_;
    bool started_ = false;
    bool forbidden_ = false; ///< permission for some device was missing at the start
    bool in_use_ = false;    ///< `cameras` has returned some, so the manager can't be stopped
    SensorModeCache sensor_modes_;
    std::mutex listeners_mutex_;
    std::vector<CameraEvents*> listeners_;
    libcamera::CameraManager manager_;
};

} // namespace ringcast::capture
