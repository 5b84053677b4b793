#pragma once
// What a slot is, and what a frame in it is. One contiguous range:
//
//   | headroom: one page                   | payload                | tailroom                    |
//   |   ...[part header, right-aligned to  |[junk] FF D8 ... FF D9  |CRLF--B CRLF|Content-Type... |
//   |       the JPEG]                      |                        | CRLF CRLF, right behind it  |
//
// so that header, JPEG and boundary leave in one send. A repaired JPEG may begin in the headroom.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"

namespace ringcast::frame {

struct SlotTag;
using SlotIndex = StrongId<SlotTag, std::uint16_t>;

/// What a source says of a frame that it has written into a slot.
struct FrameInfo {
    std::size_t jpeg_offset = 0; ///< from the beginning of the slot's memory, bytes
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
    std::uint16_t slot_count = 0; ///< the arena's own

    /// What a byte stream may read beyond the largest frame: the beginning of the next one.
    static constexpr std::size_t read_ahead = 64UL * 1024UL;
    /// Slots beside the arena's own: a camera has four to eight buffers, and after it was plugged
    /// in again those of before may still be with viewers.
    static constexpr std::uint16_t adopted_slots_max = 32;

    [[nodiscard]] std::size_t payload_bytes() const noexcept;
    /// What a frame may take of the payload of one of the arena's own slots: `frame_bytes_max`.
    [[nodiscard]] static ByteSpan frame_part(ByteSpan payload) noexcept;
    [[nodiscard]] std::size_t slot_bytes() const noexcept;
    [[nodiscard]] std::size_t arena_bytes() const noexcept { return slot_bytes() * slot_count; }
};

/// Whose memory an adopted slot is: a camera's.
class SlotOwner : private Immovable {
public:
    virtual ~SlotOwner() = default;

    /// Nobody reads or writes the slot any more. Called from wherever the last share in it ended,
    /// in the midst of a viewer's or a stream's work: it takes note, and calls nothing of theirs.
    virtual void slot_returned(SlotIndex slot) noexcept = 0;
};

} // namespace ringcast::frame
