#pragma once
// Layout of a slot and of the frame in it. A slot is one contiguous range of memory:
//
//   | headroom: one page                   | payload                | tailroom                    |
//   |   ...[part header, right-aligned to  |[junk] FF D8 ... FF D9  |CRLF--B CRLF|Content-Type... |
//   |       the JPEG]                      |                        | CRLF CRLF, right behind it  |
//
// so that header, JPEG and boundary are sent with one operation. A repaired JPEG may begin in the
// headroom.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "jpeg/frame_scanner.hpp"

namespace ringcast::frame {

struct SlotTag;
using SlotIndex = StrongId<SlotTag, std::uint16_t>;

/// Description of a frame that a source has written into a slot.
struct FrameInfo {
    std::size_t jpeg_offset = 0; ///< from the beginning of the slot's memory, bytes
    std::size_t jpeg_bytes = 0;  ///< SOI to EOI
    std::uint16_t width = 0;     ///< pixels
    std::uint16_t height = 0;    ///< pixels
    WallTime captured{};         ///< reported to viewers
    Instant captured_at{};       ///< start of a frame's age
    bool placeholder = false;    ///< a "no signal" picture, not from the source
    /// Of the frame that this one was made of, see FrameLease::sequence; 0: the stream's next one.
    std::uint64_t sequence = 0;
    std::uint64_t ordinal = 0; ///< counts the frames of its stream; set by the stream
    /// Of a "no signal" picture: why there is none. Valid during `FrameArena::seal` only, which does
    /// not keep it.
    std::string_view reason{};
    /// Name of the rendition that the frame belongs to; set by the stream, and valid as `reason` is.
    std::string_view rendition{};
};

/// Dimensions of one stream's slots, in bytes, and of the pictures in them. `page` is read from the system, never assumed.
struct SlotGeometry {
    std::size_t page = 4096;
    std::size_t frame_bytes_max = 0;
    std::uint16_t slot_count = 0; ///< the arena's own slots, without adopted ones
    jpeg::PictureLimit picture_max{};

    /// A byte stream may read this far beyond the largest frame, into the next one.
    static constexpr std::size_t read_ahead = 64UL * 1024UL;
    /// Slots in addition to the arena's own: a camera has four to eight buffers, and after it was
    /// unplugged and plugged in again viewers may still use the earlier ones.
    static constexpr std::uint16_t adopted_slots_max = 32;

    [[nodiscard]] std::size_t payload_bytes() const noexcept;
    /// The part of an own slot's payload that a frame may occupy: `frame_bytes_max` bytes.
    [[nodiscard]] static ByteSpan frame_part(ByteSpan payload) noexcept;
    [[nodiscard]] std::size_t slot_bytes() const noexcept;
    [[nodiscard]] std::size_t arena_bytes() const noexcept { return slot_bytes() * slot_count; }
};

/// Owner of the memory of adopted slots: the pool of a camera's buffers.
class SlotOwner : private Immovable {
public:
    virtual ~SlotOwner() = default;

    /// Nobody reads or writes the slot any more, so its memory may be used again. Called where the
    /// last lease was released, in the middle of a connection's or a stream's work: implementations
    /// must not call back into either.
    virtual void recycle(SlotIndex slot) noexcept = 0;
};

} // namespace ringcast::frame
