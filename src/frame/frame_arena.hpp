#pragma once
// Frames in memory: slots, leases on them, and the bytes that go on the wire.
//
// An arena has slots of its own, cut from one mapping, and slots that it has adopted: a camera's
// own buffers (see slot.hpp for what a slot is). Viewers can't tell them apart. This module knows
// nothing of sockets, engines or where the memory comes from. One loop owns an arena: counters are
// plain.

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

/// The right to write one slot. Move-only; empty when moved from; dropping it gives the slot back.
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
    /// The whole range, headroom and tailroom included.
    [[nodiscard]] ByteSpan memory() const noexcept;
    /// Where the frame goes: `SlotGeometry::payload_bytes()` long in a slot of the arena's own.
    [[nodiscard]] ByteSpan payload() const noexcept;
    /// Where that begins in `memory`.
    [[nodiscard]] std::size_t payload_offset() const noexcept;
    void reset() noexcept;

private:
    friend class FrameArena;
    WritableSlot(FrameArena& arena, SlotIndex index) noexcept : arena_(&arena), index_(index) {}

    FrameArena* arena_ = nullptr;
    SlotIndex index_{};
};

/// A share in a finished frame. Move-only, so that each further share is spelled; the last release
/// gives the slot back: to the free ones, or to its owner.
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
    /// Rises by at least one with every frame of a stream; placeholders count too.
    [[nodiscard]] std::uint64_t sequence() const noexcept;
    [[nodiscard]] const FrameInfo& info() const noexcept;
    /// Where the slot is registered; none in tier "unregistered".
    [[nodiscard]] std::optional<io::BufferId> buffer() const noexcept;

    /// Part header, JPEG, boundary: one part for parsers that want Content-Length.
    [[nodiscard]] ConstByteSpan standard_span() const noexcept;
    /// JPEG, boundary, the next part's headers: one part for Blink's <img>.
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
    /// `memory` is `geometry.arena_bytes()` long, page-aligned, and outlives the arena.
    FrameArena(ByteSpan memory, SlotGeometry geometry, http::Boundary boundary,
               std::optional<io::BufferId> buffer);
    FrameArena(FrameArena&&) = delete;
    FrameArena& operator=(FrameArena&&) = delete;
    FrameArena(const FrameArena&) = delete;
    FrameArena& operator=(const FrameArena&) = delete;
    /// Every slot has come back, and every adopted one is disowned.
    ~FrameArena();

    // --- slots that are a camera's buffers -------------------------------------------------------

    /// Takes in a slot of `owner`'s: `memory` is whole pages, the first of them for the headroom,
    /// and its end for the tailroom. It begins with its owner. None when there are
    /// `SlotGeometry::adopted_slots_max` already.
    [[nodiscard]] std::optional<SlotIndex>
    adopt(ByteSpan memory, std::optional<io::BufferId> buffer, SlotOwner& owner) noexcept;
    /// The memory is no slot any more. Only while it is with its owner.
    void disown(SlotIndex slot) noexcept;
    /// The owner has a frame in it. When nobody needs that any more, its `slot_returned` is called.
    [[nodiscard]] WritableSlot lend(SlotIndex slot) noexcept;

    // --- frames ----------------------------------------------------------------------------------

    /// A slot of the arena's own; empty when none is free.
    [[nodiscard]] WritableSlot take_slot() noexcept;
    /// Writes the part header and the boundary around the JPEG and makes the slot a frame.
    [[nodiscard]] FrameLease seal(WritableSlot slot, const FrameInfo& info,
                                  std::uint64_t sequence) noexcept;

    [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }
    /// Of the arena's own slots.
    [[nodiscard]] std::uint16_t free_count() const noexcept {
        return static_cast<std::uint16_t>(free_.size());
    }
    /// True exactly for the arena's own slots; their indices are below `slot_count`.
    [[nodiscard]] bool owns(SlotIndex slot) const noexcept {
        return slot.value < geometry_.slot_count;
    }
    /// Of the arena's own slots.
    [[nodiscard]] bool registered() const noexcept { return slots_[0].buffer.has_value(); }
    /// How many shares there are in the frame of `slot`; 0 when it is free or being written.
    [[nodiscard]] std::uint32_t lease_count(SlotIndex slot) const noexcept {
        return slots_[slot.value].lease_count;
    }
    /// Called with a slot's whole range when it has come back; for the simulation, which poisons
    /// it.
    void set_release_hook(void (*hook)(ByteSpan slot) noexcept) noexcept { release_hook_ = hook; }

private:
    friend class WritableSlot;
    friend class FrameLease;

    enum class SlotState : std::uint8_t {
        vacant, ///< a place for a slot to adopt
        free,   ///< an own one: to be taken; an adopted one: with its owner
        writing,
        leased,
    };

    struct Slot {
        ByteSpan memory;
        std::optional<io::BufferId> buffer;
        SlotOwner* owner = nullptr; ///< of an adopted one
        SlotState state = SlotState::vacant;
        std::uint32_t lease_count = 0;
        std::uint32_t header_bytes = 0;
        std::uint64_t sequence = 0;
        FrameInfo info{};
    };

    [[nodiscard]] ByteSpan payload(SlotIndex index) const noexcept;
    void add_lease(SlotIndex index) noexcept;
    void drop_lease(SlotIndex index) noexcept;
    void give_back(SlotIndex index) noexcept;

    SlotGeometry geometry_;
    http::Boundary boundary_;
    std::vector<Slot> slots_;     ///< the own ones, then places for adopted ones
    std::vector<SlotIndex> free_; ///< a stack: the warmest slot is taken first
    void (*release_hook_)(ByteSpan slot) noexcept = nullptr;
};

} // namespace ringcast::frame
