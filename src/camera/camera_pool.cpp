#include "camera/camera_pool.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "http/multipart.hpp"

namespace ringcast::camera {

CameraPool::CameraPool(CameraBuffers& camera, source::SourceCounters& counters)
    : camera_(camera), counters_(counters) {
    buffers_.reserve(buffers_max);
    leftovers_.reserve(frame::SlotGeometry::adopted_slots_max);
}

CameraPool::~CameraPool() {
    RINGCAST_ASSERT(idle());
}

// --- sets of buffers ---

std::uint32_t CameraPool::open(std::span<const CameraBuffer> buffers) noexcept {
    RINGCAST_ASSERT(buffers_.empty());
    RINGCAST_ASSERT(!buffers.empty());
    RINGCAST_ASSERT(buffers.size() <= buffers_max);
    frame::FrameArena& arena = sink_->arena();
    for (const CameraBuffer& mapped : buffers) {
        Buffer& buffer = buffers_.emplace_back();
        buffer.memory = mapped.memory;
        buffer.payload = mapped.memory;
        if (mapped.registered) {
            const ByteSpan behind_headroom = mapped.memory.subspan(arena.geometry().page);
            buffer.payload =
                behind_headroom.first(behind_headroom.size() - http::PartTail::advance_bytes);
            // None when too many of earlier sets are still out: this one is copied from.
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
    if (!in_use(set_)) {
        camera_.set_returned(set_);
    }
}

bool CameraPool::in_use(std::uint32_t set) const noexcept {
    return std::any_of(leftovers_.begin(), leftovers_.end(),
                       [set](const Leftover& leftover) { return leftover.set == set; });
}

void CameraPool::slot_returned(frame::SlotIndex slot) noexcept {
    RINGCAST_ASSERT(own_counters_.buffers_lent > 0);
    --own_counters_.buffers_lent;
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
        if (buffers_[i].slot == slot) {
            RINGCAST_ASSERT(buffers_[i].lent);
            buffers_[i].lent = false;
            ++own_counters_.buffers_free;
            camera_.requeue(i);
            return;
        }
    }
    const auto leftover =
        std::find_if(leftovers_.begin(), leftovers_.end(),
                     [slot](const Leftover& candidate) { return candidate.slot == slot; });
    RINGCAST_ASSERT(leftover != leftovers_.end());
    const std::uint32_t set = leftover->set;
    leftovers_.erase(leftover);
    sink_->arena().disown(slot);
    if (!in_use(set)) {
        camera_.set_returned(set);
    }
}

// --- frames ---

FrameOutcome CameraPool::on_frame(const CameraFrame& frame) noexcept {
    RINGCAST_ASSERT(frame.buffer < buffers_.size());
    Buffer& buffer = buffers_[frame.buffer];
    RINGCAST_ASSERT(!buffer.lent);
    if (frame.bytes > buffer.payload.size()) {
        return drop_damaged(jpeg::Damage::end_missing);
    }
    const bool can_lend = buffer.slot && own_counters_.buffers_free > reserve;
    return can_lend ? lend(buffer, frame) : copy(buffer, frame);
}

FrameOutcome CameraPool::lend(Buffer& buffer, const CameraFrame& frame) noexcept {
    frame::FrameArena& arena = sink_->arena();
    const auto repaired = jpeg::repair_frame(buffer.memory, arena.geometry().page, frame.bytes,
                                             http::part_header_bytes_max);
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

FrameOutcome CameraPool::copy(const Buffer& buffer, const CameraFrame& frame) noexcept {
    frame::WritableSlot slot = sink_->take_slot();
    if (!slot.valid()) {
        ++counters_.frames_dropped;
        return FrameOutcome::no_slot;
    }
    // What does not fit may be padding.
    const ByteSpan into = frame::SlotGeometry::frame_part(slot.payload());
    const std::size_t bytes = std::min(frame.bytes, into.size());
    std::memcpy(into.data(), buffer.payload.data(), bytes);
    own_counters_.bytes_copied += bytes;
    const auto repaired = jpeg::repair_frame(slot.memory(), slot.payload_offset(), bytes,
                                             http::part_header_bytes_max);
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

FrameOutcome CameraPool::drop_damaged(jpeg::Damage damage) noexcept {
    damage_ = damage;
    ++counters_.frames_damaged;
    return FrameOutcome::damaged;
}

void CameraPool::publish(frame::WritableSlot slot, const jpeg::RepairedFrame& repaired,
                         const CameraFrame& frame) noexcept {
    ++counters_.frames;
    counters_.frames_repaired += repaired.changed ? 1 : 0;
    counters_.bytes += repaired.bytes;
    frame::FrameInfo info;
    info.jpeg_offset = repaired.offset;
    info.jpeg_bytes = repaired.bytes;
    info.width = repaired.width;
    info.height = repaired.height;
    info.captured = frame.captured;
    info.captured_at = frame.captured_at;
    sink_->publish(std::move(slot), info);
}

} // namespace ringcast::camera
