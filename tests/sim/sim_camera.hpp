#pragma once
// A camera that makes JPEG, in virtual time: a driver that fills the buffers that are queued to it,
// and a source around the camera pool. It is unplugged and plugged in again, its frames are damaged
// and overtake each other, and it complains when viewers make it starve.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "camera/camera_pool.hpp"
#include "camera/frame_order.hpp"
#include "sim/frame_log.hpp"
#include "sim/sim_engine.hpp"
#include "sim/sim_source.hpp"

namespace ringcast::sim {

struct CameraSetup {
    Duration period = std::chrono::milliseconds(33);
    std::size_t frame_bytes_min = 200;
    std::size_t frame_bytes_max = 4000;
    std::size_t buffers = 4;
    bool registers = true; ///< asks the engine to register its buffers
    bool jitters = false;
    bool unplugged = false; ///< now and then
    bool pauses = false;    ///< stops while nobody watches
    Duration wakes_after = std::chrono::milliseconds(20);
};

class SimCamera final : public SimProducer, private camera::CameraBuffers {
public:
    SimCamera(SimEngine& engine, FrameLog& log, CameraSetup setup);

    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override { return plugs_at_; }
    void on_deadline(Instant now) noexcept override;
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override {
        return closed_ && sets_.empty() && pool_.idle();
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return "camera"; }

    [[nodiscard]] std::size_t slots_held() const noexcept override { return 0; }

    /// Pulls the plug; it is back after `absence`.
    void unplug(Duration absence);
    [[nodiscard]] const camera::CameraCounters& camera_counters() const noexcept {
        return pool_.counters();
    }
    [[nodiscard]] const camera::FrameOrder& order() const noexcept { return order_; }
    /// Frames for which no buffer was queued.
    [[nodiscard]] std::uint64_t frames_missed() const noexcept { return frames_missed_; }
    /// Sets whose memory is mapped.
    [[nodiscard]] std::size_t sets_mapped() const noexcept { return sets_.size(); }

private:
    static constexpr std::uint8_t op_released = op_close + 1; ///< and one more for each buffer

    struct Set {
        std::uint32_t number = 0;
        std::vector<std::vector<std::byte>> memory;
        std::vector<std::optional<io::BufferId>> registered;
        std::size_t answers_due = 0;
    };
    /// A buffer that the driver has filled.
    struct Completed {
        camera::CameraFrame frame;
        std::uint32_t sequence = 0;
        bool overtaken = false; ///< comes after later ones
        bool forbidden = false; ///< no viewer may ever see it
    };

    // the driver
    bool tick() override;
    void capture();
    [[nodiscard]] std::vector<std::byte> expose(Completed& completed);
    void choose_misfortune(Completed& completed, std::vector<std::byte>& jpeg);
    [[nodiscard]] bool chooses(FaultKind kind);
    /// With the camera, as far as the pool knows.
    [[nodiscard]] std::size_t buffers_at_home() const noexcept {
        return queue_.size() + completed_.size() + (deferred_ ? 1 : 0);
    }
    void complete(const Completed& completed);
    [[nodiscard]] ByteSpan payload(std::size_t buffer);

    // the source
    void requeue(std::size_t buffer) noexcept override;
    void set_returned(std::uint32_t set) noexcept override;
    void plug();
    void end_capture();
    void take_frames();
    void on_released(std::uint32_t set);
    void check_fate(const camera::CameraFrame& frame, camera::FrameOutcome fate, std::size_t left);

    CameraSetup setup_;
    bool closed_ = false;
    Instant plugs_at_ = never;
    Duration absence_{};

    bool capturing_ = false;
    bool gone_ = false; ///< unplugged, and the source does not know yet
    std::uint32_t next_sequence_ = 0;
    std::deque<std::size_t> queue_;
    std::deque<Completed> completed_;
    std::optional<Completed> deferred_; ///< to be overtaken
    std::size_t held_for_ = 0;          ///< frames that overtake it
    std::size_t forbidden_in_a_row_ = 0;
    Instant last_good_at_ = never; ///< of the set
    std::uint64_t frames_missed_ = 0;

    std::uint32_t next_set_ = 1;
    std::vector<Set> sets_; ///< whose memory is mapped; the newest last
    camera::FrameOrder order_;
    camera::CameraPool pool_;
};

} // namespace ringcast::sim
