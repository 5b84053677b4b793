#pragma once
// The layout of a slot and the description of a frame in it. A slot is one contiguous range:
//
//   | headroom: one page                   | payload                | tailroom                    |
//   |   ...[part header, right-aligned to  |[junk] FF D8 ... FF D9  |CRLF--B CRLF|Content-Type... |
//   |       the JPEG]                      |                        | CRLF CRLF, right behind it  |
//
// so that header, JPEG and boundary can be sent as one span. A repaired JPEG may begin in the
// headroom.

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/immovable.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"

namespace ringcast::frame {

struct SlotTag;
using SlotIndex = StrongId<SlotTag, std::uint16_t>;

/// A source's description of a frame that it has written into a slot.
struct FrameInfo {
    std::size_t jpeg_offset = 0; ///< from the beginning of the slot's memory, bytes
    std::size_t jpeg_bytes = 0;  ///< SOI to EOI
    std::uint16_t width = 0;     ///< pixels
    std::uint16_t height = 0;    ///< pixels
    WallTime captured{};         ///< sent to viewers as X-Timestamp
    Instant captured_at{};       ///< for measuring the frame's age
    bool placeholder = false;    ///< a "no signal" picture, not from the source
};

/// Sizes of a stream's slots, in bytes. `page` is the system's page size, which is not always 4096.
struct SlotGeometry {
    std::size_t page = 4096;
    std::size_t frame_bytes_max = 0;
    std::uint16_t slot_count = 0; ///< the arena's own slots, without adopted ones

    /// Bytes that a byte stream may read beyond the largest frame: the beginning of the next one.
    static constexpr std::size_t read_ahead = 64UL * 1024UL;
    /// A camera uses four to eight buffers. After it has been unplugged and plugged in again,
    /// viewers may still hold buffers of the previous set.
    static constexpr std::uint16_t adopted_slots_max = 32;

    [[nodiscard]] std::size_t payload_bytes() const noexcept;
    /// The part of an own slot's payload that a frame may occupy: `frame_bytes_max`.
    [[nodiscard]] static ByteSpan frame_part(ByteSpan payload) noexcept;
    [[nodiscard]] std::size_t slot_bytes() const noexcept;
    [[nodiscard]] std::size_t arena_bytes() const noexcept { return slot_bytes() * slot_count; }
};

/// The owner of an adopted slot's memory: a camera.
class SlotOwner : private Immovable {
public:
    virtual ~SlotOwner() = default;

    /// The slot is neither read nor written any more. Called from wherever the last lease is
    /// released, possibly within a function of a connection or stream: implementations record the
    /// return and must not call back into these.
    virtual void slot_returned(SlotIndex slot) noexcept = 0;
};

} // namespace ringcast::frame
