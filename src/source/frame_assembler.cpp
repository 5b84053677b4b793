#include "source/frame_assembler.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "http/multipart.hpp"
#include "jpeg/repair.hpp"
#include "source/found_frame.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::source {

void FrameAssembler::begin(FrameSink& sink) noexcept {
    sink_ = &sink;
    slot_.reset();
    filled_ = 0;
    frame_bytes_last_ = 0;
    trouble_.begin(engine_->now());
}

bool FrameAssembler::take_slot() noexcept {
    if (slot_.valid()) {
        return true;
    }
    slot_ = sink_->take_slot();
    filled_ = 0;
    scanner_ = jpeg::FrameScanner(frame_bytes_max(), picture_max());
    skipped_before_ = 0;
    return slot_.valid();
}

std::size_t FrameAssembler::frame_bytes_max() const noexcept {
    return sink_->arena().geometry().frame_bytes_max;
}

jpeg::PictureLimit FrameAssembler::picture_max() const noexcept {
    return sink_->arena().geometry().picture_max;
}

// --- frames that have to be found ---

/// Frames of one producer are of similar size, so the rest of this one is requested in one read:
/// each read is a system call and a turn of the loop.
ByteSpan FrameAssembler::room() const noexcept {
    const ByteSpan room = slot_.payload().subspan(filled_);
    RINGCAST_ASSERT(!room.empty());
    const std::size_t wanted =
        filled_ < frame_bytes_last_ ? frame_bytes_last_ - filled_ + read_margin : read_bytes_max;
    return room.first(std::min(room.size(), wanted));
}

void FrameAssembler::take(std::size_t bytes) noexcept {
    filled_ += bytes;
    RINGCAST_ASSERT(filled_ <= slot_.payload().size());
    const auto damaged = [this](const jpeg::Fault& fault) { note_damaged(fault); };
    const auto oversized = [this](std::size_t size) { note_oversized(size); };
    // Bounded: each turn takes a frame out of the bytes of one read.
    while (const auto found =
               next_frame(scanner_, slot_.payload().first(filled_), damaged, oversized)) {
        publish_found(*found);
    }
    note_scanner_skipped();
    make_room();
}

void FrameAssembler::finish() noexcept {
    if (scanner_.in_frame()) {
        note_damaged(jpeg::Damage::end_missing);
    }
}

/// Publishes every frame of a read, also when a newer one follows it: the relay decides which
/// viewer gets which, and a frame may not be lost only because two arrived at once.
void FrameAssembler::publish_found(const jpeg::ScanResult& found) noexcept {
    const jpeg::RepairedFrame repaired =
        repair_found_frame(slot_.memory(), slot_.payload_offset(), found);
    frame::WritableSlot full = take_out_frame(found.end());
    if (!full.valid()) {
        note_dropped();
        return;
    }
    trouble_.on_good_frame(engine_->now());
    frame_bytes_last_ = found.bytes;
    publish_frame(*sink_, *counters_, std::move(full),
                  frame_info(repaired, engine_->now(), engine_->wall_now()), repaired.changed);
}

/// The slot with the frame that ends at `end`; the bytes behind it move to the next slot. Invalid
/// when no other slot is free, and then the frame is lost: without a slot there would be nothing to
/// read into, and the producer would block.
frame::WritableSlot FrameAssembler::take_out_frame(std::size_t end) noexcept {
    frame::WritableSlot next = sink_->take_slot();
    move_rest(end, next.valid() ? next.payload() : slot_.payload());
    return next.valid() ? std::exchange(slot_, std::move(next)) : frame::WritableSlot{};
}

/// Ensures room for one read, whatever state the scanner is in: it keeps at most the largest frame.
void FrameAssembler::make_room() noexcept {
    const ByteSpan payload = slot_.payload();
    const std::size_t gone = scanner_.discardable();
    if (gone == 0 || (gone < filled_ && payload.size() - filled_ >= read_bytes_max)) {
        return;
    }
    move_rest(gone, payload);
}

/// Drops the first `count` bytes that were read and moves the others to `target`.
void FrameAssembler::move_rest(std::size_t count, ByteSpan target) noexcept {
    filled_ = discard_front(scanner_, slot_.payload().first(filled_), count, target);
    counters_->bytes_moved += filled_;
}

// --- whole frames ---

void FrameAssembler::publish_whole(std::size_t bytes, Instant captured_at,
                                   WallTime captured) noexcept {
    const auto repaired = jpeg::repair_frame(slot_.memory(), slot_.payload_offset(), bytes,
                                             http::part_header_bytes_max, picture_max());
    if (!repaired) {
        note_damaged(repaired.error());
        return;
    }
    trouble_.on_good_frame(engine_->now());
    publish_frame(*sink_, *counters_, std::move(slot_),
                  frame_info(*repaired, captured_at, captured), repaired->changed);
}

// --- trouble ---

void FrameAssembler::note_damaged(const jpeg::Fault& fault) noexcept {
    ++counters_->frames_damaged;
    last_fault_ = fault;
    trouble_.on_damaged_frame();
    fault_log_.damaged(engine_->now(), fault, picture_max());
}

void FrameAssembler::note_oversized(std::size_t bytes) noexcept {
    ++counters_->frames_oversized;
    trouble_.on_oversized_frame(bytes);
    fault_log_.oversized(engine_->now(), bytes, frame_bytes_max());
}

void FrameAssembler::note_dropped() noexcept {
    ++counters_->frames_dropped;
    if (dropped_throttle_.should_log(engine_->now())) {
        log_stream(LogLevel::warning, names_.stream,
                   "a frame was dropped: viewers hold every slot");
    }
}

void FrameAssembler::note_scanner_skipped() noexcept {
    const std::uint64_t skipped = scanner_.bytes_skipped() - skipped_before_;
    if (skipped > 0) {
        skipped_before_ = scanner_.bytes_skipped();
        note_skipped(skipped);
    }
}

void FrameAssembler::note_skipped(std::uint64_t bytes) noexcept {
    counters_->bytes_skipped += bytes;
    trouble_.on_skipped_bytes(bytes);
    if (skipped_throttle_.should_log(engine_->now())) {
        log_stream(LogLevel::info, names_.stream,
                   "{} bytes between frames were skipped: they are not JPEG", bytes);
    }
}

void FrameAssembler::report_trouble(Instant now) noexcept {
    const auto trouble = trouble_.take_report(now);
    if (!trouble.has_value()) {
        return;
    }
    switch (*trouble) {
    case SignalTrouble::Kind::none:
        break;
    case SignalTrouble::Kind::silent:
        sink_->signal_lost(fmt::format("no frames arrive from {}", names_.producer));
        break;
    case SignalTrouble::Kind::not_jpeg:
        sink_->signal_lost(fmt::format("the data from {} is not JPEG", names_.producer));
        break;
    case SignalTrouble::Kind::damaged:
        sink_->signal_lost(
            last_fault_.damage == jpeg::Damage::picture_too_large
                ? too_large_reason(last_fault_, picture_max())
                : fmt::format("only damaged frames arrive from {}", names_.producer));
        break;
    case SignalTrouble::Kind::oversized:
        sink_->signal_lost(oversized_reason(trouble_.oversized_bytes(), frame_bytes_max()));
        break;
    }
}

std::string_view FrameAssembler::received_instead() const noexcept {
    switch (trouble_.worst()) {
    case SignalTrouble::Kind::none:
    case SignalTrouble::Kind::silent:
        return {};
    case SignalTrouble::Kind::not_jpeg:
        return "data that is not JPEG";
    case SignalTrouble::Kind::damaged:
        return "damaged ones";
    case SignalTrouble::Kind::oversized:
        return "ones that are too large";
    }
    return {};
}

} // namespace ringcast::source
