#include "input/byte_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/byte_size.hpp"
#include "base/log.hpp"
#include "input/found_frame.hpp"

namespace ringcast::input {

void ByteStream::begin(source::FrameSink& sink, io::OpToken token, int fd) noexcept {
    RINGCAST_ASSERT(!begun_);
    RINGCAST_ASSERT(fd >= 0);
    sink_ = &sink;
    token_ = token;
    fd_ = fd;
    begun_ = true;
    cancelled_ = false;
    published_ = false;
    error_number_ = 0;
    filled_ = 0;
    frame_bytes_last_ = 0;
    note_good();
    read_on();
}

// --- reading ---

void ByteStream::read_on() noexcept {
    RINGCAST_ASSERT(!in_flight_);
    if (!slot_.valid()) {
        slot_ = sink_->take_slot();
        if (!slot_.valid()) {
            slot_retry_at_ = engine_->now() + slot_retry_time;
            return;
        }
        scanner_ = jpeg::FrameScanner(frame_bytes_max());
        skipped_before_ = 0;
    }
    slot_retry_at_ = never;
    const ByteSpan room = slot_.payload().subspan(filled_);
    RINGCAST_ASSERT(!room.empty());
    engine_->read(token_, fd_, room.first(std::min(room.size(), read_bytes_wanted())));
    in_flight_ = true;
}

/// Frames of one producer are of much the same size, so the rest of this one is asked for in one
/// read: each read is a system call and a turn of the loop.
std::size_t ByteStream::read_bytes_wanted() const noexcept {
    return filled_ < frame_bytes_last_ ? frame_bytes_last_ - filled_ + read_margin : read_bytes_max;
}

ByteStream::Outcome ByteStream::on_read(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(in_flight_);
    in_flight_ = false;
    const bool waited = std::exchange(waiting_, false);
    if (cancelled_) {
        finish();
        return Outcome::cancelled;
    }
    if (completion.result == -EINTR || (waited && completion.result > 0)) {
        read_on();
        return Outcome::goes_on;
    }
    if (completion.result == -EAGAIN) {
        // Whoever made the pipe has set O_NONBLOCK, and the engine then leaves the waiting to us.
        engine_->poll(token_, fd_, io::PollEvents::readable);
        in_flight_ = true;
        waiting_ = true;
        return Outcome::goes_on;
    }
    if (completion.result <= 0) {
        error_number_ = -completion.result;
        if (scanner_.in_frame()) {
            note_damaged(jpeg::describe(jpeg::Damage::end_missing));
        }
        finish();
        return error_number_ == 0 ? Outcome::ended : Outcome::failed;
    }
    ++counters_->reads;
    filled_ += static_cast<std::size_t>(completion.result);
    RINGCAST_ASSERT(filled_ <= slot_.payload().size());
    find_frames();
    make_room();
    report_trouble(engine_->now());
    read_on();
    return Outcome::goes_on;
}

void ByteStream::cancel() noexcept {
    if (!begun_ || cancelled_) {
        return;
    }
    if (!in_flight_) {
        finish();
        return;
    }
    cancelled_ = true;
    engine_->cancel(io::OpToken{}, token_);
}

void ByteStream::finish() noexcept {
    RINGCAST_ASSERT(!in_flight_);
    begun_ = false;
    slot_retry_at_ = never;
    slot_.reset();
}

// --- frames ---

void ByteStream::find_frames() noexcept {
    // Bounded: each turn but the last takes bytes out of what one read has brought.
    for (;;) {
        const jpeg::ScanResult found = scanner_.scan(slot_.payload().first(filled_));
        switch (found.outcome) {
        case jpeg::ScanOutcome::need_more:
            note_skipped();
            return;
        case jpeg::ScanOutcome::frame:
            publish(found);
            break;
        case jpeg::ScanOutcome::damaged:
            note_damaged(jpeg::describe(found.damage));
            break;
        case jpeg::ScanOutcome::oversized:
            note_oversized(found.bytes);
            break;
        }
    }
}

/// Every frame of a read is published, also when a newer one lies behind it: which viewer is to get
/// which is the relay's decision, and a frame may not be lost only because two came at once.
void ByteStream::publish(const jpeg::ScanResult& found) noexcept {
    const jpeg::RepairedFrame repaired =
        repair_found_frame(slot_.memory(), slot_.payload_offset(), found);
    frame::WritableSlot full = take_out_frame(found.end());
    if (!full.valid()) {
        ++counters_->frames_dropped;
        if (dropped_burst_.should_log(engine_->now())) {
            log(LogLevel::warning, "stream {}: a frame was dropped: viewers hold every slot",
                names_.stream);
        }
        return;
    }
    published_ = true;
    note_good();
    ++counters_->frames;
    counters_->frames_repaired += repaired.changed ? 1 : 0;
    counters_->bytes += repaired.bytes;
    frame_bytes_last_ = found.bytes;
    frame::FrameInfo info;
    info.jpeg_offset = repaired.offset;
    info.jpeg_bytes = repaired.bytes;
    info.width = repaired.width;
    info.height = repaired.height;
    info.captured = engine_->wall_now();
    info.captured_at = engine_->now();
    sink_->publish(std::move(full), info);
}

/// The slot with the frame that ends at `end`; what was read beyond that goes on in the next slot.
/// Invalid when there is none, and then the frame is gone: without a slot there would be nothing to
/// read into, and the producer would block.
frame::WritableSlot ByteStream::take_out_frame(std::size_t end) noexcept {
    const ByteSpan payload = slot_.payload();
    const std::size_t rest = filled_ - end;
    frame::WritableSlot next = sink_->take_slot();
    const ByteSpan target = next.valid() ? next.payload() : payload;
    if (rest > 0) {
        std::memmove(target.data(), payload.data() + end, rest);
        counters_->bytes_moved += rest;
    }
    scanner_.discard(end);
    filled_ = rest;
    return next.valid() ? std::exchange(slot_, std::move(next)) : frame::WritableSlot{};
}

/// After this there is room for one read, whatever state the scanner is in: it keeps at most the
/// largest frame.
void ByteStream::make_room() noexcept {
    const ByteSpan payload = slot_.payload();
    const std::size_t gone = scanner_.discardable();
    const std::size_t rest = filled_ - gone;
    if (gone == 0 || (rest > 0 && payload.size() - filled_ >= read_bytes_max)) {
        return;
    }
    if (rest > 0) {
        std::memmove(payload.data(), payload.data() + gone, rest);
        counters_->bytes_moved += rest;
    }
    scanner_.discard(gone);
    filled_ = rest;
}

std::size_t ByteStream::frame_bytes_max() const noexcept {
    return frame::SlotGeometry::frame_part(slot_.payload()).size();
}

// --- trouble ---

void ByteStream::note_damaged(std::string_view what) noexcept {
    ++counters_->frames_damaged;
    ++bad_frames_;
    note_trouble(Trouble::damaged);
    if (damaged_burst_.should_log(engine_->now())) {
        log(LogLevel::warning, "stream {}: a damaged frame was skipped: {}", names_.stream, what);
    }
}

void ByteStream::note_oversized(std::size_t bytes) noexcept {
    ++counters_->frames_oversized;
    ++bad_frames_;
    oversized_bytes_ = bytes;
    note_trouble(Trouble::oversized);
    if (oversized_burst_.should_log(engine_->now())) {
        log(LogLevel::warning, "stream {}: a frame of {} was skipped: frame_max in [memory] is {}",
            names_.stream, byte_size_above(bytes), byte_size(frame_bytes_max()));
    }
}

void ByteStream::note_skipped() noexcept {
    const std::uint64_t skipped = scanner_.bytes_skipped() - skipped_before_;
    if (skipped == 0) {
        return;
    }
    skipped_before_ = scanner_.bytes_skipped();
    counters_->bytes_skipped += skipped;
    junk_bytes_ += skipped;
    note_trouble(Trouble::not_jpeg);
    if (skipped_burst_.should_log(engine_->now())) {
        log(LogLevel::info, "stream {}: {} bytes between frames were skipped: they are not JPEG",
            names_.stream, skipped);
    }
}

void ByteStream::note_trouble(Trouble trouble) noexcept {
    trouble_ = std::max(trouble_, trouble);
}

/// The beginning counts as good.
void ByteStream::note_good() noexcept {
    last_good_ = engine_->now();
    bad_frames_ = 0;
    junk_bytes_ = 0;
    trouble_ = Trouble::none;
    reported_ = Trouble::none;
}

bool ByteStream::trouble_is_certain() const noexcept {
    return !published_ || bad_frames_ >= bad_frames_min || junk_bytes_ >= junk_bytes_min;
}

Instant ByteStream::trouble_due() const noexcept {
    return last_good_ + (trouble_ == Trouble::oversized ? oversized_time_max : silence_time_max);
}

void ByteStream::report_trouble(Instant now) noexcept {
    if (now < trouble_due() || !trouble_is_certain()) {
        return;
    }
    note_trouble(Trouble::silent);
    if (reported_ >= trouble_) {
        return;
    }
    reported_ = trouble_;
    switch (trouble_) {
    case Trouble::none:
        break;
    case Trouble::silent:
        sink_->signal_lost(fmt::format("{} gives no frames", names_.producer));
        break;
    case Trouble::not_jpeg:
        sink_->signal_lost(fmt::format("what {} gives is not JPEG", names_.producer));
        break;
    case Trouble::damaged:
        sink_->signal_lost(fmt::format("{} gives only damaged frames", names_.producer));
        break;
    case Trouble::oversized:
        sink_->signal_lost(oversized_reason(oversized_bytes_, frame_bytes_max()));
        break;
    }
}

// --- time ---

Instant ByteStream::deadline() const noexcept {
    if (!begun_ || cancelled_) {
        return never;
    }
    if (!slot_.valid()) {
        return slot_retry_at_;
    }
    // What is worse than silence is reported when it is seen, once silence has been or could be.
    return !published_ && reported_ == Trouble::none ? trouble_due() : never;
}

void ByteStream::on_deadline(Instant now) noexcept {
    if (!begun_ || cancelled_) {
        return;
    }
    if (slot_.valid()) {
        report_trouble(now);
    } else if (now >= slot_retry_at_) {
        read_on();
    }
}

} // namespace ringcast::input
