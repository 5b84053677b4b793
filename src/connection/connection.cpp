#include "connection/connection.hpp"

#include <utility>

#include "base/assert.hpp"

namespace ringcast::connection {

io::OpToken Connection::token(io::OpKind kind) const noexcept {
    return {kind, self_.index, self_.generation};
}

void Connection::leave_list() noexcept {
    if (linked()) {
        container::IntrusiveList<Connection, ConnectionListTag>::remove(*this);
    }
}

void Connection::open(ConnectionContext& context, ConnectionId self, int socket,
                      const io::Peer& peer) {
    RINGCAST_ASSERT(state_ == ConnectionState::free);
    state_ = ConnectionState::reading;
    self_ = self;
    socket_ = socket;
    peer_ = peer;
    opened_ = context.engine.now();
    if (peer.transport == io::Transport::unix_socket) { // its progress is seen by partial results
        progress_known_ = true;
        watched_since_ = opened_;
    }
    rate_since_ = opened_;
    deadline_ = opened_ + context.settings.head_timeout;
    // Not set to zero first: its buffers are pages that most requests don't reach.
    exchange_ = std::make_unique_for_overwrite<Exchange>();
    receive(context, exchange_->reader.free_space());
}

void Connection::receive(ConnectionContext& context, ByteSpan into) noexcept {
    RINGCAST_ASSERT(!receiving_);
    receiving_ = true;
    ++operations_;
    context.engine.receive(token(io::OpKind::receive), socket_, into);
}

ConnectionEvent Connection::on_receive(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(receiving_);
    --operations_;
    receiving_ = false;
    if (state_ == ConnectionState::aborting) {
        join(context);
        return ConnectionEvent::none;
    }
    if (state_ == ConnectionState::replying) {
        return ConnectionEvent::none; // a time-out is being answered; what still comes is too late
    }
    if (state_ == ConnectionState::draining) {
        exchange_->drained += result > 0 ? static_cast<std::size_t>(result) : 0;
        if (result > 0 && !drained_ && exchange_->drained < context.settings.drain_bytes_max) {
            receive(context, exchange_->drain_into);
        } else {
            finish_draining(context);
        }
        return ConnectionEvent::none;
    }
    RINGCAST_ASSERT(state_ == ConnectionState::reading);
    if (result == 0 && sends_ > 0) {
        drain(context); // it has said all it had to say, and is still owed a picture
        return ConnectionEvent::none;
    }
    if (result <= 0) {
        abort(context);
        return ConnectionEvent::none;
    }
    const auto received = static_cast<std::size_t>(result);
    if (keep_alive_ && exchange_->reader.idle()) { // the first bytes after an earlier reply
        deadline_ = context.engine.now() + context.settings.head_timeout;
    }
    switch (exchange_->reader.consume(received)) {
    case http::ParseState::need_more:
        receive(context, exchange_->reader.free_space());
        return ConnectionEvent::none;
    case http::ParseState::complete:
        return ConnectionEvent::request;
    case http::ParseState::error:
        return ConnectionEvent::bad_request;
    }
    return ConnectionEvent::none;
}

const http::Request& Connection::request() const noexcept {
    RINGCAST_ASSERT(exchange_ != nullptr);
    return exchange_->reader.request();
}

const http::RequestError& Connection::request_error() const noexcept {
    RINGCAST_ASSERT(exchange_ != nullptr);
    return exchange_->reader.error();
}

void Connection::begin_reply(ConnectionContext& context, std::string text, bool keep_alive,
                             bool more_follows) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::reading || state_ == ConnectionState::waiting);
    // A receive is under way exactly when a request that never came whole is answered with 408.
    RINGCAST_ASSERT(operations_ == (receiving_ ? 1U : 0U));
    leave_list();
    state_ = ConnectionState::replying;
    keep_alive_ = keep_alive;
    deadline_ = never; // from here on the stall time-out counts
    last_progress_ = context.engine.now();
    exchange_->text = std::move(text);
    exchange_->text_sent = 0;
    send_text(context, more_follows);
}

void Connection::send_text(ConnectionContext& context, bool more_follows) noexcept {
    const ConstByteSpan rest = as_bytes(exchange_->text).subspan(exchange_->text_sent);
    ++operations_;
    context.engine.send(
        token(io::OpKind::reply), socket_, rest,
        {.wait_all = peer_.transport == io::Transport::tcp, .more_follows = more_follows});
}

void Connection::reply(ConnectionContext& context, std::string text, bool keep_alive) noexcept {
    begin_reply(context, std::move(text), keep_alive, false);
}

void Connection::reply_with_jpeg(ConnectionContext& context, std::string text,
                                 frame::FrameLease frame, std::uint32_t stream,
                                 bool keep_alive) noexcept {
    exchange_->snapshot.stream = stream;
    const ConstByteSpan jpeg = frame.jpeg_span();
    const bool zero_copy = wants_zero_copy(context, frame, jpeg.size());
    // From here on the frame counts as held by this viewer, so that it can be made to yield.
    exchange_->body = insert_send(context, std::move(frame), jpeg, zero_copy);
    context.sends.get(exchange_->body).snapshot = true;
    begin_reply(context, std::move(text), keep_alive, true);
}

void Connection::wait_for_frame(const SnapshotOptions& options) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::reading);
    RINGCAST_ASSERT(operations_ == 0);
    state_ = ConnectionState::waiting;
    handshaking_ = false;
    exchange_->snapshot = options;
    deadline_ = options.deadline;
}

void Connection::start_stream(ConnectionContext& context, std::string head,
                              const StreamOptions& options, bool frame_follows) noexcept {
    streaming_ = true;
    options_ = options;
    begin_reply(context, std::move(head), false, frame_follows);
}

ConnectionEvent Connection::on_reply(ConnectionContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (state_ == ConnectionState::aborting) {
        join(context);
        return ConnectionEvent::none;
    }
    RINGCAST_ASSERT(state_ == ConnectionState::replying);
    const std::size_t asked = exchange_->text.size() - exchange_->text_sent;
    const bool whole = result >= 0 && static_cast<std::size_t>(result) == asked;
    if (result <= 0 || (!whole && peer_.transport == io::Transport::tcp)) {
        abort(context);
        return ConnectionEvent::none;
    }
    last_progress_ = context.engine.now();
    bytes_sent_ += static_cast<std::uint64_t>(result);
    exchange_->text_sent += static_cast<std::size_t>(result);
    if (!whole) {
        send_text(context, false);
        return ConnectionEvent::none;
    }
    handshaking_ = false;
    if (streaming_) {
        exchange_.reset(); // a streaming viewer keeps nothing of its request
        state_ = ConnectionState::idle;
        watch_for_hangup(context);
        return ConnectionEvent::streaming;
    }
    if (const SendId body = std::exchange(exchange_->body, {}); body.valid()) {
        submit_frame(context, body, context.sends.get(body));
        return ConnectionEvent::none;
    }
    return finish_reply(context);
}

ConnectionEvent Connection::finish_reply(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::replying);
    if (!keep_alive_) {
        drain(context);
        return ConnectionEvent::none;
    }
    exchange_->text.clear();
    state_ = ConnectionState::reading;
    switch (exchange_->reader.next()) {
    case http::ParseState::need_more:
        deadline_ =
            context.engine.now() + (exchange_->reader.idle() ? context.settings.keep_alive_timeout
                                                             : context.settings.head_timeout);
        receive(context, exchange_->reader.free_space());
        return ConnectionEvent::none;
    case http::ParseState::complete:
        return ConnectionEvent::request;
    case http::ParseState::error:
        return ConnectionEvent::bad_request;
    }
    return ConnectionEvent::none;
}

void Connection::watch_for_hangup(ConnectionContext& context) noexcept {
    ++operations_;
    hangup_watched_ = true;
    context.engine.poll(token(io::OpKind::hangup), socket_, io::PollEvents::hangup);
}

void Connection::on_hangup(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(hangup_watched_);
    --operations_;
    hangup_watched_ = false;
    if (state_ == ConnectionState::aborting) {
        join(context);
    } else if (state_ == ConnectionState::draining) {
        finish_draining(context);
    } else {
        abort(context);
    }
}

void Connection::on_ended(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (state_ == ConnectionState::aborting) {
        join(context);
    } else {
        close_when_delivered(context);
    }
}

ConnectionEvent Connection::on_close() noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::closing);
    RINGCAST_ASSERT(operations_ == 1);
    operations_ = 0;
    state_ = ConnectionState::free;
    return ConnectionEvent::closed;
}

void Connection::drain(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::replying || state_ == ConnectionState::idle ||
                    state_ == ConnectionState::reading);
    leave_list();
    state_ = ConnectionState::draining;
    deadline_ = context.engine.now() + context.settings.drain_timeout;
    ++operations_;
    context.engine.shutdown_writing(token(io::OpKind::shutdown), socket_);
    // A streaming viewer's end is seen by its hangup poll instead.
    if (exchange_ != nullptr && !receiving_) {
        receive(context, exchange_->drain_into);
    }
}

void Connection::end_drain(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::draining);
    if (drained_) {
        return abort(context); // what it is owed has not been acknowledged either
    }
    if (receiving_) {
        context.engine.cancel({}, token(io::OpKind::receive));
    }
    if (hangup_watched_) {
        context.engine.cancel({}, token(io::OpKind::hangup));
    }
    finish_draining(context);
}

void Connection::finish_draining(ConnectionContext& context) noexcept {
    drained_ = true;
    deadline_ = context.engine.now() + context.settings.stall_timeout; // for notifications
    close_when_delivered(context);
}

void Connection::close_when_delivered(ConnectionContext& context) noexcept {
    // A plain close: what is in the socket still goes to the peer.
    if (state_ == ConnectionState::draining && drained_ && operations_ == 0 && sends_ == 0) {
        close(context);
    }
}

void Connection::abort(ConnectionContext& context) noexcept {
    if (state_ == ConnectionState::aborting || state_ == ConnectionState::closing) {
        return;
    }
    RINGCAST_ASSERT(state_ != ConnectionState::free);
    leave_list();
    state_ = ConnectionState::aborting;
    deadline_ = never;
    if (exchange_ != nullptr && exchange_->body.valid()) { // never submitted: nothing to join
        const SendId body = std::exchange(exchange_->body, {});
        erase_send(context, body, context.sends.get(body));
    }
    if (operations_ > 0 || sends_ > 0) {
        if (hangup_watched_) {
            context.engine.cancel({}, token(io::OpKind::hangup));
        }
        ++operations_;
        context.engine.abort(token(io::OpKind::abort), socket_, peer_.transport);
    }
    join(context);
}

void Connection::join(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::aborting);
    if (operations_ == 0 && sends_ == 0) {
        close(context);
    }
}

void Connection::close(ConnectionContext& context) noexcept {
    RINGCAST_ASSERT(operations_ == 0);
    RINGCAST_ASSERT(sends_ == 0);
    exchange_.reset(); // only now: the kernel may have been writing into it
    deadline_ = never;
    state_ = ConnectionState::closing;
    operations_ = 1;
    context.engine.close(token(io::OpKind::close), socket_);
}

} // namespace ringcast::connection
