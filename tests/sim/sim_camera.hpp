#pragma once
// A camera that produces JPEG, in virtual time: a driver that fills queued buffers, and a source
// around the camera pool. It is unplugged and plugged in again, frames are damaged or out of order,
// and it complains if viewers leave it without buffers.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "camera/buffer_recycler.hpp"
#include "camera/camera_pool.hpp"
#include "camera/captured_frame.hpp"
#include "camera/control_settings.hpp"
#include "camera/frame_order.hpp"
#include "sim/frame_log.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_source.hpp"
#include "source/camera_status.hpp"

namespace ringcast::sim {

struct CameraSetup {
    Duration period = std::chrono::milliseconds(33);
    std::size_t frame_bytes_min = 200;
    std::size_t frame_bytes_max = 4000;
    std::size_t buffers = 4;
    bool registers = true; ///< asks the engine to register its buffers
    bool jitters = false;
    bool unplugged = false; ///< at random times
    bool pauses = false;    ///< stops while nobody is watching
    Duration wakes_after = std::chrono::milliseconds(20);
    std::size_t controls = 1;                              ///< how many it has
    Duration controls_time = std::chrono::milliseconds(5); ///< for setting them
};

class SimCamera final : public SimProducer, private camera::BufferRecycler {
public:
    SimCamera(SimEngine& engine, FrameLog& log, CameraSetup setup);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override {
        return pool_.has_unused_set() ? engine_.now() : plugs_at_;
    }
    void on_deadline(Instant now) noexcept override;
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override {
        return closed_ && sets_.empty() && pool_.idle();
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "camera"; }
    [[nodiscard]] std::optional<source::CameraStatus> camera() const override;
    [[nodiscard]] std::span<const source::CameraControl> camera_controls() const noexcept override {
        return controls_;
    }
    void change_controls(std::span<const source::ControlChange> changes) override;
    [[nodiscard]] const source::ControlOutcome& control_outcome() const noexcept override {
        return control_outcome_;
    }
    [[nodiscard]] const camera::ControlSettings& control_settings() const noexcept {
        return control_settings_;
    }

    [[nodiscard]] std::size_t slots_held() const noexcept override { return 0; }

    /// Unplugs the camera, which is plugged in again after `absence`.
    void unplug(Duration absence);
    [[nodiscard]] const camera::CameraCounters& camera_counters() const noexcept {
        return pool_.counters();
    }
    [[nodiscard]] const camera::FrameOrder& order() const noexcept { return order_; }
    /// Number of frames for which no buffer was queued.
    [[nodiscard]] std::uint64_t frames_missed() const noexcept { return frames_missed_; }
    /// Number of sets whose memory is mapped.
    [[nodiscard]] std::size_t sets_mapped() const noexcept { return sets_.size(); }

private:
    static constexpr std::uint8_t op_released = op_close + 1; ///< plus the index of the buffer

    struct Set {
        std::uint32_t number = 0;
        std::vector<std::vector<std::byte>> memory;
        std::vector<std::optional<io::BufferId>> registered;
        std::size_t releasing = 0; ///< releases that have not completed
    };
    /// A buffer that the driver has filled.
    struct Completed {
        camera::CapturedFrame frame;
        bool overtaken = false; ///< completed after later ones
        bool forbidden = false; ///< must never be published
    };

    // the driver
    bool tick() override;
    void capture();
    [[nodiscard]] std::vector<std::byte> expose(Completed& completed);
    void choose_misfortune(Completed& completed, std::vector<std::byte>& jpeg);
    [[nodiscard]] bool chooses(FaultKind kind);
    /// Number of buffers that the pool leaves to the camera.
    [[nodiscard]] std::size_t buffers_with_camera() const noexcept {
        return queue_.size() + completed_.size() + (deferred_ ? 1 : 0);
    }
    void complete(const Completed& completed);
    [[nodiscard]] ByteSpan payload(std::uint32_t buffer);

    // the source
    void recycle(std::uint32_t buffer) noexcept override;
    void release_unused_sets();
    void plug();
    void end_capture();
    void take_frames();
    void on_released(std::uint32_t set);
    void finish_change();
    void check_outcome(const camera::CapturedFrame& frame, camera::FrameOutcome outcome,
                       std::size_t left);

    CameraSetup setup_;
    std::vector<source::CameraControl> controls_;
    camera::ControlSettings control_settings_{{}};
    std::vector<config::ControlSetting> changed_next_; ///< by the change that is under way
    source::ControlOutcome control_outcome_;
    bool closed_ = false;
    Instant plugs_at_ = never;
    Duration absence_{};

    bool capturing_ = false;
    bool gone_ = false; ///< unplugged, but the source has not noticed yet
    std::uint32_t next_sequence_ = 0;
    std::deque<std::uint32_t> queue_;
    std::deque<Completed> completed_;
    std::optional<Completed> deferred_; ///< completed after later ones
    std::size_t deferred_for_ = 0;      ///< frames that will still overtake it
    std::size_t forbidden_in_a_row_ = 0;
    Instant last_good_at_ = never; ///< of the set
    std::uint64_t frames_missed_ = 0;

    std::uint32_t next_set_ = 1;
    std::vector<Set> sets_; ///< those whose memory is mapped; the newest last
    camera::FrameOrder order_;
    camera::CameraPool pool_;
};

} // namespace ringcast::sim
