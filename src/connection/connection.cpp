#include "connection/connection.hpp"

#include <utility>

#include "base/assert.hpp"

namespace ringcast::connection {

io::OpToken Viewer::token(io::OpKind kind) const noexcept {
    return {kind, self_.index, self_.generation};
}

void Viewer::leave_list() noexcept {
    if (linked()) {
        container::IntrusiveList<Viewer, ViewerListTag>::remove(*this);
    }
}

void Viewer::open(ViewerContext& context, ViewerId self, int socket, const io::Peer& peer) {
    RINGCAST_ASSERT(state_ == ViewerState::free);
    state_ = ViewerState::reading;
    self_ = self;
    socket_ = socket;
    peer_ = peer;
    opened_ = context.ring.now();
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

void Viewer::receive(ViewerContext& context, ByteSpan into) noexcept {
    RINGCAST_ASSERT(!receiving_);
    receiving_ = true;
    ++operations_;
    context.ring.receive(token(io::OpKind::receive), socket_, into);
}

ViewerEvent Viewer::on_receive(ViewerContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(receiving_);
    --operations_;
    receiving_ = false;
    if (state_ == ViewerState::aborting) {
        join(context);
        return ViewerEvent::none;
    }
    if (state_ == ViewerState::replying) {
        return ViewerEvent::none; // a time-out is being answered; what still comes is too late
    }
    if (state_ == ViewerState::draining) {
        exchange_->drained += result > 0 ? static_cast<std::size_t>(result) : 0;
        if (result > 0 && !drained_ && exchange_->drained < context.settings.drain_bytes_max) {
            receive(context, exchange_->drain_into);
        } else {
            finish_draining(context);
        }
        return ViewerEvent::none;
    }
    RINGCAST_ASSERT(state_ == ViewerState::reading);
    if (result == 0 && sends_ > 0) {
        drain(context); // it has said all it had to say, and is still owed a picture
        return ViewerEvent::none;
    }
    if (result <= 0) {
        abort(context);
        return ViewerEvent::none;
    }
    const auto received = static_cast<std::size_t>(result);
    if (keep_alive_ && exchange_->reader.idle()) { // the first bytes after an earlier reply
        deadline_ = context.ring.now() + context.settings.head_timeout;
    }
    switch (exchange_->reader.consume(received)) {
    case http::ParseState::need_more:
        receive(context, exchange_->reader.free_space());
        return ViewerEvent::none;
    case http::ParseState::complete:
        return ViewerEvent::request;
    case http::ParseState::error:
        return ViewerEvent::bad_request;
    }
    return ViewerEvent::none;
}

const http::Request& Viewer::request() const noexcept {
    RINGCAST_ASSERT(exchange_ != nullptr);
    return exchange_->reader.request();
}

const http::RequestError& Viewer::request_error() const noexcept {
    RINGCAST_ASSERT(exchange_ != nullptr);
    return exchange_->reader.error();
}

void Viewer::begin_reply(ViewerContext& context, std::string text, bool keep_alive,
                         bool more_follows) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::reading || state_ == ViewerState::waiting);
    // A receive is under way exactly when a request that never came whole is answered with 408.
    RINGCAST_ASSERT(operations_ == (receiving_ ? 1U : 0U));
    leave_list();
    state_ = ViewerState::replying;
    keep_alive_ = keep_alive;
    deadline_ = never; // from here on the stall time-out counts
    last_progress_ = context.ring.now();
    exchange_->text = std::move(text);
    exchange_->text_sent = 0;
    send_text(context, more_follows);
}

void Viewer::send_text(ViewerContext& context, bool more_follows) noexcept {
    const ConstByteSpan rest = as_bytes(exchange_->text).subspan(exchange_->text_sent);
    ++operations_;
    context.ring.send(
        token(io::OpKind::reply), socket_, rest,
        {.wait_all = peer_.transport == io::Transport::tcp, .more_follows = more_follows});
}

void Viewer::reply(ViewerContext& context, std::string text, bool keep_alive) noexcept {
    begin_reply(context, std::move(text), keep_alive, false);
}

void Viewer::reply_with_jpeg(ViewerContext& context, std::string text, frame::FrameLease frame,
                             std::uint32_t stream, bool keep_alive) noexcept {
    exchange_->snapshot.stream = stream;
    const ConstByteSpan jpeg = frame.jpeg_span();
    const bool zero_copy = wants_zero_copy(context, frame, jpeg.size());
    // From here on the frame counts as held by this viewer, so that it can be made to yield.
    exchange_->body = insert_send(context, std::move(frame), jpeg, zero_copy);
    context.sends.get(exchange_->body).snapshot = true;
    begin_reply(context, std::move(text), keep_alive, true);
}

void Viewer::wait_for_frame(const SnapshotTerms& terms) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::reading);
    RINGCAST_ASSERT(operations_ == 0);
    state_ = ViewerState::waiting;
    talking_ = false;
    exchange_->snapshot = terms;
    deadline_ = terms.deadline;
}

void Viewer::start_stream(ViewerContext& context, std::string head, const StreamTerms& terms,
                          bool frame_follows) noexcept {
    streaming_ = true;
    terms_ = terms;
    begin_reply(context, std::move(head), false, frame_follows);
}

ViewerEvent Viewer::on_reply(ViewerContext& context, std::int32_t result) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (state_ == ViewerState::aborting) {
        join(context);
        return ViewerEvent::none;
    }
    RINGCAST_ASSERT(state_ == ViewerState::replying);
    const std::size_t asked = exchange_->text.size() - exchange_->text_sent;
    const bool whole = result >= 0 && static_cast<std::size_t>(result) == asked;
    if (result <= 0 || (!whole && peer_.transport == io::Transport::tcp)) {
        abort(context);
        return ViewerEvent::none;
    }
    last_progress_ = context.ring.now();
    bytes_sent_ += static_cast<std::uint64_t>(result);
    exchange_->text_sent += static_cast<std::size_t>(result);
    if (!whole) {
        send_text(context, false);
        return ViewerEvent::none;
    }
    talking_ = false;
    if (streaming_) {
        exchange_.reset(); // a streaming viewer keeps nothing of its request
        state_ = ViewerState::idle;
        watch_for_hangup(context);
        return ViewerEvent::streaming;
    }
    if (const SendId body = std::exchange(exchange_->body, {}); body.valid()) {
        submit_frame(context, body, context.sends.get(body));
        return ViewerEvent::none;
    }
    return finish_reply(context);
}

ViewerEvent Viewer::finish_reply(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::replying);
    if (!keep_alive_) {
        drain(context);
        return ViewerEvent::none;
    }
    exchange_->text.clear();
    state_ = ViewerState::reading;
    switch (exchange_->reader.next()) {
    case http::ParseState::need_more:
        deadline_ =
            context.ring.now() + (exchange_->reader.idle() ? context.settings.keep_alive_timeout
                                                           : context.settings.head_timeout);
        receive(context, exchange_->reader.free_space());
        return ViewerEvent::none;
    case http::ParseState::complete:
        return ViewerEvent::request;
    case http::ParseState::error:
        return ViewerEvent::bad_request;
    }
    return ViewerEvent::none;
}

void Viewer::watch_for_hangup(ViewerContext& context) noexcept {
    ++operations_;
    hangup_watched_ = true;
    context.ring.poll(token(io::OpKind::hangup), socket_, io::PollEvents::hangup);
}

void Viewer::on_hangup(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    RINGCAST_ASSERT(hangup_watched_);
    --operations_;
    hangup_watched_ = false;
    if (state_ == ViewerState::aborting) {
        join(context);
    } else if (state_ == ViewerState::draining) {
        finish_draining(context);
    } else {
        abort(context);
    }
}

void Viewer::on_ended(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(operations_ > 0);
    --operations_;
    if (state_ == ViewerState::aborting) {
        join(context);
    } else {
        close_when_delivered(context);
    }
}

ViewerEvent Viewer::on_close() noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::closing);
    RINGCAST_ASSERT(operations_ == 1);
    operations_ = 0;
    state_ = ViewerState::free;
    return ViewerEvent::closed;
}

void Viewer::drain(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::replying || state_ == ViewerState::idle ||
                    state_ == ViewerState::reading);
    leave_list();
    state_ = ViewerState::draining;
    deadline_ = context.ring.now() + context.settings.drain_timeout;
    ++operations_;
    context.ring.shutdown_writing(token(io::OpKind::shutdown), socket_);
    // A streaming viewer's end is seen by its hangup poll instead.
    if (exchange_ != nullptr && !receiving_) {
        receive(context, exchange_->drain_into);
    }
}

void Viewer::end_drain(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::draining);
    if (drained_) {
        return abort(context); // what it is owed has not been acknowledged either
    }
    if (receiving_) {
        context.ring.cancel({}, token(io::OpKind::receive));
    }
    if (hangup_watched_) {
        context.ring.cancel({}, token(io::OpKind::hangup));
    }
    finish_draining(context);
}

void Viewer::finish_draining(ViewerContext& context) noexcept {
    drained_ = true;
    deadline_ = context.ring.now() + context.settings.stall_timeout; // for notifications
    close_when_delivered(context);
}

void Viewer::close_when_delivered(ViewerContext& context) noexcept {
    // A plain close: what is in the socket still goes to the peer.
    if (state_ == ViewerState::draining && drained_ && operations_ == 0 && sends_ == 0) {
        close(context);
    }
}

void Viewer::abort(ViewerContext& context) noexcept {
    if (state_ == ViewerState::aborting || state_ == ViewerState::closing) {
        return;
    }
    RINGCAST_ASSERT(state_ != ViewerState::free);
    leave_list();
    state_ = ViewerState::aborting;
    deadline_ = never;
    if (exchange_ != nullptr && exchange_->body.valid()) { // never submitted: nothing to join
        const SendId body = std::exchange(exchange_->body, {});
        erase_send(context, body, context.sends.get(body));
    }
    if (operations_ > 0 || sends_ > 0) {
        if (hangup_watched_) {
            context.ring.cancel({}, token(io::OpKind::hangup));
        }
        ++operations_;
        context.ring.abort(token(io::OpKind::abort), socket_, peer_.transport);
    }
    join(context);
}

void Viewer::join(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::aborting);
    if (operations_ == 0 && sends_ == 0) {
        close(context);
    }
}

void Viewer::close(ViewerContext& context) noexcept {
    RINGCAST_ASSERT(operations_ == 0);
    RINGCAST_ASSERT(sends_ == 0);
    exchange_.reset(); // only now: the kernel may have been writing into it
    deadline_ = never;
    state_ = ViewerState::closing;
    operations_ = 1;
    context.ring.close(token(io::OpKind::close), socket_);
}

} // namespace ringcast::connection
