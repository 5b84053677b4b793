#pragma once
// Lends the buffers of a camera that produces JPEG to viewers. A frame is checked, repaired and
// published in the buffer into which the camera has captured it. It is copied once, into a slot of
// the arena, where the buffers can't be registered and whenever the camera would otherwise run out
// of buffers: a viewer can never stall a camera. Knows no camera API, no kernel and no connections:
// its caller reports each frame, and the pool reports each buffer that can be filled again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "camera/buffer_recycler.hpp"
#include "camera/captured_frame.hpp"
#include "frame/frame_arena.hpp"
#include "frame/slot.hpp"
#include "io/engine.hpp"
#include "jpeg/frame_scanner.hpp"
#include "jpeg/repair.hpp"
#include "source/frame_source.hpp"

namespace ringcast::camera {

/// The memory of one buffer, as the pool uses it.
struct PoolBuffer {
    /// If registered: a whole slot (see slot.hpp) in whole pages, whose payload is the camera's
    /// memory. Otherwise the camera's memory alone, which is only read.
    ByteSpan memory;
    std::optional<io::BufferId> registered;
};

enum class FrameOutcome : std::uint8_t {
    lent,      ///< published in the camera's buffer
    copied,    ///< published in one of the arena's own slots
    damaged,   ///< dropped; `CameraPool::fault` returns the reason
    oversized, ///< dropped: it had to be copied, and is larger than a slot
    no_slot,   ///< dropped: it had to be copied, and viewers use every slot
};

/// Written by the loop's thread only. The first two are gauges, the others monotonic.
struct CameraCounters {
    std::uint32_t buffers_free = 0;          ///< of the open set, with the camera
    std::uint32_t buffers_lent = 0;          ///< with viewers, closed sets included
    std::uint64_t lent = 0;                  ///< published in the camera's buffer
    std::uint64_t copied = 0;                ///< because their buffers are not registered
    std::uint64_t copied_under_pressure = 0; ///< because the camera had few buffers left
    std::uint64_t bytes_copied = 0;          ///< for either reason
};

class CameraPool final : private frame::SlotOwner {
public:
    /// Buffers that always stay with the camera: one to fill and one to fill next.
    static constexpr std::size_t reserve = 2;
    static constexpr std::size_t buffers_max = 32; ///< per set

    /// Both must outlive the pool. The pool updates those of `counters` that concern frames.
    CameraPool(BufferRecycler& recycler, source::SourceCounters& counters);
    CameraPool(const CameraPool&) = delete;
    CameraPool& operator=(const CameraPool&) = delete;
    CameraPool(CameraPool&&) = delete;
    CameraPool& operator=(CameraPool&&) = delete;
    /// The pool must be idle.
    ~CameraPool() override;

    /// Called once, before everything else. `sink` must outlive the pool.
    void start(source::FrameSink& sink) noexcept { sink_ = &sink; }
    /// Opens a set of buffers, all of them with the camera, and returns its number, never 0. Only
    /// one set is open at a time; viewers may still use buffers of closed ones.
    std::uint32_t open(std::span<const PoolBuffer> buffers) noexcept;
    /// The camera has completed a buffer of the open set. Unless the outcome is `lent`, the caller
    /// recycles the buffer, once it has finished with the memory itself.
    [[nodiscard]] FrameOutcome on_frame(const CapturedFrame& frame) noexcept;
    /// Closes the set, because the camera was stopped or unplugged: its buffers are not recycled
    /// any more, but frames in them stay valid. No-op if no set is open.
    void close() noexcept;

    /// True exactly when `take_unused_set` returns a set.
    [[nodiscard]] bool has_unused_set() const noexcept { return !unused_sets_.empty(); }
    /// A closed set of which viewers use no buffer any more, each one once; none if there is none.
    /// The caller can release its registrations, and unmap its memory after that has completed.
    [[nodiscard]] std::optional<std::uint32_t> take_unused_set() noexcept;

    /// True exactly when no set is open and viewers use no buffer.
    [[nodiscard]] bool idle() const noexcept { return buffers_.empty() && leftovers_.empty(); }
    /// What was wrong with the last damaged frame.
    [[nodiscard]] const jpeg::Fault& fault() const noexcept { return fault_; }
    [[nodiscard]] const CameraCounters& counters() const noexcept { return own_counters_; }

private:
    struct Buffer {
        ByteSpan memory;
        ByteSpan payload;
        std::optional<frame::SlotIndex> slot; ///< present if it can be lent
        bool lent = false;
    };
    /// A buffer of a closed set that a viewer uses.
    struct Leftover {
        frame::SlotIndex slot{};
        std::uint32_t set = 0;
    };

    void recycle(frame::SlotIndex slot) noexcept override;
    [[nodiscard]] FrameOutcome lend(Buffer& buffer, const CapturedFrame& frame) noexcept;
    [[nodiscard]] FrameOutcome copy(const Buffer& buffer, const CapturedFrame& frame) noexcept;
    [[nodiscard]] FrameOutcome drop_damaged(const jpeg::Fault& fault) noexcept;
    [[nodiscard]] jpeg::PictureLimit picture_max() const noexcept;
    void publish(frame::WritableSlot slot, const jpeg::RepairedFrame& repaired,
                 const CapturedFrame& frame) noexcept;
    void note_if_unused(std::uint32_t set) noexcept;

    BufferRecycler& recycler_;
    source::SourceCounters& counters_;
    CameraCounters own_counters_;
    source::FrameSink* sink_ = nullptr;
    std::uint32_t set_ = 0; ///< number of the newest
    std::vector<Buffer> buffers_;
    std::vector<Leftover> leftovers_;
    std::vector<std::uint32_t> unused_sets_;
    jpeg::Fault fault_;
};

} // namespace ringcast::camera
