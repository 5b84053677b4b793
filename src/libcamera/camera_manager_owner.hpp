#pragma once
// The one CameraManager of the process, started when the first camera is wanted, and the news of
// cameras that come and go, for everybody who waits for one.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/camera_manager.h>

#include "base/result.hpp"
#include "capture/camera_device.hpp"

namespace ringcast::capture {

class CameraManagerOwner {
public:
    CameraManagerOwner();
    CameraManagerOwner(const CameraManagerOwner&) = delete;
    CameraManagerOwner& operator=(const CameraManagerOwner&) = delete;
    CameraManagerOwner(CameraManagerOwner&&) = delete;
    CameraManagerOwner& operator=(CameraManagerOwner&&) = delete;
    /// In the thread that made it, which libcamera insists on; nobody listens any more.
    ~CameraManagerOwner();

    /// All cameras. Blocks: the first call starts the manager, and so does one after the permission
    /// to open cameras has come, because libcamera looks at each device only once. From any thread.
    [[nodiscard]] Result<std::vector<std::shared_ptr<libcamera::Camera>>> cameras();
    /// `listener` hears of cameras that come and go, from libcamera's thread, until it is removed.
    void add_listener(CameraEvents& listener);
    void remove_listener(CameraEvents& listener);

private:
    void camera_changed(std::shared_ptr<libcamera::Camera> camera);
    [[nodiscard]] Result<void> start();
    void stop();

    std::mutex start_mutex_;
    bool started_ = false;
    bool forbidden_ = false; ///< at the start some device could not be opened
    bool given_ = false;     ///< somebody has got a camera, and may have it still
    std::mutex listeners_mutex_;
    std::vector<CameraEvents*> listeners_;
    libcamera::CameraManager manager_;
};

} // namespace ringcast::capture
