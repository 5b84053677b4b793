#include "input/byte_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "input/found_frame.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::input {

void ByteStream::begin(source::FrameSink& sink, io::OpToken token, int fd) noexcept {
    RINGCAST_ASSERT(!begun_);
    RINGCAST_ASSERT(fd >= 0);
    sink_ = &sink;
    token_ = token;
    fd_ = fd;
    begun_ = true;
    cancelled_ = false;
    error_number_ = 0;
    filled_ = 0;
    frame_bytes_last_ = 0;
    bytes_received_ = 0;
    trouble_.begin(engine_->now());
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
        scanner_ = jpeg::FrameScanner(frame_bytes_max(), picture_max());
        skipped_before_ = 0;
    }
    slot_retry_at_ = never;
    const ByteSpan room = slot_.payload().subspan(filled_);
    RINGCAST_ASSERT(!room.empty());
    engine_->read(token_, fd_, room.first(std::min(room.size(), read_bytes_wanted())));
    in_flight_ = true;
}

/// Frames of one producer are of similar size, so the rest of this one is requested in one read:
/// each read is a system call and a turn of the loop.
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
        // The creator of the pipe has set O_NONBLOCK, so io_uring does not wait for data.
        engine_->poll(token_, fd_, io::PollEvents::readable);
        in_flight_ = true;
        waiting_ = true;
        return Outcome::goes_on;
    }
    if (completion.result <= 0) {
        error_number_ = -completion.result;
        if (scanner_.in_frame()) {
            note_damaged(jpeg::Damage::end_missing);
        }
        finish();
        return error_number_ == 0 ? Outcome::ended : Outcome::failed;
    }
    ++counters_->reads;
    const auto received = static_cast<std::size_t>(completion.result);
    keep_beginning(slot_.payload().subspan(filled_, received));
    filled_ += received;
    RINGCAST_ASSERT(filled_ <= slot_.payload().size());
    find_frames();
    make_room();
    report_trouble(engine_->now());
    read_on();
    return Outcome::goes_on;
}

void ByteStream::keep_beginning(ConstByteSpan received) noexcept {
    if (bytes_received_ < beginning_.size()) {
        const ByteSpan room = ByteSpan(beginning_).subspan(bytes_received_);
        std::ranges::copy(received.first(std::min(received.size(), room.size())), room.begin());
    }
    bytes_received_ += received.size();
}

std::string_view ByteStream::data_format() const noexcept {
    return input::data_format(
        ConstByteSpan(beginning_)
            .first(std::min<std::uint64_t>(bytes_received_, beginning_.size())));
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
    const auto damaged = [this](const jpeg::Fault& fault) { note_damaged(fault); };
    const auto oversized = [this](std::size_t bytes) { note_oversized(bytes); };
    // Bounded: each turn takes a frame out of the bytes of one read.
    while (const auto found =
               next_frame(scanner_, slot_.payload().first(filled_), damaged, oversized)) {
        publish(*found);
    }
    note_skipped();
}

/// Publishes every frame of a read, also when a newer one follows it: the relay decides which
/// viewer gets which, and a frame may not be lost only because two arrived at once.
void ByteStream::publish(const jpeg::ScanResult& found) noexcept {
    const jpeg::RepairedFrame repaired =
        repair_found_frame(slot_.memory(), slot_.payload_offset(), found);
    frame::WritableSlot full = take_out_frame(found.end());
    if (!full.valid()) {
        ++counters_->frames_dropped;
        if (dropped_throttle_.should_log(engine_->now())) {
            log(LogLevel::warning, "stream {}: a frame was dropped: viewers hold every slot",
                names_.stream);
        }
        return;
    }
    trouble_.on_good_frame(engine_->now());
    frame_bytes_last_ = found.bytes;
    source::publish_frame(*sink_, *counters_, std::move(full),
                          source::frame_info(repaired, engine_->now(), engine_->wall_now()),
                          repaired.changed);
}

/// The slot with the frame that ends at `end`; the bytes behind it move to the next slot. Invalid
/// when no other slot is free, and then the frame is lost: without a slot there would be nothing to
/// read into, and the producer would block.
frame::WritableSlot ByteStream::take_out_frame(std::size_t end) noexcept {
    frame::WritableSlot next = sink_->take_slot();
    move_rest(end, next.valid() ? next.payload() : slot_.payload());
    return next.valid() ? std::exchange(slot_, std::move(next)) : frame::WritableSlot{};
}

/// Ensures room for one read, whatever state the scanner is in: it keeps at most the largest frame.
void ByteStream::make_room() noexcept {
    const ByteSpan payload = slot_.payload();
    const std::size_t gone = scanner_.discardable();
    if (gone == 0 || (gone < filled_ && payload.size() - filled_ >= read_bytes_max)) {
        return;
    }
    move_rest(gone, payload);
}

/// Drops the first `count` bytes that were read and moves the others to `target`.
void ByteStream::move_rest(std::size_t count, ByteSpan target) noexcept {
    filled_ = discard_front(scanner_, slot_.payload().first(filled_), count, target);
    counters_->bytes_moved += filled_;
}

std::size_t ByteStream::frame_bytes_max() const noexcept {
    return frame::SlotGeometry::frame_part(slot_.payload()).size();
}

jpeg::PictureLimit ByteStream::picture_max() const noexcept {
    return sink_->arena().geometry().picture_max;
}

// --- trouble ---

void ByteStream::note_damaged(const jpeg::Fault& fault) noexcept {
    ++counters_->frames_damaged;
    last_fault_ = fault;
    trouble_.on_damaged_frame();
    fault_log_.damaged(engine_->now(), fault, picture_max());
}

void ByteStream::note_oversized(std::size_t bytes) noexcept {
    ++counters_->frames_oversized;
    trouble_.on_oversized_frame(bytes);
    fault_log_.oversized(engine_->now(), bytes, frame_bytes_max());
}

void ByteStream::note_skipped() noexcept {
    const std::uint64_t skipped = scanner_.bytes_skipped() - skipped_before_;
    if (skipped == 0) {
        return;
    }
    skipped_before_ = scanner_.bytes_skipped();
    counters_->bytes_skipped += skipped;
    trouble_.on_skipped_bytes(skipped);
    if (skipped_throttle_.should_log(engine_->now())) {
        log(LogLevel::info, "stream {}: {} bytes between frames were skipped: they are not JPEG",
            names_.stream, skipped);
    }
}

void ByteStream::report_trouble(Instant now) noexcept {
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
                ? source::too_large_reason(last_fault_, picture_max())
                : fmt::format("only damaged frames arrive from {}", names_.producer));
        break;
    case SignalTrouble::Kind::oversized:
        sink_->signal_lost(source::oversized_reason(trouble_.oversized_bytes(), frame_bytes_max()));
        break;
    }
}

std::string_view ByteStream::received_instead() const noexcept {
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

// --- time ---

Instant ByteStream::deadline() const noexcept {
    if (!begun_ || cancelled_) {
        return never;
    }
    return slot_.valid() ? trouble_.deadline() : slot_retry_at_;
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
