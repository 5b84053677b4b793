#include "connection/connection.hpp"

#include <cerrno>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::connection {

namespace {

void leave_list(Connection& connection) noexcept {
    using List = container::IntrusiveList<Connection, ConnectionListTag>;
    if (List::linked(connection)) {
        List::remove(connection);
    }
}

} // namespace

void Connection::open(ConnectionContext& context, const Endpoint& endpoint) {
    RINGCAST_ASSERT(state_ == ConnectionState::free);
    // First, because it may fail. Not value-initialised: most requests touch few pages of its
    // buffers.
    exchange_ = std::make_unique_for_overwrite<Exchange>();
    const ConnectionSettings& settings = context.settings;
    state_ =
        endpoint.proxy_protocol ? ConnectionState::reading_proxy_header : ConnectionState::reading;
    endpoint_ = endpoint;
    opened_ = context.engine.now();
    deadline_ =
        opened_ + (endpoint.proxy_protocol ? settings.proxy_header_timeout : settings.head_timeout);
    handshaking_ = true;
    ++context.counts.handshaking;
    context.places.enter(*this, endpoint_.peer.network);
    context.places.set_busy(*this);
    frames_.begin(endpoint_, opened_);
    receive(context, exchange_->reader.free_space());
}

void Connection::receive(ConnectionContext& context, ByteSpan into) noexcept {
    RINGCAST_ASSERT(!receiving_);
    receiving_ = true;
    ++operations_;
    context.engine.receive(endpoint_.token(io::OpKind::receive), endpoint_.socket, into);
}

void Connection::begin_reply(ConnectionContext& context, std::string text, bool keep_alive,
                             bool more_follows) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::reading || state_ == ConnectionState::waiting);
    // A receive is under way exactly when an incomplete request is answered with 408.
    RINGCAST_ASSERT(operations_ == (receiving_ ? 1U : 0U));
    leave_list(*this);
    state_ = ConnectionState::replying;
    keep_alive_ = keep_alive;
    deadline_ = never; // from here on the stall time-out counts
    context.places.set_busy(*this);
    frames_.delivery().note_progress(context.engine.now());
    exchange_->text = std::move(text);
    exchange_->unsent = as_bytes(exchange_->text);
    send_text(context, more_follows);
}

void Connection::send_text(ConnectionContext& context, bool more_follows) noexcept {
    ++operations_;
    context.engine.send(endpoint_.token(io::OpKind::reply), endpoint_.socket, exchange_->unsent,
                        {.wait_all = endpoint_.tcp(), .more_follows = more_follows});
}

void Connection::reply(ConnectionContext& context, std::string text, bool keep_alive,
                       SharedText body) noexcept {
    const bool more_follows = body.valid();
    exchange_->shared = std::move(body);
    exchange_->shared_due = more_follows;
    begin_reply(context, std::move(text), keep_alive, more_follows);
}

void Connection::reply_with_jpeg(ConnectionContext& context, std::string text,
                                 frame::FrameLease frame, io::StreamId stream,
                                 bool keep_alive) noexcept {
    exchange_->body = frames_.hold_body(context, endpoint_, std::move(frame), stream);
    begin_reply(context, std::move(text), keep_alive, true);
}

void Connection::start_events(ConnectionContext& context, std::string head,
                              std::uint64_t next_event) noexcept {
    exchange_->follows_events = true;
    exchange_->next_event = next_event;
    begin_reply(context, std::move(head), false, false);
}

void Connection::send_event(ConnectionContext& context, SharedText text,
                            bool more_follows) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::following);
    leave_list(*this);
    state_ = ConnectionState::replying;
    deadline_ = never;
    context.places.set_busy(*this);
    frames_.delivery().note_progress(context.engine.now());
    exchange_->shared = std::move(text);
    exchange_->unsent = as_bytes(exchange_->shared.text());
    send_text(context, more_follows);
}

void Connection::wait(ConnectionContext& context, Instant deadline,
                      const SnapshotOptions& snapshot) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::reading || state_ == ConnectionState::waiting);
    RINGCAST_ASSERT(operations_ == 0);
    leave_list(*this);
    state_ = ConnectionState::waiting;
    end_handshaking(context);
    context.places.set_busy(*this);
    exchange_->snapshot = snapshot;
    deadline_ = deadline;
}

void Connection::start_stream(ConnectionContext& context, std::string head,
                              const StreamOptions& options, bool frame_follows) noexcept {
    streaming_ = true;
    ++context.counts.streaming;
    ++context.sends_of(options.stream).viewers;
    context.places.set_viewer(*this);
    frames_.set_options(options);
    begin_reply(context, std::move(head), false, frame_follows);
}

void Connection::move_to_stream(ConnectionContext& context, io::StreamId stream) noexcept {
    RINGCAST_ASSERT(streaming_);
    leave_list(*this);
    --context.sends_of(frames_.options().stream).viewers;
    ++context.sends_of(stream).viewers;
    frames_.set_stream(stream);
}

void Connection::send_part(ConnectionContext& context, const frame::FrameLease& frame,
                           bool slots_short) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::idle);
    RINGCAST_ASSERT(frame.sequence() > frames_.last_sequence());
    leave_list(*this);
    state_ = ConnectionState::sending;
    frames_.send_part(context, endpoint_, frame, slots_short);
}

ConnectionEvent Connection::on_frame_send(ConnectionContext& context, SendId id, FrameSend& send,
                                          const io::Completion& completion) noexcept {
    ConnectionEvent event = ConnectionEvent::none;
    switch (frames_.on_completion(context, endpoint_, id, send, completion, aborting())) {
    case SendOutcome::pending:
        break;
    case SendOutcome::frame_sent:
        RINGCAST_ASSERT(state_ == ConnectionState::sending);
        state_ = ConnectionState::idle;
        if (ending_) {
            drain(context);
        } else {
            event = ConnectionEvent::frame_sent;
        }
        break;
    case SendOutcome::snapshot_sent:
        RINGCAST_ASSERT(state_ == ConnectionState::replying);
        event = finish_reply(context);
        break;
    case SendOutcome::failed:
        abort(context);
        break;
    }
    // Only now: an abort must still see the send that failed.
    if (frames_.settle(context, id, send)) {
        join(context);
    }
    return event;
}

ConnectionEvent Connection::on_reply(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (aborting()) {
        join(context);
        return ConnectionEvent::none;
    }
    RINGCAST_ASSERT(state_ == ConnectionState::replying);
    const std::size_t asked = exchange_->unsent.size();
    const bool whole = result >= 0 && static_cast<std::size_t>(result) == asked;
    if (result <= 0 || (!whole && endpoint_.tcp())) {
        abort(context);
        return ConnectionEvent::none;
    }
    frames_.delivery().note_progress(context.engine.now());
    frames_.delivery().note_bytes_sent(static_cast<std::uint64_t>(result));
    context.places.set_busy(*this);
    exchange_->unsent = exchange_->unsent.subspan(static_cast<std::size_t>(result));
    if (whole && std::exchange(exchange_->shared_due, false)) {
        exchange_->unsent = as_bytes(exchange_->shared.text());
    }
    if (!exchange_->unsent.empty()) {
        send_text(context, false);
        return ConnectionEvent::none;
    }
    if (std::exchange(interim_, false)) {
        ending_ ? drain(context) : await_body(context);
        return ConnectionEvent::none;
    }
    end_handshaking(context);
    if (streaming_) {
        exchange_.reset(); // a streaming viewer keeps nothing of its request
        state_ = ConnectionState::idle;
        ++operations_;
        hangup_watched_ = true;
        context.engine.poll(endpoint_.token(io::OpKind::hangup), endpoint_.socket,
                            io::PollEvents::hangup);
        if (ending_) {
            drain(context);
            return ConnectionEvent::none;
        }
        return ConnectionEvent::streaming;
    }
    if (const SendId body = std::exchange(exchange_->body, {}); body.valid()) {
        frames_.send_body(context, endpoint_, body);
        return ConnectionEvent::none;
    }
    return exchange_->follows_events ? follow(context) : finish_reply(context);
}

/// All that was sent is in the socket.
ConnectionEvent Connection::follow(ConnectionContext& context) noexcept {
    exchange_->shared.release();
    if (ending_) {
        drain(context);
        return ConnectionEvent::none;
    }
    state_ = ConnectionState::following;
    deadline_ = context.engine.now() + context.settings.event_heartbeat;
    context.places.set_idle(*this);               // it loses nothing that it can't ask for again
    if (!receiving_ && !exchange_->input_ended) { // to see that the peer leaves
        receive(context, exchange_->drain_into);
    }
    return ConnectionEvent::following;
}

ConnectionEvent Connection::finish_reply(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::replying);
    exchange_->shared.release();
    if (!keep_alive_) {
        drain(context);
        return ConnectionEvent::none;
    }
    leave_list(*this);
    exchange_->text.clear();
    state_ = ConnectionState::reading;
    const http::ParseState parsed = exchange_->reader.next();
    if (parsed == http::ParseState::need_more) {
        const ConnectionSettings& settings = context.settings;
        const bool idle = exchange_->reader.idle();
        deadline_ =
            context.engine.now() + (idle ? settings.keep_alive_timeout : settings.head_timeout);
        idle ? context.places.set_idle(*this) : context.places.set_busy(*this);
    }
    return on_parsed(context, parsed);
}

void Connection::on_hangup(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(hangup_watched_);
    --operations_;
    hangup_watched_ = false;
    // A peer that only sends no more (shutdown(SHUT_WR), as `nc -N` does) still receives. One that
    // has left looks the same over TCP; it answers the next part with a reset, and the send after
    // that fails. A new poll would complete at once: io_uring always reports POLLRDHUP.
    const bool peer_ended = result > 0 && (result & io::poll_broken) == 0;
    if (aborting()) {
        join(context);
    } else if (state_ == ConnectionState::draining) {
        finish_draining(context);
    } else if (!peer_ended) {
        abort(context);
    }
}

void Connection::on_ended(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (!aborting()) {
        return join(context);
    }
    // "Not connected": the peer has reset the connection, which has ended everything too.
    const bool failed = result < 0 && result != -ENOTCONN && endpoint_.tcp();
    const bool remains = operations_ > 0 || frames_.pinned() > 0;
    if (failed && remains && !std::exchange(abort_failed_, true)) {
        // A shutdown in both directions, as for a UNIX socket, ends the operations too, but leaves
        // pages pinned until the peer has acknowledged them or TCP gives up.
        ++operations_;
        context.engine.abort(endpoint_.token(io::OpKind::abort), endpoint_.socket,
                             io::Transport::unix_socket);
        return;
    }
    join(context);
}

ConnectionEvent Connection::on_close(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::closing);
    RINGCAST_ASSERT(operations_ == 1);
    end_handshaking(context);
    context.places.leave(*this);
    if (streaming_) {
        --context.counts.streaming;
        --context.sends_of(frames_.options().stream).viewers;
    }
    operations_ = 0;
    state_ = ConnectionState::free;
    return ConnectionEvent::closed;
}

void Connection::drain(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::replying || state_ == ConnectionState::idle ||
                    state_ == ConnectionState::reading || state_ == ConnectionState::following);
    leave_list(*this);
    state_ = ConnectionState::draining;
    deadline_ = context.engine.now() + context.settings.drain_timeout;
    context.places.set_idle(*this);
    ++operations_;
    context.engine.shutdown_writing(endpoint_.token(io::OpKind::shutdown), endpoint_.socket);
    // A streaming viewer's end is seen by its hangup poll instead, or has been seen by it.
    if (exchange_ != nullptr && !receiving_) {
        receive(context, exchange_->drain_into);
    } else if (exchange_ == nullptr && !hangup_watched_) {
        finish_draining(context);
    }
}

void Connection::end_drain(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::draining);
    if (drained_) {
        return abort(context); // the peer has not acknowledged everything either
    }
    if (receiving_) {
        context.engine.cancel({}, endpoint_.token(io::OpKind::receive));
    }
    if (hangup_watched_) {
        context.engine.cancel({}, endpoint_.token(io::OpKind::hangup));
    }
    finish_draining(context);
}

void Connection::finish_draining(ConnectionContext& context) noexcept {
    drained_ = true;
    deadline_ = context.engine.now() + context.settings.stall_timeout; // for notifications
    join(context);
}

void Connection::evict(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(!streaming_);
    const bool between_requests =
        state_ == ConnectionState::reading && keep_alive_ && exchange_->reader.idle();
    const bool between_events = state_ == ConnectionState::following;
    const bool draining = state_ == ConnectionState::draining && !drained_;
    // A picture that the peer has not acknowledged could take long.
    if (frames_.pinned() > 0 || (!between_requests && !between_events && !draining)) {
        return abort(context);
    }
    leave_list(*this);
    context.places.remove(*this);
    state_ = ConnectionState::draining;
    end_drain(context);
}

void Connection::abort(ConnectionContext& context) noexcept {
    if (aborting() || state_ == ConnectionState::closing) {
        return;
    }
    RINGCAST_ASSERT(state_ != ConnectionState::free);
    leave_list(*this);
    state_ = ConnectionState::aborting;
    deadline_ = never;
    context.places.remove(*this);
    if (exchange_ != nullptr && exchange_->body.valid()) { // never submitted: nothing to join
        frames_.drop_body(context, std::exchange(exchange_->body, {}));
    }
    if (operations_ > 0 || frames_.pinned() > 0) {
        if (hangup_watched_) {
            context.engine.cancel({}, endpoint_.token(io::OpKind::hangup));
        }
        ++operations_;
        context.engine.abort(endpoint_.token(io::OpKind::abort), endpoint_.socket,
                             endpoint_.peer.transport);
    }
    join(context);
}

/// Closes a connection that is ending when nothing is under way any more.
void Connection::join(ConnectionContext& context) noexcept {
    // A plain close: what is in the socket of a drained connection still goes to the peer.
    const bool drained = state_ == ConnectionState::draining && drained_;
    if ((aborting() || drained) && operations_ == 0 && frames_.pinned() == 0) {
        close(context);
    }
}

void Connection::close(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(operations_ == 0);
    RINGCAST_ASSERT(frames_.pinned() == 0);
    exchange_.reset(); // only now: the kernel may have been writing into it
    deadline_ = never;
    context.places.remove(*this);
    state_ = ConnectionState::closing;
    operations_ = 1;
    context.engine.close(endpoint_.token(io::OpKind::close), endpoint_.socket);
}

} // namespace ringcast::connection
