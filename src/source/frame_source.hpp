#pragma once
// The seam to everything that makes frames. A source runs either on the loop (byte streams: its
// reads are operations of the engine) or in a thread of its own (pattern, cameras), which is handed
// empty slots and hands back full ones through a bounded queue and an eventfd that the source reads
// through the engine. Either way every call below is made on the loop's thread and never blocks.

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

namespace ringcast::source {

/// What a source counts. Plain numbers of the loop's thread; all of them only grow.
struct SourceCounters {
    std::uint64_t frames = 0;           ///< published
    std::uint64_t bytes = 0;            ///< JPEG bytes published
    std::uint64_t frames_repaired = 0;  ///< of these: the header was changed on the way
    std::uint64_t frames_dropped = 0;   ///< made, but no slot was free or the consumer was late
    std::uint64_t frames_damaged = 0;   ///< truncated or unreadable, skipped
    std::uint64_t frames_oversized = 0; ///< larger than the largest frame, skipped
    std::uint64_t bytes_skipped = 0;    ///< not JPEG
    std::uint64_t bytes_moved = 0;      ///< read past a frame's end and moved to the next slot
    std::uint64_t reads = 0;            ///< read operations of a byte stream
    std::uint64_t restarts = 0;         ///< of a child process or a connection
};

/// What the stream does for its source. Implemented by the relay; and by tests.
class FrameSink : private Immovable {
public:
    virtual ~FrameSink() = default;

    /// The stream's slots. A camera's buffers become some of them; others only take empty ones.
    [[nodiscard]] virtual frame::FrameArena& arena() noexcept = 0;
    /// An empty slot to write into. Invalid only while the source itself holds two already, or
    /// while viewers that are being evicted have not let go yet; ask again at the next frame.
    [[nodiscard]] virtual frame::WritableSlot take_slot() noexcept = 0;
    /// A complete JPEG. It goes to every viewer that can take it; signal is back if it was lost.
    virtual void publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept = 0;
    /// There is no picture now, and why: for viewers and operators alike, so never a command line,
    /// a URL or a path. Called again when the reason changes.
    virtual void signal_lost(std::string_view reason) noexcept = 0;
    /// No frames come for now because nobody watches: nothing is wrong. They come again after
    /// `FrameSource::set_watched(true)`, and are not missed before.
    virtual void pause() noexcept = 0;
    /// The source has come to its end and will never publish again (standard input closed).
    virtual void ended(std::string_view reason) noexcept = 0;
};

class FrameSource : private Immovable {
public:
    virtual ~FrameSource() = default;

    /// Begins. `sink` outlives the source; `stream` goes into the tokens of its operations.
    virtual void start(FrameSink& sink, io::StreamId stream) noexcept = 0;
    /// The answer to an operation with a `source_token` of this stream. Answers to an earlier run
    /// (generation) come here too, and are the source's to ignore.
    virtual void on_completion(const io::Completion& completion) noexcept = 0;
    /// When `on_deadline` is to be called; `never` for not at all. Read after every other call.
    [[nodiscard]] virtual Instant deadline() const noexcept = 0;
    virtual void on_deadline(Instant now) noexcept = 0;
    /// Told when the first viewer or waiter for a snapshot has come, and when the last has gone; at
    /// the start there is none. A source that can rest does so while nobody watches, and says so.
    virtual void set_watched(bool /*watched*/) noexcept {}
    /// Ends children, threads and operations. `stopped` turns true once the engine holds none of its
    /// operations any more and every slot has been given back.
    virtual void stop() noexcept = 0;
    [[nodiscard]] virtual bool stopped() const noexcept = 0;
    [[nodiscard]] virtual const SourceCounters& counters() const noexcept = 0;
    /// For status: "pattern", "exec", "stdin", "file", "libcamera".
    [[nodiscard]] virtual std::string_view kind() const noexcept = 0;
    /// What else there is to know of a camera; nothing of a source that is none.
    [[nodiscard]] virtual std::optional<CameraStatus> camera() const { return std::nullopt; }
    /// What can be set on it, in the order of names; of the last camera that was open. Valid until
    /// the next call of another function.
    [[nodiscard]] virtual std::span<const CameraControl> camera_controls() const noexcept {
        return {};
    }
};

} // namespace ringcast::source
