#include "ringcast/frame/frame_arena.hpp"

#include "ringcast/base/assert.hpp"

namespace ringcast::frame {

std::size_t SlotGeometry::payload_bytes() const noexcept {
    return frame_bytes_max + read_ahead;
}

std::size_t SlotGeometry::slot_bytes() const noexcept {
    const std::size_t wanted = page + payload_bytes() + http::PartTail::advance_bytes;
    return (wanted + page - 1) / page * page;
}

// --- WritableSlot ---

WritableSlot& WritableSlot::operator=(WritableSlot&& other) noexcept {
    if (this != &other) {
        reset();
        arena_ = std::exchange(other.arena_, nullptr);
        index_ = other.index_;
    }
    return *this;
}

ByteSpan WritableSlot::payload() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->payload(index_);
}

void WritableSlot::reset() noexcept {
    if (FrameArena* arena = std::exchange(arena_, nullptr)) {
        arena->free_slot(index_);
    }
}

// --- FrameLease ---

FrameLease& FrameLease::operator=(FrameLease&& other) noexcept {
    if (this != &other) {
        release();
        arena_ = std::exchange(other.arena_, nullptr);
        index_ = other.index_;
    }
    return *this;
}

FrameLease FrameLease::share() const noexcept {
    RINGCAST_ASSERT(valid());
    arena_->add_lease(index_);
    return {*arena_, index_};
}

void FrameLease::release() noexcept {
    if (FrameArena* arena = std::exchange(arena_, nullptr)) {
        arena->drop_lease(index_);
    }
}

std::uint64_t FrameLease::sequence() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->slots_[index_.value].sequence;
}

const FrameInfo& FrameLease::info() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->slots_[index_.value].info;
}

std::optional<io::BufferId> FrameLease::buffer() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->buffer_;
}

ConstByteSpan FrameLease::standard_span() const noexcept {
    const ByteSpan memory = arena_->slot_memory(index_);
    const FrameArena::Slot& slot = arena_->slots_[index_.value];
    const std::size_t jpeg = arena_->geometry_.page + slot.info.jpeg_offset;
    return memory.subspan(jpeg - slot.header_bytes, slot.header_bytes + slot.info.jpeg_bytes +
                                                        http::PartTail::standard_bytes);
}

ConstByteSpan FrameLease::advance_span() const noexcept {
    const ByteSpan memory = arena_->slot_memory(index_);
    const FrameInfo& info = arena_->slots_[index_.value].info;
    return memory.subspan(arena_->geometry_.page + info.jpeg_offset,
                          info.jpeg_bytes + http::PartTail::advance_bytes);
}

ConstByteSpan FrameLease::jpeg_span() const noexcept {
    const FrameInfo& info = arena_->slots_[index_.value].info;
    return arena_->payload(index_).subspan(info.jpeg_offset, info.jpeg_bytes);
}

// --- FrameArena ---

FrameArena::FrameArena(ByteSpan memory, SlotGeometry geometry, http::Boundary boundary,
                       std::optional<io::BufferId> buffer)
    : memory_(memory), geometry_(geometry), boundary_(boundary), buffer_(buffer),
      slots_(geometry.slot_count) {
    RINGCAST_ASSERT(memory.size() == geometry.arena_bytes());
    RINGCAST_ASSERT(geometry.page >= http::part_header_bytes_max);
    RINGCAST_ASSERT(geometry.slot_count > 0);
    free_.reserve(geometry.slot_count);
    for (std::uint16_t i = geometry.slot_count; i > 0; --i) {
        free_.push_back(SlotIndex{static_cast<std::uint16_t>(i - 1)});
    }
}

FrameArena::~FrameArena() {
    RINGCAST_ASSERT(free_.size() == slots_.size());
}

WritableSlot FrameArena::take_slot() noexcept {
    if (free_.empty()) {
        return {};
    }
    const SlotIndex index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::free);
    slot.state = SlotState::writing;
    return {*this, index};
}

FrameLease FrameArena::finish(WritableSlot slot, const FrameInfo& info,
                              std::uint64_t sequence) noexcept {
    RINGCAST_ASSERT(slot.arena_ == this);
    RINGCAST_ASSERT(info.jpeg_bytes > 0);
    RINGCAST_ASSERT(info.jpeg_bytes <= geometry_.payload_bytes());
    RINGCAST_ASSERT(info.jpeg_offset <= geometry_.payload_bytes() - info.jpeg_bytes);
    const SlotIndex index = slot.index_;
    slot.arena_ = nullptr; // from here on the lease owns it

    Slot& entry = slots_[index.value];
    RINGCAST_ASSERT(entry.state == SlotState::writing);
    const ByteSpan memory = slot_memory(index);
    const std::size_t jpeg = geometry_.page + info.jpeg_offset;
    entry.header_bytes = static_cast<std::uint32_t>(http::write_part_header(
        memory.first(jpeg), {info.jpeg_bytes, info.captured, info.placeholder}));
    http::write_part_tail(memory.subspan(jpeg + info.jpeg_bytes), boundary_);
    entry.state = SlotState::leased;
    entry.lease_count = 1;
    entry.sequence = sequence;
    entry.info = info;
    return {*this, index};
}

ByteSpan FrameArena::slot_memory(SlotIndex index) const noexcept {
    return memory_.subspan(index.value * geometry_.slot_bytes(), geometry_.slot_bytes());
}

ByteSpan FrameArena::payload(SlotIndex index) const noexcept {
    return slot_memory(index).subspan(geometry_.page, geometry_.payload_bytes());
}

void FrameArena::add_lease(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::leased);
    ++slot.lease_count;
}

void FrameArena::drop_lease(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::leased);
    RINGCAST_ASSERT(slot.lease_count > 0);
    --slot.lease_count;
    if (slot.lease_count == 0) {
        free_slot(index);
    }
}

void FrameArena::free_slot(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state != SlotState::free);
    RINGCAST_ASSERT(slot.lease_count == 0);
    slot.state = SlotState::free;
    if (release_hook_ != nullptr) {
        release_hook_(slot_memory(index));
    }
    RINGCAST_ASSERT(free_.size() < slots_.size());
    free_.push_back(index); // within its reserve
}

} // namespace ringcast::frame
