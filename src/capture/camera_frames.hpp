#pragma once
// Publishes the frames of the open camera: JPEG through CameraJpegFrames, raw formats through
// CameraRawFrames.

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "camera/buffer_recycler.hpp"
#include "camera/captured_frame.hpp"
#include "capture/camera_device.hpp"
#include "capture/camera_jpeg_frames.hpp"
#include "capture/camera_raw_frames.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"

namespace ringcast::capture {

class CameraFrames {
public:
    /// All references must outlive it. `encode_workers` encode each raw picture together.
    CameraFrames(io::Engine& engine, camera::BufferRecycler& recycler,
                 source::SourceCounters& counters, const config::LibcameraConfig& wanted,
                 int encode_workers);

    /// Called once, before everything else. `encode_token`: of the encoder's operations. Tokens of
    /// `release_operation` are for the release of registered buffers.
    void start(source::FrameSink& sink, io::StreamId stream, io::OpToken encode_token,
               std::uint8_t release_operation) noexcept;
    /// A camera was opened; no buffer is queued yet. If it fails nothing is open.
    [[nodiscard]] Result<void> open(OpenedCamera camera);
    /// The camera is being closed: no buffer is recycled any more.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return format_ != Format::none; }

    /// Publishes the frame or drops it. Returns what is wrong with a JPEG that is damaged. The
    /// buffer is recycled when nobody needs it any more.
    [[nodiscard]] jpeg::Fault take(const camera::CapturedFrame& frame) noexcept;
    void set_watched(bool watched) noexcept { raw_.set_watched(watched || encodes_always_); }
    /// True exactly when the open camera's frames are published only while somebody is watching.
    [[nodiscard]] bool pauses_unwatched() const noexcept {
        return format_ == Format::raw && !encodes_always_;
    }

    void on_encode_completion(const io::Completion& completion) noexcept {
        raw_.on_completion(completion);
    }
    void on_release_completion(const io::Completion& completion) noexcept {
        jpeg_.on_completion(completion);
    }
    /// True when `release_unused` has work to do.
    [[nodiscard]] bool has_unused() const noexcept { return jpeg_.has_unused(); }
    /// Releases buffers of closed cameras that no viewer uses any more. Must not be called from
    /// within a connection's work.
    void release_unused() noexcept { jpeg_.release_unused(); }

    /// No camera is open, or will be.
    void stop() noexcept { raw_.stop(); }
    /// True exactly when no thread, operation or registration is left, after `stop`.
    [[nodiscard]] bool stopped() const noexcept { return raw_.stopped() && jpeg_.idle(); }

    /// Sets the tier, the number of buffers in use and the counters. `status.buffers` is set.
    void describe(source::CameraStatus& status) const;

private:
    enum class Format : std::uint8_t { none, jpeg, raw };

    CameraJpegFrames jpeg_;
    CameraRawFrames raw_;
    Format format_ = Format::none; ///< of the open camera
    config::CameraTier wanted_tier_;
    std::string wanted_format_;
    /// A snapshot can't wait for the next picture of a slow camera, and to encode so few costs
    /// little.
    bool encodes_always_;
};

} // namespace ringcast::capture
