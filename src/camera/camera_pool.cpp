#include "camera/camera_pool.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "http/multipart.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::camera {

CameraPool::CameraPool(BufferRecycler& recycler, source::SourceCounters& counters)
    : recycler_(recycler), counters_(counters) {
    buffers_.reserve(buffers_max);
    leftovers_.reserve(frame::SlotGeometry::adopted_slots_max);
    unused_sets_.reserve(frame::SlotGeometry::adopted_slots_max + 1);
}

CameraPool::~CameraPool() {
    RINGCAST_ASSERT(idle());
}

// --- sets of buffers ---

std::uint32_t CameraPool::open(std::span<const PoolBuffer> buffers) noexcept {
    RINGCAST_ASSERT(buffers_.empty());
    RINGCAST_ASSERT(!buffers.empty());
    RINGCAST_ASSERT(buffers.size() <= buffers_max);
    frame::FrameArena& arena = sink_->arena();
    for (const PoolBuffer& mapped : buffers) {
        Buffer& buffer = buffers_.emplace_back();
        buffer.memory = mapped.memory;
        buffer.payload = mapped.memory;
        if (mapped.registered) {
            const ByteSpan behind_headroom = mapped.memory.subspan(arena.geometry().page);
            buffer.payload =
                behind_headroom.first(behind_headroom.size() - http::PartTail::advance_bytes);
            // None if viewers use too many buffers of closed sets: its frames are copied then.
            buffer.slot = arena.adopt(mapped.memory, mapped.registered, *this);
        }
    }
    own_counters_.buffers_free = static_cast<std::uint32_t>(buffers_.size());
    return ++set_;
}

void CameraPool::close() noexcept {
    if (buffers_.empty()) {
        return;
    }
    for (const Buffer& buffer : buffers_) {
        if (buffer.lent) {
            leftovers_.push_back({*buffer.slot, set_});
        } else if (buffer.slot) {
            sink_->arena().disown(*buffer.slot);
        }
    }
    buffers_.clear();
    own_counters_.buffers_free = 0;
    note_if_unused(set_);
}

void CameraPool::note_if_unused(std::uint32_t set) noexcept {
    if (std::ranges::find(leftovers_, set, &Leftover::set) == leftovers_.end()) {
        unused_sets_.push_back(set);
    }
}

std::optional<std::uint32_t> CameraPool::take_unused_set() noexcept {
    if (unused_sets_.empty()) {
        return std::nullopt;
    }
    const std::uint32_t set = unused_sets_.back();
    unused_sets_.pop_back();
    return set;
}

void CameraPool::recycle(frame::SlotIndex slot) noexcept {
    RINGCAST_ASSERT(own_counters_.buffers_lent > 0);
    --own_counters_.buffers_lent;
    const auto buffer = std::ranges::find(buffers_, slot, &Buffer::slot);
    if (buffer != buffers_.end()) {
        RINGCAST_ASSERT(buffer->lent);
        buffer->lent = false;
        ++own_counters_.buffers_free;
        recycler_.recycle(static_cast<std::uint32_t>(buffer - buffers_.begin()));
        return;
    }
    const auto leftover = std::ranges::find(leftovers_, slot, &Leftover::slot);
    RINGCAST_ASSERT(leftover != leftovers_.end());
    const std::uint32_t set = leftover->set;
    leftovers_.erase(leftover);
    sink_->arena().disown(slot);
    note_if_unused(set);
}

// --- frames ---

FrameOutcome CameraPool::on_frame(const CapturedFrame& frame) noexcept {
    RINGCAST_ASSERT(frame.buffer < buffers_.size());
    Buffer& buffer = buffers_[frame.buffer];
    RINGCAST_ASSERT(!buffer.lent);
    if (frame.bytes > buffer.payload.size()) {
        return drop_damaged(jpeg::Damage::end_missing);
    }
    const bool can_lend = buffer.slot && own_counters_.buffers_free > reserve;
    return can_lend ? lend(buffer, frame) : copy(buffer, frame);
}

FrameOutcome CameraPool::lend(Buffer& buffer, const CapturedFrame& frame) noexcept {
    frame::FrameArena& arena = sink_->arena();
    const auto repaired = jpeg::repair_frame(buffer.memory, arena.geometry().page, frame.bytes,
                                             http::part_header_bytes_max, picture_max());
    if (!repaired) {
        return drop_damaged(repaired.error());
    }
    buffer.lent = true;
    --own_counters_.buffers_free;
    ++own_counters_.buffers_lent;
    ++own_counters_.lent;
    publish(arena.lend(*buffer.slot), *repaired, frame);
    return FrameOutcome::lent;
}

FrameOutcome CameraPool::copy(const Buffer& buffer, const CapturedFrame& frame) noexcept {
    frame::WritableSlot slot = sink_->take_slot();
    if (!slot.valid()) {
        ++counters_.frames_dropped;
        return FrameOutcome::no_slot;
    }
    // The part that does not fit may be padding.
    const ByteSpan into = frame::SlotGeometry::frame_part(slot.payload());
    const std::size_t bytes = std::min(frame.bytes, into.size());
    std::memcpy(into.data(), buffer.payload.data(), bytes);
    own_counters_.bytes_copied += bytes;
    const auto repaired = jpeg::repair_frame(slot.memory(), slot.payload_offset(), bytes,
                                             http::part_header_bytes_max, picture_max());
    if (!repaired && bytes < frame.bytes) {
        ++counters_.frames_oversized;
        return FrameOutcome::oversized;
    }
    if (!repaired) {
        return drop_damaged(repaired.error());
    }
    ++(buffer.slot ? own_counters_.copied_under_pressure : own_counters_.copied);
    publish(std::move(slot), *repaired, frame);
    return FrameOutcome::copied;
}

FrameOutcome CameraPool::drop_damaged(const jpeg::Fault& fault) noexcept {
    fault_ = fault;
    ++counters_.frames_damaged;
    return FrameOutcome::damaged;
}

jpeg::PictureLimit CameraPool::picture_max() const noexcept {
    return sink_->arena().geometry().picture_max;
}

void CameraPool::publish(frame::WritableSlot slot, const jpeg::RepairedFrame& repaired,
                         const CapturedFrame& frame) noexcept {
    source::publish_frame(*sink_, counters_, std::move(slot),
                          source::frame_info(repaired, frame.captured_at, frame.captured),
                          repaired.changed);
}

} // namespace ringcast::camera
