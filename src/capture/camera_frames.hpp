#pragma once
// Publishes the frames of the open camera: JPEG through CameraJpegFrames, raw formats and pictures that
// have to be changed through CameraEncodedFrames.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/picture_turn.hpp"
#include "base/result.hpp"
#include "camera/buffer_recycler.hpp"
#include "camera/captured_frame.hpp"
#include "capture/camera_device.hpp"
#include "capture/camera_encoded_frames.hpp"
#include "capture/camera_jpeg_frames.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"
#include "source/picture_status.hpp"

namespace ringcast::capture {

/// What is done to the pictures of a camera.
struct PictureChanges {
    /// As configured, for the status; the open camera says how much of it is left to do.
    PictureTurn turn{};
    std::optional<config::OverlayConfig> overlay{};
};

class CameraFrames {
public:
    /// All references must outlive it. `encode_workers` encode each raw picture together.
    CameraFrames(io::Engine& engine, camera::BufferRecycler& recycler,
                 source::SourceCounters& counters, const config::LibcameraConfig& wanted,
                 int encode_workers, PictureChanges changes = {});
    CameraFrames(CameraFrames&&) = delete;
    CameraFrames& operator=(CameraFrames&&) = delete;
    CameraFrames(const CameraFrames&) = delete;
    CameraFrames& operator=(const CameraFrames&) = delete;
    ~CameraFrames() = default;

    /// Called once, before everything else. `encode_token`: of the encoder's operations. Tokens of
    /// `release_operation` are for the release of registered buffers.
    void start(source::FrameSink& sink, io::StreamId stream, io::OpToken encode_token,
               std::uint8_t release_operation) noexcept;
    /// A camera was opened; no buffer is queued yet. If it fails nothing is open.
    [[nodiscard]] Result<void> open(OpenedCamera camera);
    /// The camera is being closed: no buffer is recycled any more.
    void close() noexcept;
    [[nodiscard]] bool is_open() const noexcept { return way_ != Way::none; }

    /// Publishes the frame or drops it. Returns what is wrong with a JPEG that is damaged. The
    /// buffer is recycled when nobody needs it any more.
    [[nodiscard]] jpeg::Fault take(const camera::CapturedFrame& frame) noexcept;
    void set_watched(bool watched) noexcept { encoded_.set_watched(watched || encodes_always_); }
    /// See FrameSource.
    [[nodiscard]] source::RawFrame lend_raw(Instant captured_at) noexcept {
        return encoded_.lend_raw(captured_at);
    }
    /// True exactly when the open camera's frames are published only while somebody is watching.
    [[nodiscard]] bool pauses_unwatched() const noexcept {
        return way_ == Way::encoded && !encodes_always_;
    }

    /// Returns what is wrong with a JPEG that could not be turned; empty if nothing.
    std::string_view on_encode_completion(const io::Completion& completion) noexcept {
        return encoded_.on_completion(completion);
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
    void stop() noexcept { encoded_.stop(); }
    /// True exactly when no thread, operation or registration is left, after `stop`.
    [[nodiscard]] bool stopped() const noexcept { return encoded_.stopped() && jpeg_.idle(); }

    /// Sets the tier, the number of buffers in use and the counters. `status.buffers` is set.
    void describe(source::CameraStatus& status) const;
    /// See FrameSource.
    [[nodiscard]] std::optional<source::PictureStatus> picture() const;

private:
    /// How frames become those of the stream.
    enum class Way : std::uint8_t { none, unchanged, encoded };

    PictureChanges changes_;
    CameraJpegFrames jpeg_;
    CameraEncodedFrames encoded_;
    Way way_ = Way::none;    ///< of the open camera
    bool makes_jpeg_ = true; ///< the open camera
    bool here_ = false;      ///< its pictures are changed here, not by the camera
    config::CameraTier wanted_tier_;
    std::string wanted_format_;
    /// A snapshot can't wait for the next picture of a slow camera, and to encode so few costs
    /// little.
    bool encodes_always_;
};

} // namespace ringcast::capture
