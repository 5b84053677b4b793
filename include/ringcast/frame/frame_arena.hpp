#pragma once
// Frames in memory: slots, leases on them, and the bytes that go on the wire.
//
// A slot is one contiguous range:
//
//   | headroom: one page            | payload                | tailroom                          |
//   |     ...[part header, right-   |[junk] FF D8 ... FF D9  |CRLF--B CRLF|Content-Type...CRLF
//   CRLF| |         aligned to the JPEG]                             (written right behind the
//   JPEG)
//
// so that header, JPEG and boundary leave in one send. This module knows nothing of sockets, rings
// or where the memory comes from. One loop owns an arena: counters are plain.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "ringcast/base/bytes.hpp"
#include "ringcast/base/strong_id.hpp"
#include "ringcast/base/time.hpp"
#include "ringcast/http/multipart.hpp"
#include "ringcast/io/ring.hpp"

namespace ringcast::frame {

class FrameArena;

struct SlotTag;
using SlotIndex = StrongId<SlotTag, std::uint16_t>;

/// What a source says of a frame that it has written into a slot's payload.
struct FrameInfo {
    std::size_t jpeg_offset = 0; ///< from the beginning of the payload, bytes
    std::size_t jpeg_bytes = 0;  ///< SOI to EOI
    std::uint16_t width = 0;     ///< pixels
    std::uint16_t height = 0;    ///< pixels
    WallTime captured{};         ///< what viewers are told
    Instant captured_at{};       ///< what ages are measured from
    bool placeholder = false;    ///< a "no signal" picture, not from the source
};

/// One stream's slots. Sizes in bytes; `page` is asked of the system, never assumed.
struct SlotGeometry {
    std::size_t page = 4096;
    std::size_t frame_bytes_max = 0;
    std::uint16_t slot_count = 0;

    /// What a byte stream may read beyond the largest frame: the beginning of the next one.
    static constexpr std::size_t read_ahead = 64UL * 1024UL;

    [[nodiscard]] std::size_t payload_bytes() const noexcept;
    [[nodiscard]] std::size_t slot_bytes() const noexcept;
    [[nodiscard]] std::size_t arena_bytes() const noexcept { return slot_bytes() * slot_count; }
};

/// The right to write one slot. Move-only; empty when moved from; dropping it frees the slot.
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
    /// Where the frame goes: `SlotGeometry::payload_bytes()` long.
    [[nodiscard]] ByteSpan payload() const noexcept;
    void reset() noexcept;

private:
    friend class FrameArena;
    WritableSlot(FrameArena& arena, SlotIndex index) noexcept : arena_(&arena), index_(index) {}

    FrameArena* arena_ = nullptr;
    SlotIndex index_{};
};

/// A share in a finished frame. Move-only, so that each further share is spelled; the last release
/// frees the slot.
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
    /// Every slot has come back.
    ~FrameArena();

    /// An empty WritableSlot when none is free.
    [[nodiscard]] WritableSlot take_slot() noexcept;
    /// Writes the part header and the boundary around the JPEG and makes the slot a frame.
    [[nodiscard]] FrameLease finish(WritableSlot slot, const FrameInfo& info,
                                    std::uint64_t sequence) noexcept;

    [[nodiscard]] const SlotGeometry& geometry() const noexcept { return geometry_; }
    [[nodiscard]] std::uint16_t free_count() const noexcept {
        return static_cast<std::uint16_t>(free_.size());
    }
    [[nodiscard]] bool registered() const noexcept { return buffer_.has_value(); }
    /// How many shares there are in the frame of `slot`; 0 when it is free or being written.
    [[nodiscard]] std::uint32_t lease_count(SlotIndex slot) const noexcept {
        return slots_[slot.value].lease_count;
    }
    /// Called with a slot's whole range when it becomes free; for the simulation, which poisons it.
    void set_release_hook(void (*hook)(ByteSpan slot) noexcept) noexcept { release_hook_ = hook; }

private:
    friend class WritableSlot;
    friend class FrameLease;

    enum class SlotState : std::uint8_t { free, writing, leased };

    struct Slot {
        SlotState state = SlotState::free;
        std::uint32_t lease_count = 0;
        std::uint32_t header_bytes = 0;
        std::uint64_t sequence = 0;
        FrameInfo info{};
    };

    [[nodiscard]] ByteSpan slot_memory(SlotIndex index) const noexcept;
    [[nodiscard]] ByteSpan payload(SlotIndex index) const noexcept;
    void add_lease(SlotIndex index) noexcept;
    void drop_lease(SlotIndex index) noexcept;
    void free_slot(SlotIndex index) noexcept;

    ByteSpan memory_;
    SlotGeometry geometry_;
    http::Boundary boundary_;
    std::optional<io::BufferId> buffer_;
    std::vector<Slot> slots_;
    std::vector<SlotIndex> free_; ///< a stack: the warmest slot is taken first
    void (*release_hook_)(ByteSpan slot) noexcept = nullptr;
};

} // namespace ringcast::frame
