#include "rendition/rendition_source.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "frame/slot.hpp"
#include "rendition/made_frame.hpp"
#include "source/publish_frame.hpp"

namespace ringcast::rendition {

RenditionSource::RenditionSource(stream::Stream& original, const stream::RenditionSpec& spec,
                                 const io::Engine& engine)
    : original_(original), spec_(spec), engine_(engine), totals_(original.totals_of(spec.name)) {}

// --- FrameSource ---

void RenditionSource::start(source::FrameSink& sink, io::StreamId /*stream*/) noexcept {
    sink_ = &sink;
    original_.add_follower(*this);
    on_signal();
}

void RenditionSource::set_watched(bool watched) noexcept {
    RINGCAST_ASSERT(watched != watched_);
    watched_ = watched;
    waiting_ = false;
    original_.set_follower_watching(watched);
    watched ? on_signal() : sink_->pause();
}

void RenditionSource::stop() noexcept {
    stopping_ = true;
    if (watched_) {
        watched_ = false;
        original_.set_follower_watching(false);
    }
    if (!working_.valid()) {
        leave();
    }
}

void RenditionSource::leave() noexcept {
    if (stream::FollowerList::linked(*this)) {
        stream::FollowerList::remove(*this);
    }
}

// --- Follower ---

void RenditionSource::on_frame() noexcept {
    // The newest one is taken.
    totals_.missed += watched_ && std::exchange(waiting_, true) ? 1U : 0U;
}

void RenditionSource::on_signal() noexcept {
    if (stopping_) {
        return;
    }
    const stream::Signal& signal = original_.signal();
    switch (signal.state()) {
    case stream::StreamState::lost:
        return signal.starting() ? sink_->signal_awaited(signal.reason())
                                 : sink_->signal_lost(signal.reason());
    case stream::StreamState::paused:
        return sink_->pause();
    case stream::StreamState::starting:
    case stream::StreamState::live:
        return;
    }
}

// --- the workers ---

bool RenditionSource::ready() const noexcept {
    const frame::FrameLease& latest = original_.latest();
    return watched_ && !stopping_ && !refused_ && !working_.valid() && latest.valid() &&
           !latest.info().placeholder && latest.sequence() > taken_ &&
           original_.signal().fresh(engine_.now()) && latest.info().captured_at >= due_;
}

std::optional<source::PictureTask> RenditionSource::begin(std::uint64_t ticket) noexcept {
    RINGCAST_ASSERT(ready());
    taken_ = original_.latest().sequence();
    waiting_ = false;
    slot_ = sink_->take_slot();
    if (!slot_.valid()) {
        ++totals_.without_slot;
        return std::nullopt;
    }
    working_ = original_.latest().share();
    const Instant captured_at = working_.info().captured_at;
    // A frame that comes a little early is nearer to its time than the next one.
    due_ = std::max(due_ + spec_.period_min, captured_at + spec_.period_min / 2);
    source::PictureTask task;
    task.ticket = ticket;
    task.jpeg = working_.jpeg_span();
    task.target = spec_.target;
    task.into = frame::SlotGeometry::frame_part(slot_.payload());
    raw_ = original_.source().lend_raw(captured_at);
    if (raw_.valid()) {
        task.raw = raw_.picture();
        task.dmabufs = raw_.dmabufs;
        task.target.turn = raw_.turn;
        task.overlay = raw_.overlay;
        task.captured = working_.info().captured;
    }
    return task;
}

void RenditionSource::give_back() noexcept {
    ++totals_.failed;
    slot_.reset();
    working_.release();
    raw_.release();
}

void RenditionSource::abandon() noexcept {
    slot_.reset();
    working_.release();
    raw_.release();
    if (stopping_) {
        leave();
    }
}

void RenditionSource::finish(const source::PictureAnswer& answer) noexcept {
    RINGCAST_ASSERT(working_.valid());
    const frame::FrameLease original = std::move(working_);
    frame::WritableSlot slot = std::move(slot_);
    totals_.of_raw += raw_.valid() ? 1U : 0U;
    raw_.release();
    if (stopping_) {
        return leave();
    }
    totals_.work.add(answer.time);
    if (answer.failure) {
        return note_failure(*answer.failure, answer.reason);
    }
    if (!watched_) {
        return; // it has paused, and a frame would make it live again
    }
    frame::FrameInfo info = made_frame(slot, answer, original.info());
    info.sequence = original.sequence();
    ++totals_.made;
    source::publish_frame(*sink_, counters_, std::move(slot), info, false);
}

void RenditionSource::note_failure(source::PictureFailure failure,
                                   std::string_view reason) noexcept {
    switch (failure) {
    case source::PictureFailure::damaged:
        ++totals_.damaged;
        return;
    case source::PictureFailure::oversized:
        ++totals_.oversized;
        return;
    case source::PictureFailure::no_memory:
        ++totals_.failed;
        return;
    case source::PictureFailure::unsupported:
        refused_ = true;
        return sink_->signal_lost(reason);
    }
}

} // namespace ringcast::rendition
