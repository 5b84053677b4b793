#pragma once
// Frames in memory: slots, leases on them, and the byte ranges that are sent.
//
// An arena has slots of its own, cut from one mapping, and adopted slots: a camera's buffers (see
// slot.hpp for the layout). Connections treat both alike. This module knows nothing of sockets,
// engines or the origin of the memory. An arena belongs to one loop, so its counters are not
// atomic.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "frame/slot.hpp"
#include "http/multipart.hpp"
#include "io/engine.hpp"

namespace ringcast::frame {

class FrameArena;

/// Exclusive write access to one slot. Move-only; empty when moved from; its destructor recycles
/// the slot.
class WritableSlot {
public:
    WritableSlot() noexcept = default;
    WritableSlot(WritableSlot&& other) noexcept
        : arena_(std::exchange(other.arena_, nullptr)), index_(other.index_) {}
    WritableSlot& operator=(WritableSlot&& other) noexcept;
    WritableSlot(const WritableSlot&) = delete;
    WritableSlot& operator=(const WritableSlot&) = delete;
    ~WritableSlot() { reset(); }

    [[nodiscard]] bool valid() const noexcept { return arena_ != nullptr; }
    [[nodiscard]] SlotIndex index() const noexcept { return index_; }
    /// The whole slot, headroom and tailroom included.
    [[nodiscard]] ByteSpan memory() const noexcept;
    /// Room for the frame; `SlotGeometry::payload_bytes()` long in one of the arena's own slots.
    [[nodiscard]] ByteSpan payload() const noexcept;
    /// Offset of `payload` in `memory`.
    [[nodiscard]] std::size_t payload_offset() const noexcept;
    void reset() noexcept;

private:
    friend class FrameArena;
    WritableSlot(FrameArena& arena, SlotIndex index) noexcept : arena_(&arena), index_(index) {}

    FrameArena* arena_ = nullptr;
    SlotIndex index_{};
};

/// A reference to a sealed frame. Move-only: a further lease is made explicitly by `share`. The
/// release of the last one recycles the slot: it becomes free, or returns to its owner.
class FrameLease {
public:
    FrameLease() noexcept = default;
    FrameLease(FrameLease&& other) noexcept
        : arena_(std::exchange(other.arena_, nullptr)), index_(other.index_) {}
    FrameLease& operator=(FrameLease&& other) noexcept;
    FrameLease(const FrameLease&) = delete;
    FrameLease& operator=(const FrameLease&) = delete;
    ~FrameLease() { release(); }

    [[nodiscard]] bool valid() const noexcept { return arena_ != nullptr; }
    [[nodiscard]] FrameLease share() const noexcept;
    void release() noexcept;

    [[nodiscard]] SlotIndex slot() const noexcept { return index_; }
    /// Increases by at least one with every frame of a stream, placeholders included. A rendition's
    /// frame has the number of the frame that it was made of, so that these numbers are in the order
    /// of time for a stream and its renditions together.
    [[nodiscard]] std::uint64_t sequence() const noexcept;
    [[nodiscard]] const FrameInfo& info() const noexcept;
    /// The slot's registration with the engine; none in tier "unregistered".
    [[nodiscard]] std::optional<io::BufferId> buffer() const noexcept;

    /// Part header, JPEG, boundary: one part for parsers that rely on Content-Length.
    [[nodiscard]] ConstByteSpan standard_span() const noexcept;
    /// JPEG, boundary, the next part's headers: one part in the advance variant, for <img>.
    [[nodiscard]] ConstByteSpan advance_span() const noexcept;
    [[nodiscard]] ConstByteSpan jpeg_span() const noexcept;

private:
    friend class FrameArena;
    FrameLease(FrameArena& arena, SlotIndex index) noexcept : arena_(&arena), index_(index) {}

    FrameArena* arena_ = nullptr;
    SlotIndex index_{};
};

class FrameArena {
public:
    /// `memory` is `geometry.arena_bytes()` long, page-aligned, and must outlive the arena.
    FrameArena(ByteSpan memory, SlotGeometry geometry, http::Boundary boundary,
               std::optional<io::BufferId> buffer);
    FrameArena(FrameArena&&) = delete;
    FrameArena& operator=(FrameArena&&) = delete;
    FrameArena(const FrameArena&) = delete;
    FrameArena& operator=(const FrameArena&) = delete;
    /// All own slots are free, and all adopted ones have been disowned.
    ~FrameArena();

    // --- adopted slots: a camera's buffers -------------------------------------------------------

    /// Adds a slot whose memory belongs to `owner`: whole pages, the first one for the headroom,
    /// with room at the end for the tailroom. It is with its owner at first. None when the arena
    /// has `SlotGeometry::adopted_slots_max` already.
    [[nodiscard]] std::optional<SlotIndex>
    adopt(ByteSpan memory, std::optional<io::BufferId> buffer, SlotOwner& owner) noexcept;
    /// Removes an adopted slot, which must be with its owner.
    void disown(SlotIndex slot) noexcept;
    /// The owner has put a frame into the slot. `SlotOwner::recycle` is called when nobody needs it
    /// any more.
    [[nodiscard]] WritableSlot lend(SlotIndex slot) noexcept;

    // --- frames ----------------------------------------------------------------------------------

    /// One of the arena's own slots; empty when none is free.
    [[nodiscard]] WritableSlot take_slot() noexcept;
    /// Writes the part header and the boundary around the JPEG. The slot is a frame from then on.
    [[nodiscard]] FrameLease seal(WritableSlot slot, const FrameInfo& info,
                                  std::uint64_t sequence) noexcept;

    [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }
    /// Number of free slots among the arena's own.
    [[nodiscard]] std::uint16_t free_count() const noexcept {
        return static_cast<std::uint16_t>(free_.size());
    }
    /// True exactly for the arena's own slots; their indices are below `slot_count`.
    [[nodiscard]] bool owns(SlotIndex slot) const noexcept {
        return slot.value < geometry_.slot_count;
    }
    /// Whether the arena's own slots are registered with the engine.
    [[nodiscard]] bool registered() const noexcept { return slots_[0].buffer.has_value(); }
    /// Number of leases on the frame in `slot`; 0 while it is free or being written.
    [[nodiscard]] std::uint32_t lease_count(SlotIndex slot) const noexcept {
        return slots_[slot.value].lease_count;
    }
    /// `hook` is called with the whole memory of each slot that is recycled; the simulation poisons
    /// it.
    void set_release_hook(void (*hook)(ByteSpan slot) noexcept) noexcept { release_hook_ = hook; }

private:
    friend class WritableSlot;
    friend class FrameLease;

    enum class SlotState : std::uint8_t {
        vacant, ///< unused entry, for a slot to be adopted
        free,   ///< an own slot: available; an adopted one: with its owner
        writing,
        leased,
    };

    struct Slot {
        ByteSpan memory;
        std::optional<io::BufferId> buffer;
        SlotOwner* owner = nullptr; ///< null for the arena's own
        SlotState state = SlotState::vacant;
        std::uint32_t lease_count = 0;
        std::uint32_t header_bytes = 0;
        std::uint64_t sequence = 0;
        FrameInfo info{};
    };

    [[nodiscard]] ByteSpan payload(SlotIndex index) const noexcept;
    void add_lease(SlotIndex index) noexcept;
    void release_lease(SlotIndex index) noexcept;
    void recycle(SlotIndex index) noexcept;

    SlotGeometry geometry_;
    http::Boundary boundary_;
    std::vector<Slot> slots_;     ///< own ones, then entries for adopted ones
    std::vector<SlotIndex> free_; ///< a stack: the slot most likely in the cache is taken first
    void (*release_hook_)(ByteSpan slot) noexcept = nullptr;
};

} // namespace ringcast::frame
