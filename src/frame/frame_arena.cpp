#include "frame/frame_arena.hpp"

#include "base/assert.hpp"

namespace ringcast::frame {

// --- WritableSlot ---

WritableSlot& WritableSlot::operator=(WritableSlot&& other) noexcept {
    if (this != &other) {
        reset();
        arena_ = std::exchange(other.arena_, nullptr);
        index_ = other.index_;
    }
    return *this;
}

ByteSpan WritableSlot::memory() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->slots_[index_.value].memory;
}

ByteSpan WritableSlot::payload() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->payload(index_);
}

std::size_t WritableSlot::payload_offset() const noexcept {
    RINGCAST_ASSERT(valid());
    return arena_->geometry_.page;
}

void WritableSlot::reset() noexcept {
    if (FrameArena* arena = std::exchange(arena_, nullptr)) {
        arena->recycle(index_);
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
        arena->release_lease(index_);
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
    return arena_->slots_[index_.value].buffer;
}

ConstByteSpan FrameLease::standard_span() const noexcept {
    const FrameArena::Slot& slot = arena_->slots_[index_.value];
    return slot.memory.subspan(slot.info.jpeg_offset - slot.header_bytes,
                               slot.header_bytes + slot.info.jpeg_bytes +
                                   http::PartTail::standard_bytes);
}

ConstByteSpan FrameLease::advance_span() const noexcept {
    const FrameArena::Slot& slot = arena_->slots_[index_.value];
    return slot.memory.subspan(slot.info.jpeg_offset,
                               slot.info.jpeg_bytes + http::PartTail::advance_bytes);
}

ConstByteSpan FrameLease::jpeg_span() const noexcept {
    const FrameArena::Slot& slot = arena_->slots_[index_.value];
    return slot.memory.subspan(slot.info.jpeg_offset, slot.info.jpeg_bytes);
}

// --- FrameArena ---

FrameArena::FrameArena(ByteSpan memory, SlotGeometry geometry, http::Boundary boundary,
                       std::optional<io::BufferId> buffer)
    : geometry_(geometry), boundary_(boundary),
      slots_(std::size_t{geometry.slot_count} + SlotGeometry::adopted_slots_max) {
    RINGCAST_ASSERT(memory.size() == geometry.arena_bytes());
    RINGCAST_ASSERT(geometry.page >= http::part_header_bytes_max);
    RINGCAST_ASSERT(geometry.slot_count > 0);
    free_.reserve(geometry.slot_count);
    for (std::uint16_t i = geometry.slot_count; i > 0; --i) {
        const auto index = static_cast<std::uint16_t>(i - 1);
        Slot& slot = slots_[index];
        slot.memory = memory.subspan(index * geometry.slot_bytes(), geometry.slot_bytes());
        slot.buffer = buffer;
        slot.state = SlotState::free;
        free_.push_back(SlotIndex{index});
    }
}

FrameArena::~FrameArena() {
    RINGCAST_ASSERT(free_.size() == geometry_.slot_count);
    for (std::size_t i = geometry_.slot_count; i < slots_.size(); ++i) {
        RINGCAST_ASSERT(slots_[i].state == SlotState::vacant);
    }
}

// --- adopted slots: a camera's buffers ---

std::optional<SlotIndex> FrameArena::adopt(ByteSpan memory, std::optional<io::BufferId> buffer,
                                           SlotOwner& owner) noexcept {
    RINGCAST_ASSERT(memory.size() % geometry_.page == 0);
    RINGCAST_ASSERT(memory.size() > geometry_.page + http::PartTail::advance_bytes);
    for (std::size_t i = geometry_.slot_count; i < slots_.size(); ++i) {
        if (Slot& slot = slots_[i]; slot.state == SlotState::vacant) {
            slot.memory = memory;
            slot.buffer = buffer;
            slot.owner = &owner;
            slot.state = SlotState::free;
            return SlotIndex{static_cast<std::uint16_t>(i)};
        }
    }
    return std::nullopt;
}

void FrameArena::disown(SlotIndex slot) noexcept {
    RINGCAST_ASSERT(!owns(slot));
    RINGCAST_ASSERT(slots_[slot.value].state == SlotState::free);
    slots_[slot.value] = Slot{};
}

WritableSlot FrameArena::lend(SlotIndex slot) noexcept {
    RINGCAST_ASSERT(!owns(slot));
    RINGCAST_ASSERT(slots_[slot.value].state == SlotState::free);
    slots_[slot.value].state = SlotState::writing;
    return {*this, slot};
}

// --- frames ---

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

FrameLease FrameArena::seal(WritableSlot slot, const FrameInfo& info,
                            std::uint64_t sequence) noexcept {
    RINGCAST_ASSERT(slot.arena_ == this);
    const SlotIndex index = slot.index_;
    Slot& entry = slots_[index.value];
    RINGCAST_ASSERT(entry.state == SlotState::writing);
    const std::size_t end_max = entry.memory.size() - http::PartTail::advance_bytes;
    RINGCAST_ASSERT(info.jpeg_offset >= http::part_header_bytes_max);
    RINGCAST_ASSERT(info.jpeg_offset <= end_max);
    RINGCAST_ASSERT(info.jpeg_bytes > 0);
    RINGCAST_ASSERT(info.jpeg_bytes <= end_max - info.jpeg_offset);
    slot.arena_ = nullptr; // the lease takes over

    entry.header_bytes = static_cast<std::uint32_t>(http::write_part_header(
        entry.memory.first(info.jpeg_offset),
        {info.jpeg_bytes, info.captured, info.placeholder, info.reason, info.rendition}));
    http::write_part_tail(entry.memory.subspan(info.jpeg_offset + info.jpeg_bytes), boundary_);
    entry.state = SlotState::leased;
    entry.lease_count = 1;
    entry.sequence = sequence;
    entry.info = info;
    entry.info.reason = {};
    entry.info.rendition = {};
    return {*this, index};
}

ByteSpan FrameArena::payload(SlotIndex index) const noexcept {
    const ByteSpan memory = slots_[index.value].memory.subspan(geometry_.page);
    return memory.first(owns(index) ? geometry_.payload_bytes()
                                    : memory.size() - http::PartTail::advance_bytes);
}

void FrameArena::add_lease(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::leased);
    ++slot.lease_count;
}

void FrameArena::release_lease(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::leased);
    RINGCAST_ASSERT(slot.lease_count > 0);
    --slot.lease_count;
    if (slot.lease_count == 0) {
        recycle(index);
    }
}

void FrameArena::recycle(SlotIndex index) noexcept {
    Slot& slot = slots_[index.value];
    RINGCAST_ASSERT(slot.state == SlotState::writing || slot.state == SlotState::leased);
    RINGCAST_ASSERT(slot.lease_count == 0);
    slot.state = SlotState::free;
    if (release_hook_ != nullptr) {
        release_hook_(slot.memory);
    }
    if (slot.owner != nullptr) {
        slot.owner->recycle(index);
        return;
    }
    RINGCAST_ASSERT(free_.size() < geometry_.slot_count);
    free_.push_back(index); // does not allocate: capacity was reserved
}

} // namespace ringcast::frame
