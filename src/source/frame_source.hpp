#pragma once
// The interface of everything that produces frames. A source runs on the loop (byte streams: reads
// are operations of the engine) or in a thread of its own (pattern, cameras). Such a thread
// receives empty slots and returns full ones through bounded queues, and wakes the loop by an
// eventfd that the source reads through the engine. All functions below are called on the loop's
// thread and never block.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/immovable.hpp"
#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"
#include "source/camera_status.hpp"
#include "source/control_change.hpp"
#include "source/picture_status.hpp"
#include "source/raw_frame.hpp"
#include "source/upstream_status.hpp"

namespace ringcast::source {

/// A source's counters. Monotonic; accessed by the loop's thread only.
struct SourceCounters {
    std::uint64_t frames = 0;           ///< published
    std::uint64_t bytes = 0;            ///< JPEG bytes published
    std::uint64_t frames_repaired = 0;  ///< published with a rewritten header
    std::uint64_t frames_dropped = 0;   ///< produced, but no slot was free or the consumer was late
    std::uint64_t frames_damaged = 0;   ///< truncated, unreadable or beyond picture_max, skipped
    std::uint64_t frames_oversized = 0; ///< larger than frame_max, skipped
    std::uint64_t bytes_skipped = 0;    ///< bytes outside JPEG frames
    std::uint64_t bytes_moved = 0;      ///< read past a frame's end and moved to the next slot
    std::uint64_t reads = 0;            ///< read operations of a byte stream
    std::uint64_t restarts = 0;         ///< of a child process or a connection
};

/// The stream's side of the interface, which a source calls. Implemented by streams and by tests.
class FrameSink : private Immovable {
public:
    virtual ~FrameSink() = default;

    /// The stream's slots. Cameras adopt their buffers into it; other sources use `take_slot`.
    [[nodiscard]] virtual frame::FrameArena& arena() noexcept = 0;
    /// An empty slot to write into. Invalid only while the source holds two slots already, or while
    /// evicted viewers have not released theirs yet; try again at the next frame.
    [[nodiscard]] virtual frame::WritableSlot take_slot() noexcept = 0;
    /// Publishes a complete JPEG to all viewers that are ready. Ends a lost signal.
    virtual void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept = 0;
    /// The source has no picture. Viewers see `reason`, so it must not contain a command line, a
    /// URL or a path. Called again when the reason changes.
    virtual void signal_lost(std::string_view reason) noexcept = 0;
    /// As `signal_lost`, by a source that has just begun: requests for a snapshot wait for its first
    /// frame.
    virtual void signal_awaited(std::string_view reason) noexcept = 0;
    /// The source stops producing frames because there are no viewers. This is not a lost signal.
    /// Frames resume after `FrameSource::set_watched(true)`.
    virtual void pause() noexcept = 0;
    /// The source has ended for good (standard input was closed) and will not publish again.
    virtual void ended(std::string_view reason) noexcept = 0;
};

class FrameSource : private Immovable {
public:
    virtual ~FrameSource() = default;

    /// Starts the source. `sink` outlives it; `stream` is part of the tokens of its operations.
    virtual void start(FrameSink& sink, io::StreamId stream) noexcept = 0;
    /// The completion of an operation with a `source_token` of this stream. The source must ignore
    /// completions of its earlier runs (generations), which are delivered too.
    virtual void on_completion(const io::Completion& completion) noexcept = 0;
    /// The time for the next call of `on_deadline`, or `never`. Read after every other call.
    [[nodiscard]] virtual Instant deadline() const noexcept = 0;
    virtual void on_deadline(Instant now) noexcept = 0;
    /// Called with true when the first viewer or snapshot request arrives, and with false when the
    /// last one is gone; initially there is none. A source that can pause does so without viewers,
    /// and calls `FrameSink::pause`.
    virtual void set_watched(bool /*watched*/) noexcept {}
    /// Begins to stop children, threads and operations. `stopped` becomes true when the engine has
    /// completed all its operations and all its slots are released.
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
    [[nodiscard]] virtual const SourceCounters& counters() const noexcept = 0;
    /// For the status: "pattern", "exec", "stdin", "file", "libcamera", "http".
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
    /// The state of the camera; nothing for other sources.
    [[nodiscard]] virtual std::optional<CameraStatus> camera() const { return std::nullopt; }
    /// The controls of the camera that was opened last, sorted by name. Valid until the next call
    /// of another function.
    [[nodiscard]] virtual std::span<const CameraControl> camera_controls() const noexcept {
        return {};
    }
    /// Changes controls of the camera, all of them or none; not while a change is under way. Changes
    /// nothing if it throws std::bad_alloc.
    virtual void change_controls(std::span<const ControlChange> /*changes*/) {}
    /// Of the last change.
    [[nodiscard]] virtual const ControlOutcome& control_outcome() const noexcept {
        static const ControlOutcome none;
        return none;
    }
    /// The state of the connection to the server whose stream is read; nothing for other sources.
    [[nodiscard]] virtual std::optional<UpstreamStatus> upstream() const { return std::nullopt; }
    /// The raw picture that the frame with this capture time, the newest one, was encoded from. Empty if
    /// there is none, or it is needed elsewhere.
    [[nodiscard]] virtual RawFrame lend_raw(Instant /*captured_at*/) noexcept { return {}; }
    /// What is done to its pictures; nothing if they are published as they are.
    [[nodiscard]] virtual std::optional<PictureStatus> picture() const { return std::nullopt; }
};

} // namespace ringcast::source
