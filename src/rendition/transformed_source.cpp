#include "rendition/transformed_source.hpp"

#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "frame/slot.hpp"
#include "rendition/made_frame.hpp"

namespace ringcast::rendition {

namespace {

/// No source has so many operations, so the worker's completions are told from the original's.
constexpr std::uint8_t worker_operation = 255;
constexpr std::uint16_t only_run = 1;
/// Frames that are further apart are changed also while nobody watches.
constexpr Duration period_unwatched_min = std::chrono::seconds(1);

} // namespace

TransformedSource::TransformedSource(TransformedParts parts)
    : parts_(std::move(parts)), signal_(parts_.settings, parts_.period_expected) {
    RINGCAST_ASSERT(parts_.arena.geometry().slot_count >= slots_min);
    status_.turn = parts_.target.turn;
    status_.overlay = parts_.overlay.has_value();
}

// --- FrameSource ---

void TransformedSource::start(source::FrameSink& sink, io::StreamId stream) noexcept {
    sink_ = &sink;
    signal_.start(parts_.engine.now());
    token_ = io::source_token(stream, worker_operation, only_run);
    auto worker = parts_.make_worker(token_);
    if (!worker) {
        log(LogLevel::error, "{}", worker.error().message);
        return sink.signal_lost("no thread is available for changing its pictures");
    }
    worker_ = std::move(*worker);
    parts_.original.start(*this, stream);
}

void TransformedSource::on_completion(const io::Completion& completion) noexcept {
    if (!(completion.token == token_)) {
        return parts_.original.on_completion(completion);
    }
    worker_->on_completion(completion);
    while (const auto answer = worker_->next_answer()) {
        finish(*answer);
    }
    if (worker_->stopped()) { // a task that had not begun is not answered
        slot_.reset();
        working_.release();
    }
    begin_next();
}

void TransformedSource::set_watched(bool watched) noexcept {
    watched_ = watched;
    if (worker_ == nullptr) {
        return;
    }
    parts_.original.set_watched(watched);
    if (watched) {
        begin_next();
    } else {
        pause_unwatched();
    }
}

void TransformedSource::stop() noexcept {
    stopping_ = true;
    newest_.release();
    if (worker_ != nullptr) {
        parts_.original.stop();
        worker_->stop();
    }
}

bool TransformedSource::stopped() const noexcept {
    return stopping_ && (worker_ == nullptr || (parts_.original.stopped() && worker_->stopped()));
}

// --- FrameSink ---

void TransformedSource::publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept {
    if (stopping_) {
        return;
    }
    static_cast<void>(signal_.on_frame(parts_.engine.now()));
    newest_ = parts_.arena.seal(std::move(slot), info, ++sequence_);
    status_.missed += wanted() && !taken_ ? 1U : 0U;
    taken_ = false;
    pause_unwatched();
    begin_next();
}

void TransformedSource::signal_lost(std::string_view reason) noexcept {
    drop_frames();
    signal_.note_source_paused();
    static_cast<void>(signal_.lose(reason));
    sink_->signal_lost(reason);
}

void TransformedSource::signal_awaited(std::string_view reason) noexcept {
    drop_frames();
    signal_.note_source_started();
    static_cast<void>(signal_.lose(reason));
    sink_->signal_awaited(reason);
}

void TransformedSource::pause() noexcept {
    drop_frames();
    signal_.pause(parts_.engine.now());
    paused_ = true;
    sink_->pause();
}

void TransformedSource::ended(std::string_view reason) noexcept {
    drop_frames();
    static_cast<void>(signal_.lose(reason));
    sink_->ended(reason);
}

void TransformedSource::drop_frames() noexcept {
    newest_.release();
    taken_ = true;
    publishes_ = false;
    paused_ = false;
}

bool TransformedSource::wanted() const noexcept {
    return watched_ || signal_.period() >= period_unwatched_min;
}

/// The original goes on, but nothing is made of its frames. One without signal is not paused: its
/// operator sees the reason.
void TransformedSource::pause_unwatched() noexcept {
    if (!wanted() && !paused_ && signal_.state() == stream::StreamState::live) {
        publishes_ = false;
        paused_ = true;
        sink_->pause();
    }
}

// --- the worker ---

void TransformedSource::begin_next() noexcept {
    if (!wanted() || stopping_ || taken_ || working_.valid() || worker_->idle() == 0 ||
        !signal_.fresh(parts_.engine.now())) {
        return;
    }
    taken_ = true;
    slot_ = sink_->take_slot();
    if (!slot_.valid()) {
        ++status_.without_slot;
        return;
    }
    working_ = newest_.share();
    publishes_ = true;
    source::PictureTask task;
    task.ticket = sequence_;
    task.jpeg = working_.jpeg_span();
    task.target = parts_.target;
    task.overlay = parts_.overlay ? &*parts_.overlay : nullptr;
    task.captured = working_.info().captured;
    task.into = frame::SlotGeometry::frame_part(slot_.payload());
    if (!worker_->begin(task)) {
        ++status_.failed;
        slot_.reset();
        working_.release();
    }
}

void TransformedSource::finish(const source::PictureAnswer& answer) noexcept {
    RINGCAST_ASSERT(working_.valid());
    const frame::FrameLease original = std::move(working_);
    frame::WritableSlot slot = std::move(slot_);
    if (stopping_ || !std::exchange(publishes_, false)) {
        return;
    }
    status_.work.add(answer.time);
    if (answer.failure) {
        return note_failure(answer);
    }
    ++status_.made;
    status_.lossless += answer.lossless ? 1U : 0U;
    status_.how = answer.lossless ? "lossless" : "recompressed";
    paused_ = false;
    const frame::FrameInfo info = made_frame(slot, answer, original.info());
    sink_->publish(std::move(slot), info);
}

void TransformedSource::note_failure(const source::PictureAnswer& answer) noexcept {
    switch (*answer.failure) {
    case source::PictureFailure::damaged:
        ++status_.damaged;
        return;
    case source::PictureFailure::oversized:
        ++status_.oversized;
        return;
    case source::PictureFailure::no_memory:
        ++status_.failed;
        return;
    case source::PictureFailure::unsupported: // the next frame may be another kind of picture
        sink_->signal_lost(answer.reason);
        return;
    }
}

} // namespace ringcast::rendition
