#include "frame/slot.hpp"

#include "base/assert.hpp"
#include "http/multipart.hpp"

namespace ringcast::frame {

std::size_t SlotGeometry::payload_bytes() const noexcept {
    return frame_bytes_max + read_ahead;
}

ByteSpan SlotGeometry::frame_part(ByteSpan payload) noexcept {
    RINGCAST_ASSERT(payload.size() >= read_ahead);
    return payload.first(payload.size() - read_ahead);
}

std::size_t SlotGeometry::slot_bytes() const noexcept {
    const std::size_t wanted = page + payload_bytes() + http::PartTail::advance_bytes;
    return (wanted + page - 1) / page * page;
}

} // namespace ringcast::frame
