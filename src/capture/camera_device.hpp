#pragma once
// The seam to a camera, as seen by the source that shows it: what blocks is called in a thread of
// the source's, and what the camera tells comes from threads of its own. Knows no libcamera, so
// that the source is tested without a camera.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "base/immovable.hpp"
#include "base/time.hpp"
#include "camera/camera_match.hpp"
#include "camera/camera_session.hpp"
#include "camera/rate_limit.hpp"
#include "capture/camera_buffer.hpp"
#include "config/config.hpp"
#include "encode/raw_picture.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// A camera has at most so many buffers: what the frame arena adopts must do for two cameras, the
/// one that runs and the one that was unplugged while viewers had its frames.
inline constexpr std::size_t camera_buffers_max = 16;

/// A frame in one of the camera's buffers, or the news that there is none.
struct CapturedFrame {
    std::uint32_t buffer = 0;   ///< index into OpenedCamera::buffers
    bool whole = false;         ///< false: the driver says that it failed
    std::size_t bytes = 0;      ///< in the first plane
    std::uint32_t sequence = 0; ///< wraps
    Instant captured_at{};
    WallTime captured{};
    /// Whether exposure has settled; nothing where the camera doesn't say.
    std::optional<bool> exposure_settled;
    bool startup = false; ///< whole, but the camera says that it is too early to show it
    bool refused = false; ///< the driver didn't take the buffer; nothing but its index is known
};

/// Where the camera tells what happens. Called from its threads, for one camera from one thread at
/// a time; every call only hands over.
class CameraEvents : private Immovable {
public:
    virtual ~CameraEvents() = default;

    virtual void frame_done(const CapturedFrame& frame) noexcept = 0;
    /// The open camera has been unplugged.
    virtual void unplugged() noexcept = 0;
    /// A camera has come or gone, not necessarily this one.
    virtual void cameras_changed() noexcept = 0;
};

struct OpenedCamera {
    camera::CameraIdentity identity;
    std::string library; ///< "libcamera 0.3.2"
    std::string driver;  ///< the kernel's, "uvcvideo"; empty: not known
    std::string format;  ///< "MJPEG", "YUYV"
    config::PictureSize size;
    std::uint32_t stride = 0; ///< bytes from one line of the first plane to the next; 0: not lines
    encode::ColourRange colour_range = encode::ColourRange::full;
    encode::ColourMatrix colour_matrix = encode::ColourMatrix::bt601;
    std::vector<CameraBuffer> buffers;
    std::string memory;        ///< of the buffers: "libcamera", or a dma-heap's name
    std::string memory_reason; ///< why raw pictures are in no better one; empty at the best
    std::vector<source::CameraControl> controls;
    camera::RatePlan rate; ///< what comes of the rate that was asked for
};

struct OpenFailure {
    camera::OpenError obstacle = camera::OpenError::unusable;
    std::string message; ///< for operators: what is wrong and what to do
    std::string reason;  ///< for viewers: without paths and ids
};

class CameraDevice : private Immovable {
public:
    /// The camera is closed.
    virtual ~CameraDevice() = default;

    /// Finds, configures and starts the camera; no buffer is queued yet. Blocks. From the first
    /// call on `events` hears of cameras that come and go.
    [[nodiscard]] virtual tl::expected<OpenedCamera, OpenFailure> open(CameraEvents& events) = 0;
    /// Stops and releases it, also when `open` has thrown midway. Blocks; afterwards `events` hears
    /// of no frame any more.
    virtual void close() noexcept = 0;
    /// `events` hears of nothing any more. The camera is closed, and is not opened again.
    virtual void stop_events() noexcept = 0;
    /// The camera may write into the buffer. Doesn't block, and is called in the loop's thread,
    /// between `open` and `close` only. False when the camera doesn't take it.
    [[nodiscard]] virtual bool queue(std::uint32_t buffer) noexcept = 0;
};

} // namespace ringcast::capture
