#pragma once
// Implements CameraDevice with libcamera.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/request.h>

#include "base/picture_turn.hpp"
#include "camera/control_plan.hpp"
#include "capture/camera_device.hpp"
#include "config/config.hpp"
#include "libcamera/camera_manager_owner.hpp"
#include "libcamera/dma_heap_fallback.hpp"
#include "libcamera/libcamera_convert.hpp"
#include "libcamera/libcamera_memory.hpp"

namespace ringcast::capture {

class LibcameraDevice final : public CameraDevice {
public:
    /// `turn`: of the pictures; what the camera can't do of it is in OpenedCamera. `tuning`: the tuning
    /// file of the process, see tuning_file.hpp.
    LibcameraDevice(CameraManagerOwner& manager, config::LibcameraConfig wanted,
                    const PictureTurn& turn, std::string tuning);
    LibcameraDevice(const LibcameraDevice&) = delete;
    LibcameraDevice& operator=(const LibcameraDevice&) = delete;
    LibcameraDevice(LibcameraDevice&&) = delete;
    LibcameraDevice& operator=(LibcameraDevice&&) = delete;
    ~LibcameraDevice() override;

    [[nodiscard]] tl::expected<OpenedCamera, OpenFailure> open(CameraEvents& events,
                                                               const Settings& settings) override;
    [[nodiscard]] tl::expected<Controls, OpenFailure>
    set_controls(Controls controls, const Settings& settings) override;
    void close() noexcept override;
    void stop_events() noexcept override;
    [[nodiscard]] bool queue(std::uint32_t buffer) noexcept override;

private:
    struct QueuedRequest {
        std::unique_ptr<libcamera::Request> request;
        bool used = false; ///< it was queued before
    };
    using Step = tl::expected<void, OpenFailure>;

    // The steps of opening, in this order.
    [[nodiscard]] Step find_camera();
    [[nodiscard]] Step check_start_settings(const OpenedCamera& opened) const;
    [[nodiscard]] Step configure(OpenedCamera& opened);
    [[nodiscard]] Step make_buffers(OpenedCamera& opened);
    [[nodiscard]] Step start(OpenedCamera& opened, const Settings& settings);
    /// Starts the camera again, with memory allocated by libcamera.
    [[nodiscard]] Step start_without_heap(OpenedCamera& opened, libcamera::ControlList& controls,
                                          int error);
    /// Adds the controls of the V4L2 device to those of `opened`.
    [[nodiscard]] tl::expected<camera::ControlPlan, OpenFailure>
    plan_controls(OpenedCamera& opened, Settings settings) const;
    [[nodiscard]] Step set_v4l2_controls(const std::vector<camera::V4l2Setting>& settings,
                                         OpenedCamera& opened);
    /// Hands the values to the next buffer that is queued.
    void hand_over(libcamera::ControlList controls);
    void release_buffers() noexcept;

    void request_completed(libcamera::Request* request);
    void disconnected();

    CameraManagerOwner& manager_;
    config::LibcameraConfig wanted_;
    PictureTurn turn_;
    std::string tuning_;
    CameraEvents* events_ = nullptr; ///< from the first `open` to `stop_events`
    ExposureIds exposure_ids_;
    DmaHeapFallback heap_fallback_;

    // The open camera, in the order of creation.
    std::shared_ptr<libcamera::Camera> camera_;
    bool acquired_ = false;
    std::unique_ptr<libcamera::CameraConfiguration> configuration_;
    LibcameraMemory memory_;
    std::vector<QueuedRequest> requests_;

    std::mutex controls_mutex_;
    libcamera::ControlList next_controls_; ///< for the next request; guarded by the mutex
};

} // namespace ringcast::capture
