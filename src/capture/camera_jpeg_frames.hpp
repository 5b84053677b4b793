#pragma once
// Frames of a camera that makes JPEG itself. Its buffers are registered with the engine where that is
// to be had, so that frames leave from where the camera has put them; camera::CameraPool does the
// rest. Here is what concerns the kernel: mappings, their registration, and its end.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "camera/camera_pool.hpp"
#include "capture/buffer_return.hpp"
#include "capture/camera_buffer.hpp"
#include "capture/camera_device.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"

namespace ringcast::capture {

class CameraJpegFrames final : private camera::CameraBuffers {
public:
    /// All of them outlive it. Completions of `operation` of the stream's are to be handed on.
    CameraJpegFrames(io::Engine& engine, BufferReturn& buffers, source::SourceCounters& counters)
        : engine_(engine), buffers_(buffers), pool_(*this, counters) {}

    /// Once, before all others.
    void start(source::FrameSink& sink, io::StreamId stream, std::uint8_t operation) noexcept;
    /// A camera was opened; no buffer is queued yet. Fails only when `tier` insists on what is not
    /// to be had, and then nothing is open.
    [[nodiscard]] Result<void> open(std::vector<CameraBuffer> buffers, config::CameraTier tier);
    /// The buffer comes back at once, unless the frame is lent.
    camera::FrameOutcome take(const CapturedFrame& frame) noexcept;
    /// The camera is being closed: no buffer comes back any more.
    void close() noexcept;

    void on_completion(const io::Completion& completion) noexcept;
    /// True when `release_returned` has something to do.
    [[nodiscard]] bool has_returned() const noexcept { return returned_; }
    /// Lets the engine forget buffers that no viewer has any more. Not from within a viewer's work.
    void release_returned() noexcept;

    /// True exactly when nothing is open, lent or registered.
    [[nodiscard]] bool idle() const noexcept { return sets_.empty() && pool_.idle(); }
    /// "registered" or "copied", of the open camera.
    [[nodiscard]] std::string_view tier() const noexcept;
    /// Why it is not registered; empty when it is.
    [[nodiscard]] const std::string& tier_reason() const noexcept { return tier_reason_; }
    /// Why the last damaged frame is.
    [[nodiscard]] jpeg::Damage damage() const noexcept { return pool_.damage(); }
    [[nodiscard]] const camera::CameraCounters& counters() const noexcept {
        return pool_.counters();
    }

private:
    /// The buffers of one opening. They stay mapped until nobody has any of them: the camera,
    /// viewers, the kernel.
    struct Set {
        std::uint32_t number = 0; ///< the pool's; 0 for one that never came so far
        std::uint16_t run = 0;    ///< generation of its tokens
        std::vector<CameraBuffer> buffers;
        std::vector<io::BufferId> registered; ///< not yet released: all of them, or none
        std::size_t releasing = 0;            ///< released, and not yet answered
        bool returned = false;                ///< neither camera nor viewers have any of it
    };

    [[nodiscard]] camera::FrameOutcome deliver(const CapturedFrame& frame) noexcept;
    void requeue(std::size_t buffer) noexcept override;
    void set_returned(std::uint32_t set) noexcept override;
    [[nodiscard]] Result<void> register_buffers(Set& set);
    void release(Set& set) noexcept;
    void drop_finished() noexcept;

    io::Engine& engine_;
    BufferReturn& buffers_;
    io::StreamId stream_;
    std::uint8_t operation_ = 0;
    std::uint16_t runs_ = 0;
    std::vector<Set> sets_; ///< the last one is the open camera's, while one is open
    camera::CameraPool pool_;
    bool returned_ = false;
    std::string tier_reason_;
};

} // namespace ringcast::capture
