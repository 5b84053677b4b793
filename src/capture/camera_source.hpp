#pragma once
// A camera as a source of frames: the part that runs in the loop. Opens and closes the camera when
// necessary, reports why there are no pictures, and passes frames on to be published. Knows nothing
// of libcamera, which is behind CameraDevice.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "camera/buffer_recycler.hpp"
#include "camera/camera_session.hpp"
#include "camera/captured_frame.hpp"
#include "camera/control_settings.hpp"
#include "camera/frame_filter.hpp"
#include "capture/camera_description.hpp"
#include "capture/camera_device.hpp"
#include "capture/camera_frames.hpp"
#include "capture/camera_log.hpp"
#include "capture/camera_thread.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "source/camera_status.hpp"
#include "source/frame_source.hpp"
#include "source/idle_time.hpp"

namespace ringcast::capture {

class CameraSource final : public source::FrameSource, private camera::BufferRecycler {
public:
    /// A camera without a frame for this long, and for four frame periods, is closed and reopened.
    static constexpr Duration silence_max = std::chrono::seconds(10);

    /// `engine` must outlive the source. `encode_workers` encode each raw picture together.
    CameraSource(io::Engine& engine, const std::string& stream_name, config::LibcameraConfig wanted,
                 std::unique_ptr<CameraDevice> device, int encode_workers,
                 PictureChanges changes = {});

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
    [[nodiscard]] source::RawFrame lend_raw(Instant captured_at) noexcept override {
        return frames_.lend_raw(captured_at);
    }
    [[nodiscard]] std::optional<source::PictureStatus> picture() const override {
        return frames_.picture();
    }
    [[nodiscard]] std::span<const source::CameraControl> camera_controls() const noexcept override {
        return description_.controls();
    }
    void change_controls(std::span<const source::ControlChange> changes) override;
    [[nodiscard]] const source::ControlOutcome& control_outcome() const noexcept override {
        return control_outcome_;
    }

private:
    enum class Operation : std::uint8_t { wake, encode, release };

    void recycle(std::uint32_t buffer) noexcept override;
    [[nodiscard]] io::OpToken token(Operation operation) const noexcept;
    void on_wake() noexcept;
    void take_frames() noexcept;
    void take_frame(const camera::CapturedFrame& frame) noexcept;
    void take_refused(std::uint32_t buffer) noexcept;
    void note_alive() noexcept;
    void publish(const camera::CapturedFrame& frame) noexcept;
    void on_opened(OpenedCamera camera) noexcept;
    void on_open_failed(const OpenFailure& failure) noexcept;
    void on_closed() noexcept;
    void on_controls_set(CameraThread::ControlsSet answer) noexcept;
    /// The open camera delivers no frames any more.
    void lose(std::string_view reason, bool unplugged) noexcept;
    /// Reports to the stream why there are no pictures if they are wanted, and keeps the reason for
    /// later viewers.
    void report_lost(std::string_view reason) noexcept;
    /// Pauses the stream if there are no frames because nobody is watching.
    void pause_if_unwatched() noexcept;
    /// Starts the next step, if one is due. Called after every event.
    void advance() noexcept;
    [[nodiscard]] Instant silence_deadline() const noexcept;

    io::Engine& engine_;
    config::LibcameraConfig wanted_;
    std::unique_ptr<CameraDevice> device_;
    CameraThread thread_;
    camera::CameraSession session_;
    source::FrameSink* sink_ = nullptr;
    io::StreamId stream_;

    source::SourceCounters counters_;
    camera::FrameFilter filter_;
    CameraFrames frames_;
    CameraDescription description_;
    CameraLog log_;
    camera::ControlSettings control_settings_;
    std::vector<config::ControlSetting> changed_next_; ///< by the change that is under way
    source::ControlOutcome control_outcome_;

    bool watched_ = false;
    bool stopping_ = false;
    bool finishing_ = false;  ///< `thread_` is ending
    bool unplugged_ = false;  ///< the reason why the camera is not open
    std::string lost_reason_; ///< why there are no pictures; empty if there are
    source::IdleTime idle_time_;
    Instant idle_at_ = never;       ///< when the camera is stopped because nobody is watching
    Instant last_frame_at_ = never; ///< or when the camera was opened
    bool frames_arrived_ = false;   ///< from the open camera
    std::uint32_t refused_ = 0;     ///< buffers that the driver refused since the last frame
};

} // namespace ringcast::capture
