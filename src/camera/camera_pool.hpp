#pragma once
// A camera's buffers on their way between camera and viewers, for cameras that make JPEG. A frame
// is checked, repaired and published where the camera has put it; or copied once into a slot of the
// arena, where the buffers can't be registered, and wherever the camera would soon have none left:
// a viewer can never hold up a camera. Knows no camera, no kernel and no viewers: which buffer
// holds a frame is told to it, and it tells which may be filled again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "frame/slot.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "jpeg/repair.hpp"
#include "source/frame_source.hpp"

namespace ringcast::camera {

/// Whose buffers they are: the source. It may be called out of `CameraPool::on_frame` and `close`,
/// and from wherever a viewer lets go of a frame, so it calls nothing of the pool, the stream or
/// viewers.
class CameraBuffers : private Immovable {
public:
    virtual ~CameraBuffers() = default;

    /// Viewers have given this buffer of the set in use back: the camera may fill it again.
    virtual void requeue(std::size_t buffer) noexcept = 0;
    /// Of a set that was closed nothing is with viewers any more: its buffers can be released by
    /// the engine, and their memory be unmapped once that is answered.
    virtual void set_returned(std::uint32_t set) noexcept = 0;
};

/// One buffer, as it is mapped.
struct CameraBuffer {
    /// Registered: a whole slot (see slot.hpp), whole pages, its payload the camera's memory. Else
    /// the camera's memory alone; then it is only read.
    ByteSpan memory;
    std::optional<io::BufferId> registered;
};

/// The camera has filled a buffer.
struct CameraFrame {
    std::size_t buffer = 0; ///< in the order of the set
    std::size_t bytes = 0;  ///< written
    WallTime captured{};
    Instant captured_at{};
};

/// What becomes of a frame.
enum class FrameOutcome : std::uint8_t {
    lent,      ///< published where it is
    copied,    ///< published from a slot of the arena's own
    damaged,   ///< dropped: `CameraPool::damage` says why
    oversized, ///< dropped: had to be copied, and is larger than a slot
    no_slot,   ///< dropped: had to be copied, and viewers hold every slot
};

/// Plain numbers of the loop's thread. The first two are of now; the others only grow.
struct CameraCounters {
    std::uint32_t buffers_free = 0;          ///< of the set in use, with the camera
    std::uint32_t buffers_lent = 0;          ///< with viewers, those of closed sets included
    std::uint64_t lent = 0;                  ///< published where they were
    std::uint64_t copied = 0;                ///< because their buffers are not registered
    std::uint64_t copied_under_pressure = 0; ///< because few buffers were left to the camera
    std::uint64_t bytes_copied = 0;          ///< by either
};

class CameraPool final : private frame::SlotOwner {
public:
    /// So many buffers are the camera's: one that it fills and one that comes next.
    static constexpr std::size_t reserve = 2;
    static constexpr std::size_t buffers_max = 32; ///< of one set

    /// Both outlive the pool; of `counters` it counts what concerns frames.
    CameraPool(CameraBuffers& camera, source::SourceCounters& counters);
    CameraPool(CameraPool&&) = delete;
    CameraPool& operator=(CameraPool&&) = delete;
    CameraPool(const CameraPool&) = delete;
    CameraPool& operator=(const CameraPool&) = delete;
    /// It is idle.
    ~CameraPool() override;

    /// Once, before all others. `sink` outlives the pool.
    void start(source::FrameSink& sink) noexcept { sink_ = &sink; }
    /// Takes a set of buffers, all of them with the camera, and returns its number, never 0. One
    /// set at a time; of earlier ones some buffers may still be with viewers.
    std::uint32_t open(std::span<const CameraBuffer> buffers) noexcept;
    /// A buffer of the set in use, until now with the camera, holds a frame. Unless it is lent, the
    /// caller queues it again, when it is done with the memory itself.
    [[nodiscard]] FrameOutcome on_frame(const CameraFrame& frame) noexcept;
    /// The set is the camera's no longer (it was stopped, or unplugged), and nothing of it is
    /// queued again. What viewers have stays valid. Without a set nothing happens.
    void close() noexcept;

    /// True exactly when there is no set and nothing is with viewers.
    [[nodiscard]] bool idle() const noexcept { return buffers_.empty() && leftovers_.empty(); }
    /// Why the last damaged frame is.
    [[nodiscard]] jpeg::Damage damage() const noexcept { return damage_; }
    [[nodiscard]] const CameraCounters& counters() const noexcept { return own_counters_; }

private:
    struct Buffer {
        ByteSpan memory;
        ByteSpan payload;
        std::optional<frame::SlotIndex> slot; ///< of one that can be lent
        bool lent = false;
    };
    /// A buffer of a closed set that a viewer has.
    struct Leftover {
        frame::SlotIndex slot{};
        std::uint32_t set = 0;
    };

    void slot_returned(frame::SlotIndex slot) noexcept override;
    [[nodiscard]] FrameOutcome lend(Buffer& buffer, const CameraFrame& frame) noexcept;
    [[nodiscard]] FrameOutcome copy(const Buffer& buffer, const CameraFrame& frame) noexcept;
    [[nodiscard]] FrameOutcome drop_damaged(jpeg::Damage damage) noexcept;
    void publish(frame::WritableSlot slot, const jpeg::RepairedFrame& repaired,
                 const CameraFrame& frame) noexcept;
    [[nodiscard]] bool in_use(std::uint32_t set) const noexcept;

    CameraBuffers& camera_;
    source::SourceCounters& counters_;
    CameraCounters own_counters_;
    source::FrameSink* sink_ = nullptr;
    std::uint32_t set_ = 0; ///< number of the newest
    std::vector<Buffer> buffers_;
    std::vector<Leftover> leftovers_;
    jpeg::Damage damage_ = jpeg::Damage::none;
};

} // namespace ringcast::camera
