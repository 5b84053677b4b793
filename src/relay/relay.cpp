#include "relay/relay.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::relay {

namespace {

/// Completions handled per turn: so many that a fan-out's answers fit, and few enough that new
/// frames are seen soon.
constexpr std::size_t completions_per_turn = 1024;
/// Victims of one turn; those beyond it are found in the next.
constexpr std::size_t evictions_per_turn = 256;

bool resources_exhausted(std::int32_t error) noexcept {
    return error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS;
}

/// What peers and networks do all the time. Anything else ends its connection just the same, and is
/// counted, because somebody should look.
bool expected_of_peers(std::int32_t result) noexcept {
    switch (-result) {
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
    case ECANCELED:
    case ENOTCONN:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENOBUFS:
    case ENOMEM:
    case EOPNOTSUPP:
        return true;
    default:
        return result >= 0;
    }
}

/// Errors of one connection that left before it was accepted: the listener is well.
bool peer_gone_before_accept(std::int32_t error) noexcept {
    return error == -ECONNABORTED || error == -EINTR || error == -EAGAIN || error == -EPROTO;
}

std::uint32_t connection_slots(const RelaySettings& settings) noexcept {
    return settings.viewers_max + settings.connections_extra;
}

/// Each connection: as many zero-copy sends as it may pin, and one by copy at the cap.
std::uint32_t send_slots(const RelaySettings& settings) noexcept {
    return connection_slots(settings) * (settings.viewer.pinned_per_viewer_max + 1);
}

} // namespace

Relay::Relay(io::Engine& engine, RelaySettings settings, std::vector<stream::StreamSetup> streams,
             std::uint32_t default_stream, std::span<const int> listeners,
             source::PlaceholderPainter* painter)
    : engine_(engine), settings_(std::move(settings)), painter_(painter),
      default_stream_(default_stream), viewers_(connection_slots(settings_)),
      sends_(send_slots(settings_)), stream_sends_(streams.size()),
      context_{engine_, sends_, stream_sends_, settings_.viewer},
      completions_(completions_per_turn) {
    RINGCAST_ASSERT(default_stream < streams.size());
    for (stream::StreamSetup& setup : streams) {
        RINGCAST_ASSERT(setup.arena != nullptr);
        RINGCAST_ASSERT(setup.source != nullptr);
        stream_names_.push_back(setup.name);
        const auto index = static_cast<std::uint32_t>(streams_.size());
        streams_.push_back(std::make_unique<stream::Stream>(index, std::move(setup), engine_,
                                                            settings_.stream, painter_));
    }
    for (const int socket : listeners) {
        listeners_.push_back({.socket = socket});
    }
    evictions_.reserve(evictions_per_turn);
}

Relay::~Relay() = default;

void Relay::start() noexcept {
    started_ = engine_.now();
    for (const auto& stream : streams_) {
        stream->start();
    }
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        arm(i);
    }
}

// --- one turn ---

void Relay::turn(Instant wake_by) noexcept {
    fan_out();
    // While connections are being set up nobody gains from gathering: each answer begins the next
    // step of somebody's first frame.
    const std::size_t expected =
        handshaking_count_ > 0 ? 1 : std::max<std::size_t>(answers_expected_, 1);
    const Instant wake_at =
        fan_out_pending() || snapshots_pending_ ? Instant{} : std::min(wake_by, next_deadline());
    const std::size_t count = engine_.submit_and_reap(completions_, wake_at, expected);
    for (std::size_t i = 0; i < count; ++i) {
        dispatch(completions_[i]);
    }
    on_deadlines();
    for (const auto& stream : streams_) {
        evict_for_memory(*stream);
        stream->tell_watched();
    }
    answer_snapshot_waiters();
}

void Relay::fan_out() noexcept {
    const std::uint64_t frames = frames_published();
    if (std::exchange(frames_seen_, frames) != frames) {
        answers_expected_ =
            0; // who has not taken the frame before by now is not likely to answer soon
    }
    std::uint32_t budget = settings_.stream.submit_batch;
    const auto count = static_cast<std::uint32_t>(streams_.size());
    RINGCAST_ASSERT(count > 0);
    for (std::uint32_t i = 0; i < count && budget > 0; ++i) {
        const std::uint32_t started =
            streams_[(next_stream_ + i) % count]->fan_out(context_, budget);
        answers_expected_ += started;
        budget -= started;
    }
    next_stream_ = (next_stream_ + 1) % count;
}

std::uint64_t Relay::frames_published() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& stream : streams_) {
        sum += stream->sequence();
    }
    return sum;
}

bool Relay::fan_out_pending() const noexcept {
    return std::any_of(streams_.begin(), streams_.end(),
                       [](const auto& stream) { return stream->fan_out_pending(); });
}

void Relay::dispatch(const io::Completion& completion) noexcept {
    switch (completion.token.kind) {
    case io::OpKind::none:
        return; // a cancel, or the close of a connection that was never admitted
    case io::OpKind::accept:
        return on_accept(completion);
    case io::OpKind::receive:
    case io::OpKind::reply:
    case io::OpKind::hangup:
    case io::OpKind::abort:
    case io::OpKind::shutdown:
    case io::OpKind::close:
        return on_viewer_completion(completion);
    case io::OpKind::frame_send:
        return on_send(completion);
    case io::OpKind::source:
        return on_source(completion);
    case io::OpKind::control:
        if (control_handler_) {
            control_handler_(completion);
        }
        return;
    }
    count_late(completion);
}

void Relay::count_late(const io::Completion& completion) noexcept {
    // Every operation is joined before its slot is freed, so this is a bug; yet nothing follows a
    // stale token, and the process goes on.
    if (counters_.late_completions++ == 0) {
        log(LogLevel::error, "a completion came for something that is gone (kind {}, slot {})",
            static_cast<int>(completion.token.kind), completion.token.slot);
    }
}

void Relay::note_error(const io::Completion& completion,
                       connection::ConnectionState state) noexcept {
    // While a connection is being aborted its operations answer all kinds of things.
    if (state == connection::ConnectionState::aborting || completion.notification ||
        expected_of_peers(completion.result)) {
        return;
    }
    if (counters_.unexpected_errors++ == 0) {
        log(LogLevel::warning, "a connection was ended by an unexpected error ({}, operation {})",
            -completion.result, static_cast<int>(completion.token.kind));
    }
}

void Relay::on_viewer_completion(const io::Completion& completion) noexcept {
    const connection::ConnectionId id{completion.token.slot, completion.token.generation};
    connection::Connection* viewer = viewers_.find(id);
    if (viewer == nullptr) {
        return count_late(completion);
    }
    note_error(completion, viewer->state());
    switch (completion.token.kind) {
    case io::OpKind::receive:
        return on_event(*viewer, viewer->on_receive(context_, completion.result));
    case io::OpKind::reply: {
        const bool was_handshaking = viewer->handshaking();
        const connection::ConnectionEvent event = viewer->on_reply(context_, completion.result);
        handshaking_count_ -= was_handshaking && !viewer->handshaking() ? 1U : 0U;
        return on_event(*viewer, event);
    }
    case io::OpKind::hangup:
        return viewer->on_hangup(context_);
    case io::OpKind::abort:
    case io::OpKind::shutdown:
        return viewer->on_ended(context_);
    case io::OpKind::close:
        return on_event(*viewer, viewer->on_close());
    case io::OpKind::none:
    case io::OpKind::accept:
    case io::OpKind::frame_send:
    case io::OpKind::source:
    case io::OpKind::control:
        break;
    }
    RINGCAST_ASSERT(false);
}

void Relay::on_send(const io::Completion& completion) noexcept {
    const connection::SendId id{completion.token.slot, completion.token.generation};
    const connection::FrameSend* send = sends_.find(id);
    if (send == nullptr) {
        return count_late(completion);
    }
    connection::Connection& viewer = viewers_.get(send->viewer);
    answers_expected_ -= answers_expected_ > 0 ? 1U : 0U;
    answers_expected_ += completion.more ? 1U : 0U; // its notification
    note_error(completion, viewer.state());
    const Instant started = send->started;
    const Instant captured_at = send->lease.info().captured_at;
    const connection::ConnectionEvent event = viewer.on_send(context_, id, completion);
    if (event == connection::ConnectionEvent::frame_done) {
        streams_[viewer.options().stream]->note_send_done(viewer, started, captured_at);
    }
    on_event(viewer, event);
}

void Relay::on_source(const io::Completion& completion) noexcept {
    if (io::source_token_operation(completion.token) == source::PlaceholderPainter::operation) {
        RINGCAST_ASSERT(painter_ != nullptr);
        painter_->on_completion(completion);
        for (const auto& stream : streams_) {
            stream->on_picture();
        }
        return;
    }
    const std::uint32_t stream = io::source_token_stream(completion.token);
    RINGCAST_ASSERT(stream < streams_.size());
    streams_[stream]->source().on_completion(completion);
}

void Relay::on_event(connection::Connection& viewer, connection::ConnectionEvent event) noexcept {
    switch (event) {
    case connection::ConnectionEvent::none:
        return;
    case connection::ConnectionEvent::request:
        return answer(viewer);
    case connection::ConnectionEvent::bad_request:
        return answer_bad_request(viewer);
    case connection::ConnectionEvent::streaming:
    case connection::ConnectionEvent::frame_done:
        if (phase_ == Phase::stopping) {
            return viewer.drain(context_);
        }
        return streams_[viewer.options().stream]->add_idle(viewer);
    case connection::ConnectionEvent::closed:
        if (viewer.streaming()) {
            RINGCAST_ASSERT(streaming_count_ > 0);
            --streaming_count_;
            streams_[viewer.options().stream]->viewer_left();
        }
        if (viewer.handshaking()) {
            RINGCAST_ASSERT(handshaking_count_ > 0);
            --handshaking_count_;
        }
        ++counters_.disconnects;
        viewers_.erase(viewer.id());
        return;
    }
}

// --- admission ---

void Relay::arm(std::uint32_t listener) noexcept {
    Listener& entry = listeners_[listener];
    RINGCAST_ASSERT(!entry.armed);
    entry.armed = true;
    entry.rearm_at = never;
    engine_.accept({io::OpKind::accept, listener, 1}, entry.socket);
}

void Relay::on_accept(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(completion.token.slot < listeners_.size());
    Listener& listener = listeners_[completion.token.slot];
    if (completion.result >= 0) {
        admit(completion.result);
    } else if (completion.result != -ECANCELED) {
        ++counters_.accept_errors;
    }
    if (completion.more) {
        return;
    }
    listener.armed = false;
    if (phase_ == Phase::stopping) {
        return;
    }
    if (completion.result >= 0 || peer_gone_before_accept(completion.result)) {
        return arm(completion.token.slot);
    }
    listener.rearm_at = engine_.now() + settings_.accept_pause;
    if (resources_exhausted(completion.result) && counters_.accept_pauses++ == 0) {
        log(LogLevel::warning, "new connections wait: the limit of open files or memory is reached "
                               "(raise LimitNOFILE= or "
                               "lower [viewers] max)");
    }
}

void Relay::admit(int socket) noexcept {
    if (viewers_.full() || phase_ == Phase::stopping) {
        ++counters_.connections_refused;
        engine_.close({}, socket);
        return;
    }
    ++counters_.connections_accepted;
    ++handshaking_count_;
    if (next_sweep_ == never) {
        next_sweep_ = engine_.now() + settings_.sweep_interval;
    }
    const connection::ConnectionId id = viewers_.insert();
    viewers_.get(id).open(context_, id, socket, engine_.describe_peer(socket));
    if (viewers_.free_count() < settings_.connections_extra / 4) {
        evict_silent(id);
    }
}

/// Whoever connects and says nothing must not keep others from asking for the status: the one whose
/// time is up first makes room before the table is full.
void Relay::evict_silent(connection::ConnectionId newcomer) noexcept {
    connection::Connection* silent = nullptr;
    viewers_.for_each([&](connection::ConnectionId id, connection::Connection& viewer) {
        if (viewer.state() == connection::ConnectionState::reading && id != newcomer &&
            (silent == nullptr || viewer.deadline() < silent->deadline())) {
            silent = &viewer;
        }
    });
    if (silent != nullptr) {
        ++counters_.evicted_silent;
        silent->abort(context_);
    }
}

// --- who yields ---

void Relay::evict_for_memory(stream::Stream& stream) noexcept {
    evictions_.clear();
    stream.choose_evictions(context_, viewers_, evictions_);
    for (const connection::ConnectionId id : evictions_) {
        connection::Connection& viewer = viewers_.get(id);
        if (viewer.state() == connection::ConnectionState::aborting) {
            continue; // it holds two of the frames that had to go
        }
        ++counters_.evicted_for_memory;
        if (eviction_reminder_.due(engine_.now())) {
            log(LogLevel::warning,
                "stream {}: viewers that read too slowly are disconnected, because frames in "
                "memory "
                "run short (raise [memory] slots to keep them longer)",
                stream.name());
        }
        viewer.abort(context_);
    }
}

} // namespace ringcast::relay
