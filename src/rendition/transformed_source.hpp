#pragma once
// A source whose pictures are those of another one, turned or with a text in them: it is the sink of the
// original source, and the source of the stream that viewers watch. It takes the newest frame whenever its worker is idle.
// While nobody watches it does nothing, unless frames are so rare that a snapshot could not wait for
// the next one. Knows no codec, no threads and no memory.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "source/frame_source.hpp"
#include "source/picture_workers.hpp"
#include "stream/settings.hpp"
#include "stream/signal.hpp"

namespace ringcast::rendition {

/// Everything outlives the source.
struct TransformedParts {
    const io::Engine& engine;
    const stream::StreamSettings& settings;
    source::FrameSource& original;
    frame::FrameArena& arena;   ///< of the original's frames, with at least `slots_min` slots
    Duration period_expected{}; ///< as in StreamSetup
    source::PictureTarget target;
    std::optional<config::OverlayConfig> overlay; ///< drawn into the pictures
    /// Makes the worker, whose operations have the token. The error is for the log.
    std::function<Result<std::unique_ptr<source::PictureWorkers>>(io::OpToken)> make_worker;
};

// Limits: it implements both sides of the seam to sources.
class TransformedSource final : public source::FrameSource, private source::FrameSink {
public:
    /// Two that the original writes into, the newest frame, and the one that is being changed.
    static constexpr std::uint16_t slots_min = 4;

    explicit TransformedSource(TransformedParts parts);

    // --- FrameSource -----------------------------------------------------------------------------
    void start(source::FrameSink& sink, io::StreamId stream) noexcept override;
    void on_completion(const io::Completion& completion) noexcept override;
    [[nodiscard]] Instant deadline() const noexcept override {
        return worker_ == nullptr ? never : parts_.original.deadline();
    }
    void on_deadline(Instant now) noexcept override { parts_.original.on_deadline(now); }
    void set_watched(bool watched) noexcept override;
    void stop() noexcept override;
    [[nodiscard]] bool stopped() const noexcept override;
    /// Those of the original.
    [[nodiscard]] const source::SourceCounters& counters() const noexcept override {
        return parts_.original.counters();
    }
    [[nodiscard]] std::string_view kind() const noexcept override { return parts_.original.kind(); }
    [[nodiscard]] std::optional<source::CameraStatus> camera() const override {
        return parts_.original.camera();
    }
    [[nodiscard]] std::span<const source::CameraControl> camera_controls() const noexcept override {
        return parts_.original.camera_controls();
    }
    void change_controls(std::span<const source::ControlChange> changes) override {
        parts_.original.change_controls(changes);
    }
    [[nodiscard]] const source::ControlOutcome& control_outcome() const noexcept override {
        return parts_.original.control_outcome();
    }
    [[nodiscard]] std::optional<source::UpstreamStatus> upstream() const override {
        return parts_.original.upstream();
    }
    [[nodiscard]] std::optional<source::PictureStatus> picture() const override { return status_; }

private:
    // --- FrameSink, of the original --------------------------------------------------------------
    [[nodiscard]] frame::FrameArena& arena() noexcept override { return parts_.arena; }
    [[nodiscard]] frame::WritableSlot take_slot() noexcept override {
        return parts_.arena.take_slot();
    }
    void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept override;
    void signal_lost(std::string_view reason) noexcept override;
    void signal_awaited(std::string_view reason) noexcept override;
    void pause() noexcept override;
    void ended(std::string_view reason) noexcept override;

    /// The original has no picture: neither the newest frame nor the one in work is one of the stream.
    void drop_frames() noexcept;
    /// Whether frames are changed, as far as viewers are concerned.
    [[nodiscard]] bool wanted() const noexcept;
    void pause_unwatched() noexcept;
    void begin_next() noexcept;
    void finish(const source::PictureAnswer& answer) noexcept;
    void note_failure(const source::PictureAnswer& answer) noexcept;

    TransformedParts parts_;
    source::FrameSink* sink_ = nullptr;
    io::OpToken token_{};
    std::unique_ptr<source::PictureWorkers> worker_; ///< from `start` on; null: none can be made
    stream::Signal signal_;                          ///< of the original
    bool watched_ = false;
    bool stopping_ = false;
    bool taken_ = true;         ///< `newest_` has been given to the worker, or there is none
    bool publishes_ = false;    ///< the frame in work is published when it is done
    bool paused_ = false;       ///< the stream is
    frame::FrameLease newest_;  ///< of the original
    frame::FrameLease working_; ///< the frame that is being changed
    frame::WritableSlot slot_;  ///< into which it is
    std::uint64_t sequence_ = 0;
    source::PictureStatus status_;
};

} // namespace ringcast::rendition
