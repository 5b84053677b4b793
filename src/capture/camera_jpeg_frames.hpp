#pragma once
// Publishes frames of a camera that produces JPEG itself. Its buffers are registered with the
// engine if possible, so that frames are sent directly from the camera's memory. camera::CameraPool
// decides about each frame; this class deals with the kernel: mappings, their registration and its
// release.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "camera/buffer_recycler.hpp"
#include "camera/camera_pool.hpp"
#include "camera/captured_frame.hpp"
#include "capture/camera_buffer.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"
#include "source/frame_source.hpp"

namespace ringcast::capture {

class CameraJpegFrames {
public:
    /// All references must outlive it.
    CameraJpegFrames(io::Engine& engine, camera::BufferRecycler& recycler,
                     source::SourceCounters& counters)
        : engine_(engine), recycler_(recycler), pool_(recycler, counters) {}

    /// Called once, before everything else. Completions of the stream's `operation` must be passed
    /// to `on_completion`.
    void start(source::FrameSink& sink, io::StreamId stream, std::uint8_t operation) noexcept;
    /// A camera was opened; no buffer is queued yet. Fails only if `tier` demands registered
    /// buffers and they can't be registered; nothing is open then.
    [[nodiscard]] Result<void> open(std::vector<CameraBuffer> buffers, config::CameraTier tier);
    /// The buffer is recycled at once, unless the frame is lent.
    camera::FrameOutcome take(const camera::CapturedFrame& frame) noexcept;
    /// The camera is being closed: no buffer is recycled any more.
    void close() noexcept;

    void on_completion(const io::Completion& completion) noexcept;
    /// True when `release_unused` has work to do.
    [[nodiscard]] bool has_unused() const noexcept { return pool_.has_unused_set(); }
    /// Releases the registrations of buffers that neither camera nor viewers use any more. Must not
    /// be called from within a connection's work.
    void release_unused() noexcept;

    /// True exactly when nothing is open, lent or registered.
    [[nodiscard]] bool idle() const noexcept { return sets_.empty() && pool_.idle(); }
    /// "registered" or "copied", of the open camera.
    [[nodiscard]] std::string_view tier() const noexcept;
    /// Why the tier is not "registered"; empty if it is.
    [[nodiscard]] const std::string& tier_reason() const noexcept { return tier_reason_; }
    /// What was wrong with the last damaged frame.
    [[nodiscard]] const jpeg::Fault& fault() const noexcept { return pool_.fault(); }
    [[nodiscard]] const camera::CameraCounters& counters() const noexcept {
        return pool_.counters();
    }

private:
    /// The buffers of one opening. They stay mapped until the camera, viewers and the kernel have
    /// all finished with them.
    struct Set {
        std::uint32_t number = 0; ///< the pool's; 0 if it was never opened there
        std::uint16_t run = 0;    ///< generation of its tokens
        std::vector<CameraBuffer> buffers;
        std::vector<io::BufferId> registered; ///< not yet released: all of them, or none
        std::size_t releasing = 0;            ///< releases that have not completed
        bool unused = false;                  ///< by camera and viewers
    };

    [[nodiscard]] camera::FrameOutcome publish(const camera::CapturedFrame& frame) noexcept;
    [[nodiscard]] Result<void> register_buffers(Set& set);
    void release(Set& set) noexcept;
    void drop_finished() noexcept;

    io::Engine& engine_;
    camera::BufferRecycler& recycler_;
    io::StreamId stream_;
    std::uint8_t operation_ = 0;
    std::uint16_t runs_ = 0;
    std::vector<Set> sets_; ///< while a camera is open the last one is its set
    camera::CameraPool pool_;
    std::string tier_reason_;
};

} // namespace ringcast::capture
