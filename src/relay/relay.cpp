#include "relay/relay.hpp"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace ringcast::relay {

namespace {

/// Completions handled per turn: enough for those of a fan-out, and few enough that new frames are
/// noticed soon.
constexpr std::size_t completions_per_turn = 1024;
/// Evictions of one turn; further ones follow in the next.
constexpr std::size_t evictions_per_turn = 256;

/// Ordinary errors of peers and networks. Any other error ends its connection just the same, and is
/// counted, because an operator should look at it.
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

bool fan_out_pending(std::span<stream::Stream* const> streams) noexcept {
    return std::ranges::any_of(streams, &stream::Stream::fan_out_pending);
}

std::uint64_t frames_published(std::span<stream::Stream* const> streams) noexcept {
    std::uint64_t sum = 0;
    for (const stream::Stream* stream : streams) {
        sum += stream->frame_count();
    }
    return sum;
}

std::uint32_t connection_slots(const RelaySettings& settings) noexcept {
    return settings.viewers_max + settings.connections_extra + settings.accepts_max;
}

connection::RequestPlaces::Settings request_places(const RelaySettings& settings,
                                                   Instant now) noexcept {
    return {.connections_max = connection_slots(settings),
            .share = std::min(settings.requests_per_address, settings.connections_extra),
            .hash_seed = static_cast<std::uint64_t>(now.time_since_epoch().count())};
}

/// Each connection: as many zero-copy sends as it may pin, and one by copy at the cap.
std::uint32_t send_slots(const RelaySettings& settings) noexcept {
    return connection_slots(settings) * (settings.connection.pinned_per_viewer_max + 1);
}

void note_error(api::RelayCounters& counters, const io::Completion& completion,
                const connection::Connection& connection) noexcept {
    // The operations that an abort ends may do so with any error.
    const bool aborted = connection.aborting() && completion.token.kind != io::OpKind::abort;
    if (aborted || completion.notification || expected_of_peers(completion.result)) {
        return;
    }
    if (counters.unexpected_errors++ == 0) {
        log(LogLevel::warning, "a connection was ended by an unexpected error ({}, operation {})",
            -completion.result, static_cast<int>(completion.token.kind));
    }
}

} // namespace

Relay::Relay(io::Engine& engine, RelaySettings settings, std::vector<stream::StreamSetup> streams,
             std::size_t default_stream, std::span<const int> listeners,
             source::PlaceholderPainter* painter, PasswordChecker* checker, PictureMaking pictures)
    : engine_(engine), settings_(std::move(settings)), painter_(painter),
      connections_(connection_slots(settings_)), sends_(send_slots(settings_)),
      streams_(std::max(settings_.streams_max, static_cast<std::uint32_t>(streams.size())) +
               static_cast<std::uint32_t>(Renditions::count_max)),
      context_{engine_,
               sends_,
               streams_.sends(),
               settings_.connection,
               settings_.trusted_proxies,
               {},
               connection::RequestPlaces(request_places(settings_, engine_.now()))},
      router_(settings_, streams_, context_, checker),
      renditions_({engine_, streams_, settings_.stream, painter_, pictures}),
      events_(engine_, streams_, counters_, settings_.instance),
      acceptor_(engine_, listeners,
                {.pause = settings_.accept_pause, .accepts_max = settings_.accepts_max}, counters_),
      responder_({.settings = settings_,
                  .streams = streams_,
                  .context = context_,
                  .counters = counters_,
                  .client_log = client_log_,
                  .router = router_,
                  .renditions = renditions_,
                  .events = events_,
                  .status = [this](const api::ViewerPage& page) { return status(page); }}),
      completions_(completions_per_turn) {
    RINGCAST_ASSERT(default_stream < streams.size());
    RINGCAST_ASSERT(listeners.size() <= settings_.accepts_max);
    RINGCAST_ASSERT(settings_.listeners.empty() || settings_.listeners.size() == listeners.size());
    for (stream::StreamSetup& setup : streams) {
        streams_.add(std::move(setup), engine_, settings_.stream, painter_);
    }
    default_stream_ = streams_.all()[default_stream]->id();
    router_.set_default_stream(default_stream_);
    evictions_.reserve(evictions_per_turn);
}

Relay::~Relay() = default;

void Relay::start() noexcept {
    started_ = engine_.now();
    loop_hold_.begin(started_);
    events_.add({.kind = api::EventKind::server_started});
    for (stream::Stream* stream : streams_.all()) {
        stream->start();
    }
}

void Relay::set_control_handler(std::function<void(const io::Completion&)> handler) {
    control_handler_ = std::move(handler);
}

void Relay::set_status_hook(std::function<void(api::RelayCounters&)> hook) {
    status_hook_ = std::move(hook);
}

// --- one turn ---

void Relay::turn(Instant wake_by) noexcept {
    fan_out();
    acceptor_.accept_up_to(connections_.free_count());
    // During a handshake nothing is gathered: each completion is one step towards a first frame.
    const std::size_t expected = context_.counts.handshaking > 0
                                     ? 1
                                     : std::max<std::size_t>(fan_out_.completions_expected, 1);
    const Instant wake_at = fan_out_pending(streams_.all())
                                ? Instant{}
                                : std::min({wake_by, next_deadline(), responder_.deadline()});
    const std::size_t count = wait_for_completions(wake_at, expected);
    for (std::size_t i = 0; i < count; ++i) {
        dispatch(completions_[i]);
    }
    on_deadlines();
    starts_.start_due(streams_);
    for (stream::Stream* stream : streams_.all()) {
        evict_for_memory(*stream);
        stream->tell_watched();
    }
    events_.observe();
    responder_.answer_waiting();
    responder_.answer_snapshot_waiters();
    if (!stopping_) { // a stopping relay still asks the sources whether they have stopped
        streams_.erase_gone();
    }
    renditions_.step();
}

void Relay::fan_out() noexcept {
    const std::uint64_t frames = frames_published(streams_.all());
    if (std::exchange(fan_out_.frames_seen, frames) != frames) {
        // Viewers still busy with the previous frame are unlikely to complete soon.
        fan_out_.completions_expected = 0;
    }
    std::uint32_t budget = settings_.stream.submit_batch;
    const std::span<stream::Stream* const> streams = streams_.all();
    const auto count = static_cast<std::uint32_t>(streams.size());
    RINGCAST_ASSERT(count > 0);
    for (std::uint32_t i = 0; i < count && budget > 0; ++i) {
        const std::uint32_t started =
            streams[(fan_out_.next_stream + i) % count]->fan_out(context_, adaptive_, budget);
        fan_out_.completions_expected += started;
        budget -= started;
    }
    fan_out_.next_stream = (fan_out_.next_stream + 1) % count;
}

void Relay::dispatch(const io::Completion& completion) noexcept {
    switch (completion.token.kind) {
    case io::OpKind::none:
        return; // a cancel, or the close of a connection that was never admitted
    case io::OpKind::accept:
        if (const auto accepted = acceptor_.on_accept(completion)) {
            admit(*accepted);
        }
        return;
    case io::OpKind::receive:
    case io::OpKind::reply:
    case io::OpKind::hangup:
    case io::OpKind::abort:
    case io::OpKind::shutdown:
    case io::OpKind::close:
        return on_connection_completion(completion);
    case io::OpKind::frame_send:
        return on_frame_send(completion);
    case io::OpKind::source:
        return on_source(completion);
    case io::OpKind::painter:
        return on_painter(completion);
    case io::OpKind::pictures:
        return renditions_.on_completion(completion);
    case io::OpKind::password:
        return responder_.on_password_checked(completion);
    case io::OpKind::control:
        if (control_handler_) {
            control_handler_(completion);
        }
        return;
    }
    count_late(completion);
}

void Relay::count_late(const io::Completion& completion) noexcept {
    // Every operation is joined before its owner's slot is freed, so this is a bug. A stale token
    // is never followed, and the process goes on.
    if (counters_.late_completions++ == 0) {
        log(LogLevel::error,
            "a completion arrived for something that no longer exists (kind {}, slot {})",
            static_cast<int>(completion.token.kind), completion.token.slot);
    }
}

void Relay::on_connection_completion(const io::Completion& completion) noexcept {
    const connection::ConnectionId id{completion.token.slot, completion.token.generation};
    connection::Connection* connection = connections_.find(id);
    if (connection == nullptr) {
        return count_late(completion);
    }
    note_error(counters_, completion, *connection);
    switch (completion.token.kind) {
    case io::OpKind::receive:
        return on_event(*connection, connection->on_receive(context_, completion.result));
    case io::OpKind::reply:
        return on_event(*connection, connection->on_reply(context_, completion.result));
    case io::OpKind::hangup:
        return connection->on_hangup(context_, completion.result);
    case io::OpKind::abort:
    case io::OpKind::shutdown:
        return connection->on_ended(context_, completion.result);
    case io::OpKind::close:
        return on_event(*connection, connection->on_close(context_));
    case io::OpKind::none:
    case io::OpKind::accept:
    case io::OpKind::frame_send:
    case io::OpKind::source:
    case io::OpKind::painter:
    case io::OpKind::pictures:
    case io::OpKind::password:
    case io::OpKind::control:
        break;
    }
    RINGCAST_ASSERT(false);
}

void Relay::on_frame_send(const io::Completion& completion) noexcept {
    const connection::SendId id{completion.token.slot, completion.token.generation};
    connection::FrameSend* send = sends_.find(id);
    if (send == nullptr) {
        return count_late(completion);
    }
    connection::Connection& connection = connections_.get(send->connection);
    fan_out_.completions_expected -= fan_out_.completions_expected > 0 ? 1U : 0U;
    fan_out_.completions_expected += completion.more ? 1U : 0U; // its notification
    note_error(counters_, completion, connection);
    const Instant started = send->started;
    const Instant captured_at = send->lease.info().captured_at;
    stream::Stream& sent_by =
        streams_.get(send->stream); // the viewer may have moved to another one
    const std::uint64_t bytes = send->lease.standard_span().size(); // little more than in advance
    const connection::ConnectionEvent event =
        connection.on_frame_send(context_, id, *send, completion);
    if (event == connection::ConnectionEvent::frame_sent) {
        sent_by.note_sent(connection, started, captured_at);
        if (connection.frames().adaptation() != nullptr) {
            adaptive_.on_sent(connection, sent_by, bytes);
        }
    }
    on_event(connection, event);
}

void Relay::on_source(const io::Completion& completion) noexcept {
    stream::Stream* stream = streams_.find(io::source_token_stream(completion.token));
    if (stream == nullptr) {
        return count_late(completion);
    }
    stream->source().on_completion(completion);
}

void Relay::on_painter(const io::Completion& completion) noexcept {
    RINGCAST_ASSERT(painter_ != nullptr);
    painter_->on_completion(completion);
    for (stream::Stream* stream : streams_.all()) {
        stream->on_picture();
    }
}

void Relay::on_event(connection::Connection& connection,
                     connection::ConnectionEvent event) noexcept {
    switch (event) {
    case connection::ConnectionEvent::none:
        return;
    case connection::ConnectionEvent::request:
    case connection::ConnectionEvent::bad_request:
        return responder_.on_request(connection);
    case connection::ConnectionEvent::bad_proxy_header:
        // Nothing is answered: the peer may speak another protocol, or is a proxy that would pass
        // the answer on to a client that has asked for nothing.
        ++counters_.bad_proxy_headers;
        client_log_.note_bad_proxy_header(engine_.now(), connection.endpoint(),
                                          connection.exchange().proxy_header.error());
        return connection.abort(context_);
    case connection::ConnectionEvent::following:
        return responder_.followers().add(connection);
    case connection::ConnectionEvent::streaming:
    case connection::ConnectionEvent::frame_sent: {
        stream::Stream& stream = stream_of(connection);
        return stream.retiring() ? connection.drain(context_) : stream.add_idle(connection);
    }
    case connection::ConnectionEvent::closed:
        ++counters_.disconnects;
        connections_.erase(connection.endpoint().id);
        return;
    }
}

// --- admission and eviction ---

void Relay::admit(Acceptor::Accepted accepted) noexcept {
    ++counters_.connections_accepted;
    if (next_sweep_ == never) {
        next_sweep_ = engine_.now() + settings_.sweep_interval;
    }
    const connection::ConnectionId id = connections_.insert();
    const ListenerSettings listener = settings_.listener(accepted.listener);
    try {
        connections_.get(id).open(context_, {.id = id,
                                             .socket = accepted.socket,
                                             .peer = engine_.describe_peer(accepted.socket),
                                             .listener = accepted.listener,
                                             .proxy_protocol = listener.proxy_protocol});
    } catch (const std::bad_alloc&) { // nothing is open yet
        connections_.erase(id);
        ++counters_.connections_refused;
        return engine_.close({}, accepted.socket);
    }
    // Viewers never take all places, so there is one that can yield.
    const Places taken = places_taken();
    if (taken.requests + taken.viewers > viewers_places_ + settings_.connections_extra) {
        evict_silent();
    }
}

/// Connections that send no request must not keep others from asking for the status.
void Relay::evict_silent() noexcept {
    const connection::RequestPlaces::Yielding yielding = context_.places.next_to_yield();
    ++(yielding.over_share ? counters_.evicted_over_share : counters_.evicted_silent);
    eviction_log_.note(engine_.now(), yielding, viewers_places_ + settings_.connections_extra);
    yielding.connection.evict(context_);
}

void Relay::evict_for_memory(stream::Stream& stream) noexcept {
    evictions_.clear();
    stream.choose_evictions(context_, connections_, evictions_);
    for (const connection::ConnectionId id : evictions_) {
        connection::Connection& connection = connections_.get(id);
        if (connection.aborting()) {
            continue; // chosen twice, because it holds two frames
        }
        ++counters_.evicted_for_memory;
        eviction_log_.note_for_memory(engine_.now(), stream.name());
        connection.abort(context_);
    }
}

} // namespace ringcast::relay
