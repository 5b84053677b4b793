#pragma once
// The seam to a camera, as CameraSource uses it. Blocking functions are called in a thread of the
// source; events arrive from the camera's threads. Knows nothing of libcamera, so that the source
// is tested without a camera.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/immovable.hpp"
#include "base/picture_turn.hpp"
#include "base/time.hpp"
#include "camera/camera_match.hpp"
#include "camera/camera_session.hpp"
#include "camera/captured_frame.hpp"
#include "camera/rate_limit.hpp"
#include "capture/camera_buffer.hpp"
#include "config/config.hpp"
#include "encode/raw_picture.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// Maximum number of buffers per camera. The slots that a frame arena can adopt must suffice for
/// two: the running camera and the one that was unplugged while viewers used its frames.
inline constexpr std::size_t camera_buffers_max = 16;

/// Receives a camera's events. Called from the camera's threads, for one camera by one thread at a
/// time; every call only hands the event over to the loop.
class CameraEvents : private Immovable {
public:
    virtual ~CameraEvents() = default;

    virtual void frame_done(const camera::CapturedFrame& frame) noexcept = 0;
    /// The open camera has been unplugged.
    virtual void unplugged() noexcept = 0;
    /// A camera was plugged in or unplugged, not necessarily this one.
    virtual void cameras_changed() noexcept = 0;
};

struct OpenedCamera {
    camera::CameraIdentity identity;
    std::string library; ///< "libcamera 0.3.2"
    std::string driver;  ///< the kernel's, "uvcvideo"; empty if not known
    std::string format;  ///< "MJPEG", "YUYV"
    config::PictureSize size;
    std::uint32_t stride = 0; ///< bytes per line of the first plane; 0: it has no lines
    PictureTurn turn;         ///< what is left to do: cameras can turn some pictures themselves
    encode::ColourRange colour_range = encode::ColourRange::full;
    encode::ColourMatrix colour_matrix = encode::ColourMatrix::bt601;
    std::vector<CameraBuffer> buffers;
    std::string memory;        ///< allocator of the buffers: "libcamera", or a dma-heap's name
    std::string memory_reason; ///< why raw pictures are not in the best one; empty if they are
    std::vector<source::CameraControl> controls;
    std::optional<source::SensorStatus> sensor; ///< none without sensor modes
    std::string sensor_note; ///< for the log: what the rate costs; empty if nothing
    std::string focus;       ///< see camera::focus_text
    camera::RatePlan rate;   ///< how the configured frame rate is achieved
};

struct OpenFailure {
    camera::OpenError error = camera::OpenError::unusable;
    std::string message; ///< for operators: what is wrong and what to do
    std::string reason;  ///< for viewers: without paths and ids
};

class CameraDevice : private Immovable {
public:
    /// The camera must be closed.
    virtual ~CameraDevice() = default;

    using Settings = std::vector<config::ControlSetting>;
    using Controls = std::vector<source::CameraControl>;

    /// Finds, configures and starts the camera, with these controls set; no buffer is queued yet.
    /// Blocks. From the first call on `events` receives `cameras_changed`.
    [[nodiscard]] virtual tl::expected<OpenedCamera, OpenFailure>
    open(CameraEvents& events, const Settings& settings) = 0;
    /// Sets controls of the open camera: all of them, or none. Returns `controls`, which are those of
    /// the camera, with their new values. Blocks.
    [[nodiscard]] virtual tl::expected<Controls, OpenFailure>
    set_controls(Controls controls, const Settings& settings) = 0;
    /// Stops and releases the camera, also if `open` has thrown an exception. Blocks; afterwards
    /// `events` receives no frame any more.
    virtual void close() noexcept = 0;
    /// `events` receives nothing any more. The camera is closed, and is not opened again.
    virtual void stop_events() noexcept = 0;
    /// The camera may fill the buffer. Does not block; called by the loop's thread, only between
    /// `open` and `close`. False if the camera does not accept the buffer.
    [[nodiscard]] virtual bool queue(std::uint32_t buffer) noexcept = 0;
};

} // namespace ringcast::capture
