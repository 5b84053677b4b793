#pragma once
// A camera as a source of frames: the loop's half. Opens and closes the camera when that is due,
// says why there is no picture, and hands frames to whoever deals with their format. Knows no
// libcamera: that is behind CameraDevice.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log_throttle.hpp"
#include "camera/camera_session.hpp"
#include "camera/exposure_settling.hpp"
#include "camera/frame_order.hpp"
#include "camera/rate_limit.hpp"
#include "capture/buffer_return.hpp"
#include "capture/camera_device.hpp"
#include "capture/camera_jpeg_frames.hpp"
#include "capture/camera_raw_frames.hpp"
#include "capture/camera_thread.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"

namespace ringcast::capture {

class CameraSource final : public source::FrameSource, private BufferReturn {
public:
    /// A camera that gives nothing for so long, and for four periods, is closed and opened again.
    static constexpr Duration silence_max = std::chrono::seconds(10);

    /// `engine` outlives the source. `encode_workers` encode each raw picture together.
    CameraSource(io::Engine& engine, std::string stream_name, config::LibcameraConfig wanted,
                 std::unique_ptr<CameraDevice> device, int encode_workers);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override;
    void on_deadline(Instant now) noexcept override;
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override;
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return counters_;
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "libcamera"; }
    [[nodiscard]] std::optional<source::CameraStatus> camera() const override;
    [[nodiscard]] std::span<const source::CameraControl> camera_controls() const noexcept override {
        return controls_;
    }

private:
    // Numbers of the operations.
    static constexpr std::uint8_t wake_operation = 0;
    static constexpr std::uint8_t encode_operation = 1;
    static constexpr std::uint8_t release_operation = 2;

    enum class Open : std::uint8_t { nothing, jpeg, raw };

    void queue_buffer(std::uint32_t buffer) noexcept override;
    [[nodiscard]] io::OpToken token(std::uint8_t operation) const noexcept;
    void on_wake() noexcept;
    void take_frames() noexcept;
    void take_frame(const CapturedFrame& frame) noexcept;
    void take_refused(std::uint32_t buffer) noexcept;
    [[nodiscard]] bool may_be_shown(const CapturedFrame& frame) noexcept;
    void note_damaged(std::string_view what) noexcept;
    void note_oversized() noexcept;
    void on_opened(OpenedCamera camera) noexcept;
    [[nodiscard]] Result<void> open_frames(OpenedCamera camera);
    void note_opened(const OpenedCamera& camera);
    void on_open_failed(const OpenFailure& failure) noexcept;
    /// Once, however often it is tried.
    void log_failure(const std::string& message) noexcept;
    void close_frames() noexcept;
    void on_closed() noexcept;
    void lose(std::string_view reason, bool unplugged) noexcept;
    /// Says why there is no picture, if anybody wants one, and keeps it for those who come later.
    void tell_lost(std::string_view reason) noexcept;
    /// Says that no frames come because nobody watches, if that is so.
    void rest_unwatched() noexcept;
    /// Begins what is due, whatever has just happened.
    void advance() noexcept;
    [[nodiscard]] Instant silence_deadline() const noexcept;

    io::Engine& engine_;
    std::string stream_name_;
    config::LibcameraConfig wanted_;
    std::unique_ptr<CameraDevice> device_;
    CameraThread thread_;
    camera::CameraSession session_;
    source::FrameSink* sink_ = nullptr;
    io::StreamId stream_;

    source::SourceCounters counters_;
    CameraJpegFrames jpeg_;
    CameraRawFrames raw_;
    Open open_ = Open::nothing; ///< what deals with the open camera's frames
    camera::FrameOrder order_;
    camera::ExposureSettling settling_;
    camera::RateLimit rate_limit_;
    bool watched_ = false;
    bool unplugged_ = false; ///< that is why it is not open
    bool stopping_ = false;
    bool finishing_ = false; ///< the thread has been told to end
    Instant last_frame_at_ = never;
    bool frames_came_ = false;  ///< from the open camera
    std::uint32_t refused_ = 0; ///< buffers that the driver didn't take since the last frame
    Instant idle_at_ = never;   ///< when the camera stops because nobody has watched

    source::CameraStatus status_; ///< what doesn't change while the camera is open
    std::vector<source::CameraControl> controls_;
    std::uint64_t captured_ = 0;
    std::uint64_t driver_failed_ = 0;
    std::uint64_t skipped_for_rate_ = 0;
    std::uint64_t opened_ = 0;
    LogThrottle damaged_burst_;
    LogThrottle oversized_burst_;
    std::uint64_t oversized_noted_ = 0; ///< of counters_.frames_oversized
    std::string last_failure_;          ///< that was logged
    std::string lost_reason_;           ///< empty while nothing is wrong
};

} // namespace ringcast::capture
