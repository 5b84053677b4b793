#include "stream/stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::stream {

namespace {

/// A new interval weighs this much in the smoothed period.
constexpr int period_smoothing = 8;
/// While slots are short, held viewers are served together once in so many periods.
constexpr int batch_periods = 8;
/// Before a frame has told the size, pixels.
constexpr std::uint16_t placeholder_width = 640;
constexpr std::uint16_t placeholder_height = 360;
/// A quarter of the slots free: the low-water mark; always two above the reserve, because what a
/// source takes next and what is being sent must not touch it.
constexpr std::uint16_t low_water_divisor = 4;
/// A holder of an old frame without progress for so long is the first to yield.
constexpr Duration no_progress_min = std::chrono::milliseconds(250);
/// A viewer is asked no more often than this, however many frames it holds.
constexpr Duration sample_interval = std::chrono::milliseconds(50);

constexpr std::size_t none = static_cast<std::size_t>(-1);

} // namespace

Stream::Stream(std::uint32_t index, StreamSetup setup, io::Engine& engine,
               const StreamSettings& settings, source::PlaceholderPainter* painter)
    : index_(index), setup_(std::move(setup)), engine_(engine), settings_(settings),
      painter_(painter), holders_(setup_.arena->geometry().slot_count) {
    // Losing the signal is not the moment to allocate.
    constexpr std::size_t reason_bytes = 256;
    reason_.reserve(reason_bytes);
}

void Stream::start() noexcept {
    started_ = engine_.now();
    last_frame_at_ = started_;
    setup_.source->start(*this, index_);
}

// --- FrameSink ---

frame::WritableSlot Stream::take_slot() noexcept {
    return setup_.arena->take_slot();
}

void Stream::publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept {
    RINGCAST_ASSERT(!info.placeholder);
    if (closed_) {
        return; // the slot goes back
    }
    const Instant now = engine_.now();
    if (state_ != api::StreamState::live) {
        if (state_ == api::StreamState::lost) {
            log(LogLevel::info, "stream {}: {}", setup_.name,
                frames_published_ == 0 ? "the first picture has come" : "the picture is back");
        }
        state_ = api::StreamState::live;
        reason_.clear();
        next_placeholder_ = never;
    } else if (const Duration interval = now - last_frame_at_; period_ == Duration::zero()) {
        period_ = interval;
    } else {
        period_ += (interval - period_) / period_smoothing;
    }
    if (frames_published_ > 0 && !paused_by_source_) {
        note_interval(now - last_frame_at_);
    }
    paused_by_source_ = false;
    last_frame_at_ = now;
    width_ = info.width;
    height_ = info.height;
    frame_bytes_last_ = info.jpeg_bytes;
    frame_bytes_total_ += info.jpeg_bytes;
    ++frames_published_;
    make_latest(setup_.arena->seal(std::move(slot), info, ++sequence_));
    release_deferred(now);
}

void Stream::make_latest(frame::FrameLease frame) noexcept {
    latest_ = std::move(frame);
    // Who was served first is served later in the next round: a batch moves to the end.
    for (std::uint32_t i = 0; i < settings_.submit_batch && !up_to_date_.empty(); ++i) {
        up_to_date_.push_back(up_to_date_.pop_front());
    }
    ready_.append(up_to_date_);
}

void Stream::note_interval(Duration interval) noexcept {
    // Grows at once and shrinks slowly: a source that gives a frame in ten seconds is not lost.
    interval_max_ =
        std::max(interval, interval_max_ - (interval_max_ - interval) / period_smoothing);
}

void Stream::signal_lost(std::string_view reason) noexcept {
    paused_by_source_ = true;
    lose_signal(reason);
}

void Stream::pause() noexcept {
    if (closed_) {
        return;
    }
    paused_by_source_ = true;
    state_ = api::StreamState::paused;
    reason_.clear();
    next_placeholder_ = never;
    wanted_since_ = engine_.now();
    return_camera_slot();
}

/// What there is is old, and the camera may be waiting for its buffer. Viewers who are being sent
/// it have shares of their own.
void Stream::return_camera_slot() noexcept {
    if (latest_.valid() && !setup_.arena->owns(latest_.slot())) {
        latest_.release();
    }
}

void Stream::ended(std::string_view reason) noexcept {
    ended_ = true;
    signal_lost(reason);
}

void Stream::lose_signal(std::string_view reason) noexcept {
    if (closed_ || (state_ == api::StreamState::lost && reason_ == reason)) {
        return;
    }
    // To wait for the first picture is how every program and pipe begins.
    log(state_ == api::StreamState::starting ? LogLevel::info : LogLevel::warning,
        "stream {}: no signal: {}", setup_.name, reason);
    state_ = api::StreamState::lost;
    reason_.assign(reason.substr(0, reason_.capacity()));
    return_camera_slot();
    placeholder_width_ = width_ == 0 ? placeholder_width : width_;
    placeholder_height_ = height_ == 0 ? placeholder_height : height_;
    request_placeholder();
}

void Stream::shrink_placeholder() noexcept {
    placeholder_width_ = std::max<std::uint16_t>(placeholder_width_ / 2, 1);
    placeholder_height_ = std::max<std::uint16_t>(placeholder_height_ / 2, 1);
}

void Stream::request_placeholder() noexcept {
    next_placeholder_ = never; // until it is painted
    if (painter_ != nullptr) {
        painter_->request(index_, setup_.name, reason_, placeholder_width_, placeholder_height_);
    }
}

// --- viewers ---

bool Stream::has_fresh_frame() const noexcept {
    if (!latest_.valid()) {
        return false;
    }
    const Instant now = engine_.now();
    if (state_ == api::StreamState::live) {
        return now - last_frame_at_ <= silence_bound();
    }
    return state_ == api::StreamState::lost && latest_.info().placeholder &&
           now - latest_.info().captured_at <= settings_.placeholder_period;
}

void Stream::add_idle(connection::Connection& viewer) noexcept {
    viewer.note_idle_from(sequence_);
    const bool newcomer = viewer.last_sequence() == 0;
    if (newcomer && !has_fresh_frame()) {
        up_to_date_.push_back(viewer); // what there is is old: the next frame is its first
    } else {
        ready_.push_back(viewer);
    }
}

void Stream::viewer_left() noexcept {
    RINGCAST_ASSERT(viewers_ > 0);
    --viewers_;
}

void Stream::tell_watched() noexcept {
    if (closed_ || told_watched_ == watched()) {
        return;
    }
    told_watched_ = watched();
    wanted_since_ = engine_.now();
    setup_.source->set_watched(told_watched_);
}

std::uint32_t Stream::fan_out(connection::ConnectionContext& context,
                              std::uint32_t sends_max) noexcept {
    const Instant now = engine_.now();
    std::uint32_t started = 0;
    while (started < sends_max && !ready_.empty()) {
        connection::Connection& viewer = ready_.front();
        if (!latest_.valid() || viewer.last_sequence() >= latest_.sequence()) {
            up_to_date_.push_back(ready_.pop_front());
        } else if (!viewer.is_due(now)) {
            next_due_ = std::min(next_due_, viewer.due());
            rate_limited_.push_back(ready_.pop_front());
        } else if (viewer.slow() && slots_short() && latest_.sequence() != batch_sequence_) {
            viewer.note_deferred();
            deferred_.push_back(ready_.pop_front());
        } else {
            viewer.start_send(context, latest_, slots_short());
            ++started;
        }
    }
    return started;
}

void Stream::note_send_done(connection::Connection& viewer, Instant started,
                            Instant captured_at) noexcept {
    const Instant now = engine_.now();
    latency_.add(now - captured_at);
    viewer.judge_slow(period_ > Duration::zero() && now - started > period_);
}

void Stream::release_deferred(Instant now) noexcept {
    if (deferred_.empty()) {
        return;
    }
    if (slots_short()) {
        if (now < next_batch_) {
            return;
        }
        next_batch_ = now + batch_periods * period_;
        batch_sequence_ = sequence_;
    }
    ready_.append(deferred_);
}

void Stream::wake_due(Instant now) noexcept {
    if (now < next_due_) {
        return;
    }
    next_due_ = never;
    connection::Connection* viewer = rate_limited_.first();
    while (viewer != nullptr) {
        connection::Connection* next = rate_limited_.next(*viewer);
        if (viewer->is_due(now)) {
            ConnectionList::remove(*viewer);
            ready_.push_back(*viewer);
        } else {
            next_due_ = std::min(next_due_, viewer->due());
        }
        viewer = next;
    }
}

// --- slots ---

bool Stream::slots_short() const noexcept {
    const auto slot_count = setup_.arena->geometry().slot_count;
    const auto low_water = std::max<std::uint16_t>(
        slot_count / low_water_divisor, static_cast<std::uint16_t>(settings_.slots_reserve + 2));
    return setup_.arena->free_count() <= low_water;
}

bool Stream::slots_halved() const noexcept {
    return setup_.arena->free_count() <= setup_.arena->geometry().slot_count / 2;
}

void Stream::count_holders(connection::ConnectionContext& context,
                           connection::ConnectionSlab& viewers) noexcept {
    connection::InFlightList& in_flight = context.streams[index_].in_flight;
    const Instant now = engine_.now();
    std::fill(holders_.begin(), holders_.end(), Holders{});
    for (connection::FrameSend* send = in_flight.first(); send != nullptr;
         send = in_flight.next(*send)) {
        if (!setup_.arena->owns(send->lease.slot())) {
            continue; // a camera's buffer: no slot would be free for it
        }
        connection::Connection& viewer = viewers.get(send->viewer);
        Holders& holders = holders_[send->lease.slot().value];
        holders.sequence = send->lease.sequence();
        ++holders.count;
        if (viewer.state() == connection::ConnectionState::aborting) {
            ++holders.ending;
            continue;
        }
        if (now - viewer.last_progress() > no_progress_min &&
            now - viewer.sampled_at() > sample_interval) {
            viewer.sample_progress(context);
        }
        holders.stuck += viewer.stuck(now - std::max(no_progress_min, 2 * period_)) ? 1U : 0U;
        holders.progressing += viewer.progressing() ? 1U : 0U;
    }
}

std::size_t Stream::find_eviction_slot() const noexcept {
    std::size_t chosen = none;
    for (std::size_t i = 0; i < holders_.size(); ++i) {
        const Holders& holders = holders_[i];
        if (holders.count == holders.ending || holders.sequence == sequence_) {
            continue; // nobody can be made to yield, or it is the newest
        }
        if (chosen == none || holders.rank() > holders_[chosen].rank() ||
            (holders.rank() == holders_[chosen].rank() &&
             holders.sequence < holders_[chosen].sequence)) {
            chosen = i;
        }
    }
    return chosen;
}

void Stream::choose_evictions(connection::ConnectionContext& context,
                              connection::ConnectionSlab& viewers,
                              std::vector<connection::ConnectionId>& evictions) noexcept {
    std::size_t available = setup_.arena->free_count();
    if (available > settings_.slots_reserve) {
        return;
    }
    count_holders(context, viewers);
    for (const Holders& holders : holders_) {
        // On its way back already.
        available += holders.count > 0 && holders.count == holders.ending ? 1U : 0U;
    }
    connection::InFlightList& in_flight = context.streams[index_].in_flight;
    while (available <= settings_.slots_reserve) {
        const std::size_t slot = find_eviction_slot();
        if (slot == none) {
            return; // the rest is held by the source and the newest frame
        }
        for (connection::FrameSend* send = in_flight.first(); send != nullptr;
             send = in_flight.next(*send)) {
            const connection::Connection& viewer = viewers.get(send->viewer);
            if (send->lease.slot().value == slot &&
                viewer.state() != connection::ConnectionState::aborting &&
                evictions.size() < evictions.capacity()) {
                evictions.push_back(send->viewer);
            }
        }
        holders_[slot].ending = holders_[slot].count;
        ++available;
    }
}

// --- time ---

Duration Stream::silence_bound() const noexcept {
    return std::max(settings_.silence_max, 4 * interval_max_);
}

Instant Stream::silence_deadline() const noexcept {
    switch (state_) {
    case api::StreamState::live:
        return last_frame_at_ + silence_bound();
    case api::StreamState::paused:
        return told_watched_ ? wanted_since_ + silence_bound() : never;
    case api::StreamState::starting:
    case api::StreamState::lost:
        return never;
    }
    return never;
}

void Stream::on_deadline(Instant now) noexcept {
    if (setup_.source->deadline() <= now) {
        setup_.source->on_deadline(now);
    }
    if (closed_) {
        return;
    }
    wake_due(now);
    if (state_ == api::StreamState::starting && now >= started_ + settings_.first_frame_wait) {
        lose_signal("no picture has come yet");
    } else if (now >= silence_deadline()) {
        lose_signal("no picture for a while");
    }
    if (state_ == api::StreamState::lost && watched() && now >= next_placeholder_) {
        publish_placeholder();
    }
    if (!deferred_.empty() && now >= next_batch_) {
        release_deferred(now);
    }
}

Instant Stream::deadline() const noexcept {
    if (closed_) {
        return setup_.source->deadline();
    }
    Instant earliest = std::min({next_due_, setup_.source->deadline(), silence_deadline()});
    if (state_ == api::StreamState::starting) {
        earliest = std::min(earliest, started_ + settings_.first_frame_wait);
    } else if (state_ == api::StreamState::lost && watched()) {
        earliest = std::min(earliest, next_placeholder_);
    }
    return deferred_.empty() ? earliest : std::min(earliest, next_batch_);
}

void Stream::on_picture() noexcept {
    if (closed_ || state_ != api::StreamState::lost) {
        return;
    }
    const std::size_t bytes = painter_->picture(index_).size();
    if (bytes > setup_.arena->geometry().frame_bytes_max && placeholder_width_ > 1) {
        shrink_placeholder();
        request_placeholder();
    } else if (bytes > 0) {
        next_placeholder_ = engine_.now();
    }
}

void Stream::publish_placeholder() noexcept {
    const Instant now = engine_.now();
    next_placeholder_ = now + settings_.placeholder_period;
    const ConstByteSpan picture = painter_->picture(index_);
    frame::WritableSlot slot = setup_.arena->take_slot();
    if (!slot.valid() || picture.empty() ||
        picture.size() > setup_.arena->geometry().frame_bytes_max) {
        return; // all slots are on their way: next time
    }
    // The one copy of a frame that the loop makes: once a second, and only without signal.
    std::memcpy(slot.payload().data(), picture.data(), picture.size());
    frame::FrameInfo info;
    info.jpeg_offset = slot.payload_offset();
    info.jpeg_bytes = picture.size();
    info.width = placeholder_width_;
    info.height = placeholder_height_;
    info.captured = engine_.wall_now();
    info.captured_at = now;
    info.placeholder = true;
    make_latest(setup_.arena->seal(std::move(slot), info, ++sequence_));
}

void Stream::close() noexcept {
    closed_ = true;
    latest_.release();
    next_placeholder_ = never;
}

// --- what is known ---

api::StreamStatus Stream::status() const {
    api::StreamStatus status;
    status.name = setup_.name;
    status.source = setup_.source->kind();
    status.state = state_;
    status.reason = reason_;
    status.width = width_;
    status.height = height_;
    if (state_ == api::StreamState::live && period_ > Duration::zero()) {
        status.fps = 1.0 / std::chrono::duration<double>(period_).count();
    }
    status.frame_bytes_last = frame_bytes_last_;
    status.frame_bytes_mean = frames_published_ == 0 ? 0 : frame_bytes_total_ / frames_published_;
    if (state_ == api::StreamState::live) {
        status.frame_age = engine_.now() - last_frame_at_;
    }
    status.source_counters = setup_.source->counters();
    status.camera = setup_.source->camera();
    status.slots_total = setup_.arena->geometry().slot_count;
    status.slots_free = setup_.arena->free_count();
    status.registered = setup_.arena->registered();
    status.tier_reason = setup_.tier_reason;
    status.viewers = viewers_;
    status.latency = latency_;
    return status;
}

} // namespace ringcast::stream
