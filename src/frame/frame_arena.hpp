#pragma once
// Frames in memory: slots, leases on them, and the spans of bytes that are sent.
//
// An arena contains slots of its own, cut from one mapping, and adopted slots, which are a camera's
// buffers (slot.hpp describes the layout of a slot). For viewers there is no difference. This
// module knows neither sockets nor how the memory was allocated. An arena is used by one thread,
// the loop, so its counters are plain integers.

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

/// Exclusive write access to one slot. Move-only; empty when moved from; its destructor releases
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
    /// The whole slot, including headroom and tailroom.
    [[nodiscard]] ByteSpan memory() const noexcept;
    /// The room for the frame; in the arena's own slots `SlotGeometry::payload_bytes()` long.
    [[nodiscard]] ByteSpan payload() const noexcept;
    /// Offset of the payload in `memory`.
    [[nodiscard]] std::size_t payload_offset() const noexcept;
    void reset() noexcept;

private:
    friend class FrameArena;
    WritableSlot(FrameArena& arena, SlotIndex index) noexcept : arena_(&arena), index_(index) {}

    FrameArena* arena_ = nullptr;
    SlotIndex index_{};
};

/// A reference-counted share of a sealed frame. Move-only: copies must be explicit, with `share()`.
/// The last release frees the slot, or returns an adopted one to its owner.
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
    /// Strictly increasing within a stream, placeholders included.
    [[nodiscard]] std::uint64_t sequence() const noexcept;
    [[nodiscard]] const FrameInfo& info() const noexcept;
    /// The registered buffer that contains the slot; none in tier "unregistered".
    [[nodiscard]] std::optional<io::BufferId> buffer() const noexcept;

    /// Part header, JPEG, boundary: one part in the standard variant.
    [[nodiscard]] ConstByteSpan standard_span() const noexcept;
    /// JPEG, boundary, the next part's headers: one part in the advance variant, for Blink's <img>.
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
    /// All slots must be free, and all adopted ones disowned.
    ~FrameArena();

    // --- adopted slots: a camera's buffers -------------------------------------------------------

    /// Adds a slot that belongs to `owner`. `memory` is whole pages: the first one is the headroom,
    /// and its end is the tailroom. The owner has the slot until it lends it. None when
    /// `SlotGeometry::adopted_slots_max` slots are adopted already.
    [[nodiscard]] std::optional<SlotIndex>
    adopt(ByteSpan memory, std::optional<io::BufferId> buffer, SlotOwner& owner) noexcept;
    /// Removes an adopted slot, which must not be lent.
    void disown(SlotIndex slot) noexcept;
    /// The owner passes a slot that contains a frame to the arena. The owner's `slot_returned` is
    /// called when the last user has released it.
    [[nodiscard]] WritableSlot lend(SlotIndex slot) noexcept;

    // --- frames ----------------------------------------------------------------------------------

    /// One of the arena's own slots; empty when none is free.
    [[nodiscard]] WritableSlot take_slot() noexcept;
    /// Writes the part header and the boundary around the JPEG. The slot can't be written to after
    /// that.
    [[nodiscard]] FrameLease seal(WritableSlot slot, const FrameInfo& info,
                                  std::uint64_t sequence) noexcept;

    [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }
    /// Counts the arena's own slots only.
    [[nodiscard]] std::uint16_t free_count() const noexcept {
        return static_cast<std::uint16_t>(free_.size());
    }
    /// True exactly for the arena's own slots; their indices are below `slot_count`.
    [[nodiscard]] bool owns(SlotIndex slot) const noexcept {
        return slot.value < geometry_.slot_count;
    }
    /// Whether the arena's own slots are registered with the engine.
    [[nodiscard]] bool registered() const noexcept { return slots_[0].buffer.has_value(); }
    /// The number of leases on the frame in `slot`; 0 when the slot is free or being written.
    [[nodiscard]] std::uint32_t lease_count(SlotIndex slot) const noexcept {
        return slots_[slot.value].lease_count;
    }
    /// `hook` is called with the memory of each slot when it is released. The simulation uses it to
    /// poison the memory.
    void set_release_hook(void (*hook)(ByteSpan slot) noexcept) noexcept { release_hook_ = hook; }

private:
    friend class WritableSlot;
    friend class FrameLease;

    enum class SlotState : std::uint8_t {
        vacant, ///< an unused entry for an adopted slot
        free,   ///< an own slot: available; an adopted one: not lent
        writing,
        leased,
    };

    struct Slot {
        ByteSpan memory;
        std::optional<io::BufferId> buffer;
        SlotOwner* owner = nullptr; ///< of an adopted slot, else null
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
    std::vector<Slot> slots_;     ///< the arena's own, then entries for adopted ones
    std::vector<SlotIndex> free_; ///< a stack: the most recently freed slot is reused first
    void (*release_hook_)(ByteSpan slot) noexcept = nullptr;
};

} // namespace ringcast::frame
