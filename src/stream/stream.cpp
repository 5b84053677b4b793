#include "stream/stream.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::stream {

namespace {

/// A frame is sent to viewers with a rate limit that are due up to half a frame period after it,
/// because it is the nearest one to their time; so frames that jitter lower no rate. In streams of
/// less than ten frames per second that would be early.
constexpr Duration early_max = std::chrono::milliseconds(50);
constexpr Duration early(Duration period) noexcept {
    return std::min(period / 2, early_max);
}
/// A viewer whose time is between two frames waits for the second one, which is newer, and which
/// others are sent at the same time. When it is later than this, the viewer is sent the first one.
constexpr Duration next_frame_wait_max = std::chrono::milliseconds(300);
constexpr Duration next_frame_wait(Duration period) noexcept {
    return std::min(period + period / 2, next_frame_wait_max);
}
/// While slots are short, deferred viewers are served together once in so many periods.
constexpr int batch_periods = 8;

} // namespace

Stream::Stream(io::StreamId id, StreamSetup setup, io::Engine& engine,
               const StreamSettings& settings, source::PlaceholderPainter* painter,
               connection::StreamSends& sends)
    : id_(id), setup_(std::move(setup)), engine_(engine), settings_(settings), sends_(sends),
      signal_(settings, setup_.period_expected), placeholder_(painter, id),
      eviction_(*setup_.arena, settings.slots_reserve) {
    signal_.start(engine_.now());
}

void Stream::start() noexcept {
    RINGCAST_ASSERT(!started_);
    started_ = true;
    signal_.start(engine_.now());
    setup_.source->start(*this, id_);
}

void Stream::succeed(Stream& predecessor) noexcept {
    RINGCAST_ASSERT(!started_);
    RINGCAST_ASSERT(!predecessor.retiring_);
    sequence_ = predecessor.sequence_;
    numbered_ = predecessor.numbered_;
    statistics_.width = predecessor.statistics_.width; // of the "no signal" picture
    statistics_.height = predecessor.statistics_.height;
    snapshot_waiters_.take(predecessor.snapshot_waiters_);
    signal_awaited("reconfigured");
}

void Stream::retire() noexcept {
    if (!std::exchange(retiring_, true)) {
        if (started_) {
            setup_.source->stop();
        }
        latest_.release();
        placeholder_.cancel();
        snapshot_waiters_.note_change();
    }
}

bool Stream::gone() noexcept {
    return retiring_ && !watched() && sends_.in_flight.empty() && source_stopped() &&
           renditions_made_ == 0;
}

// --- FrameSink ---

frame::WritableSlot Stream::take_slot() noexcept {
    return setup_.arena->take_slot();
}

void Stream::publish(frame::WritableSlot slot, const frame::FrameInfo& info) noexcept {
    RINGCAST_ASSERT(!info.placeholder);
    if (retiring_ || (info.sequence != 0 && info.sequence <= sequence_)) {
        return; // it is older than a "no signal" picture; the slot becomes free again
    }
    const Instant now = engine_.now();
    const StreamState before = signal_.on_frame(now);
    if (before != StreamState::live) {
        placeholder_.cancel();
    }
    if (before == StreamState::lost && setup_.original == nullptr) {
        log_stream(LogLevel::info, setup_.name, "{}",
                   statistics_.frames == 0 ? "the first picture has arrived"
                                           : "the picture is back");
    }
    statistics_.add(info);
    statistics_.times.arrival.add(now - info.captured_at);
    make_latest(std::move(slot), info);
    release_deferred(now);
    for (Follower* follower = followers_.first(); follower != nullptr;
         follower = followers_.next(*follower)) {
        follower->on_frame();
    }
}

std::uint64_t Stream::next_sequence() noexcept {
    return setup_.original != nullptr ? setup_.original->next_sequence() : ++numbered_;
}

void Stream::make_latest(frame::WritableSlot slot, frame::FrameInfo info) noexcept {
    sequence_ = info.sequence != 0 ? info.sequence : next_sequence();
    info.ordinal = ++ordinal_;
    info.rendition = setup_.rendition;
    latest_ = setup_.arena->seal(std::move(slot), info, sequence_);
    snapshot_waiters_.note_change();
    // The viewers that were served first are served last in the next round: a batch moves to the
    // end.
    for (std::uint32_t i = 0; i < settings_.submit_batch && !up_to_date_.empty(); ++i) {
        up_to_date_.push_back(up_to_date_.pop_front());
    }
    ready_.append(up_to_date_);
    rate_limited_.release(engine_.now() + early(signal_.period()), ready_);
}

void Stream::signal_lost(std::string_view reason) noexcept {
    signal_.note_source_paused();
    lose_signal(reason);
}

void Stream::signal_awaited(std::string_view reason) noexcept {
    signal_.note_source_started();
    lose_signal(reason);
}

void Stream::pause() noexcept {
    if (retiring_) {
        return;
    }
    signal_.pause(engine_.now());
    placeholder_.cancel();
    return_camera_slot();
    tell_signal();
}

/// The newest frame is old, and the camera may be waiting for its buffer. Viewers that are being
/// sent the frame have shares of their own.
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
    const StreamState before = signal_.state();
    if (retiring_ || !signal_.lose(reason)) {
        return;
    }
    if (before == StreamState::live) {
        statistics_.losses.add(signal_.reason());
    }
    if (setup_.original == nullptr) {
        // Every program and pipe begins without a picture, so that is no warning.
        log_stream(before == StreamState::starting ? LogLevel::info : LogLevel::warning,
                   setup_.name, "no signal: {}", reason);
    }
    snapshot_waiters_.note_change();
    return_camera_slot();
    placeholder_.request(setup_.name, signal_.reason(), statistics_.width, statistics_.height);
    tell_signal();
}

// --- viewers ---

bool Stream::has_fresh_frame() const noexcept {
    if (!latest_.valid()) {
        return false;
    }
    const Instant now = engine_.now();
    return signal_.fresh(now) ||
           (signal_.state() == StreamState::lost && latest_.info().placeholder &&
            now - latest_.info().captured_at <= settings_.placeholder_period);
}

void Stream::add_idle(connection::Connection& viewer) noexcept {
    viewer.frames().pacing().note_idle_from(ordinal_);
    const bool newcomer = viewer.frames().last_sequence() == 0;
    if (newcomer && !has_fresh_frame()) {
        up_to_date_.push_back(viewer); // the newest frame is old: the next one is its first
    } else if (!rate_limited_.released(viewer.frames().pacing().due())) {
        rate_limited_.add(viewer);
    } else {
        ready_.push_back(viewer);
    }
}

void Stream::tell_watched() noexcept {
    if (!started_ || retiring_ || told_watched_ == watched()) {
        return;
    }
    told_watched_ = watched();
    signal_.set_watched(told_watched_, engine_.now());
    setup_.source->set_watched(told_watched_);
}

std::uint32_t Stream::fan_out(connection::ConnectionContext& context, AdaptiveSends& adaptive,
                              std::uint32_t sends_max) noexcept {
    const bool slots_short = eviction_.slots_short(); // starting sends changes nothing about it
    std::uint32_t started = 0;
    while (started < sends_max && !ready_.empty()) {
        connection::Connection& viewer = ready_.front();
        connection::FrameSender& frames = viewer.frames();
        if (!latest_.valid() || frames.last_sequence() >= latest_.sequence()) {
            up_to_date_.push_back(ready_.pop_front());
        } else if (!rate_limited_.released(frames.pacing().due())) {
            rate_limited_.add(ready_.pop_front());
        } else if (frames.slow() && slots_short && latest_.sequence() != batch_sequence_) {
            frames.pacing().note_deferred();
            deferred_.push_back(ready_.pop_front());
        } else if (frames.adaptation() == nullptr) {
            viewer.send_part(context, latest_, slots_short);
            ++started;
        } else {
            switch (adaptive.offer(*this, viewer)) {
            case AdaptiveSends::Offered::sent:
                ++started;
                break;
            case AdaptiveSends::Offered::moved:
                break;
            case AdaptiveSends::Offered::held:
                up_to_date_.push_back(ready_.pop_front());
                break;
            }
        }
    }
    return started;
}

void Stream::note_sent(connection::Connection& viewer, Instant started,
                       Instant captured_at) noexcept {
    const Instant now = engine_.now();
    const Duration period = signal_.period();
    statistics_.times.latency.add(now - captured_at);
    statistics_.times.send.add(now - started);
    const bool slow = period > Duration::zero() && now - started > period;
    if (slow && !viewer.frames().slow() && !viewer.endpoint().tcp()) {
        // What waits to be read grows old. Not for all viewers: sending in small pieces costs time.
        engine_.shorten_queue(viewer.endpoint().socket);
    }
    viewer.frames().set_slow(slow);
}

void Stream::release_deferred(Instant now) noexcept {
    if (deferred_.empty()) {
        return;
    }
    if (eviction_.slots_short()) {
        if (now < next_batch_) {
            return;
        }
        next_batch_ = now + batch_periods * signal_.period();
        batch_sequence_ = sequence_;
    }
    ready_.append(deferred_);
}

Instant Stream::rate_deadline() const noexcept {
    const Instant due = rate_limited_.next_due();
    return due == never
               ? never
               : std::max(due, signal_.last_frame_at() + next_frame_wait(signal_.period()));
}

void Stream::choose_evictions(connection::ConnectionContext& context,
                              connection::ConnectionSlab& connections,
                              std::vector<connection::ConnectionId>& evictions) noexcept {
    eviction_.choose(context, connections, sends_.in_flight, sequence_, signal_.period(),
                     evictions);
}

// --- time ---

void Stream::on_deadline(Instant now) noexcept {
    if (source_deadline() <= now) {
        setup_.source->on_deadline(now);
    }
    if (retiring_) {
        return;
    }
    if (now >= rate_deadline()) {
        rate_limited_.release(now, ready_);
    }
    if (const std::string_view reason = signal_.overdue(now); !reason.empty()) {
        lose_signal(reason);
    }
    if (watched() && now >= placeholder_.due()) {
        publish_placeholder();
    }
    if (!deferred_.empty() && now >= next_batch_) {
        release_deferred(now);
    }
}

Instant Stream::deadline() const noexcept {
    if (retiring_) {
        return source_deadline();
    }
    Instant earliest = std::min(
        {rate_deadline(), source_deadline(), signal_.deadline(), snapshot_waiters_.deadline()});
    if (watched()) {
        earliest = std::min(earliest, placeholder_.due());
    }
    return deferred_.empty() ? earliest : std::min(earliest, next_batch_);
}

void Stream::on_picture() noexcept {
    if (!retiring_ && signal_.state() == StreamState::lost) {
        placeholder_.on_painted(setup_.name, signal_.reason(),
                                setup_.arena->geometry().frame_bytes_max, engine_.now());
    }
}

void Stream::publish_placeholder() noexcept {
    const Instant now = engine_.now();
    frame::WritableSlot slot =
        placeholder_.copy_into(*setup_.arena, now, settings_.placeholder_period);
    if (slot.valid()) {
        frame::FrameInfo info = placeholder_.info(slot, now, engine_.wall_now());
        info.reason = signal_.reason();
        make_latest(std::move(slot), info);
    }
}

// --- renditions ---

std::vector<RenditionSpec> Stream::set_renditions(std::vector<RenditionSpec> renditions,
                                                  Adapting adapting) noexcept {
    setup_.adapting = adapting;
    return std::exchange(setup_.renditions, std::move(renditions));
}

void Stream::set_follower_watching(bool watching) noexcept {
    RINGCAST_ASSERT(watching || followers_watching_ > 0);
    followers_watching_ += watching ? 1U : -1U;
    tell_watched();
}

RenditionTotals& Stream::totals_of(std::string_view rendition) {
    const auto found = std::ranges::find(rendition_totals_, rendition, &RenditionTotals::name);
    if (found != rendition_totals_.end()) {
        return *found;
    }
    RenditionTotals& totals = rendition_totals_.emplace_back();
    totals.name = rendition;
    return totals;
}

void Stream::tell_signal() noexcept {
    for (Follower* follower = followers_.first(); follower != nullptr;
         follower = followers_.next(*follower)) {
        follower->on_signal();
    }
}

// --- status ---

StreamStatus Stream::status() const {
    StreamStatus status;
    status.name = setup_.name;
    status.source = setup_.source->kind();
    status.state = signal_.state();
    status.reason = signal_.reason();
    status.width = statistics_.width;
    status.height = statistics_.height;
    status.frame_bytes_last = statistics_.bytes_last;
    status.frame_bytes_mean = statistics_.bytes_mean();
    if (signal_.state() == StreamState::live) {
        status.frame_age = engine_.now() - signal_.last_frame_at();
        if (signal_.period() > Duration::zero()) {
            status.fps = 1.0 / std::chrono::duration<double>(signal_.period()).count();
        }
    }
    status.source_counters = setup_.source->counters();
    status.camera = setup_.source->camera();
    status.upstream = setup_.source->upstream();
    status.picture = setup_.source->picture();
    status.slots_total = setup_.arena->geometry().slot_count;
    status.slots_free = setup_.arena->free_count();
    status.registered = setup_.arena->registered();
    status.tier_reason = setup_.tier_reason;
    status.viewers = sends_.viewers;
    status.sends = sends_.counters;
    status.viewers_zero_copy = std::min(sends_.viewers_zero_copy, sends_.viewers);
    status.times = statistics_.times;
    status.losses = statistics_.losses.all();
    for (const RenditionTotals& totals : rendition_totals_) {
        status.renditions.push_back({.totals = totals});
    }
    return status;
}

} // namespace ringcast::stream
