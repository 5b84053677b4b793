#include "ringcast/viewer/viewer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "ringcast/base/assert.hpp"

namespace ringcast::viewer {

namespace {

/// So many reports in a row that the kernel copied make a viewer take the copy lane: one alone may
/// be a packet that had to be linearised.
constexpr std::uint8_t copied_in_a_row_max = 3;

/// Errors of a zero-copy send that say nothing about the connection: the same bytes may go by copy.
bool zero_copy_refused(std::int32_t result) noexcept {
    return result == -ENOBUFS || result == -ENOMEM || result == -EOPNOTSUPP;
}

} // namespace

io::OpToken Viewer::token(io::OpKind kind) const noexcept {
    return {kind, self_.index, self_.generation};
}

void Viewer::leave_list() noexcept {
    if (linked()) {
        container::IntrusiveList<Viewer, ViewerListTag>::remove(*this);
    }
}

// --- connection ---

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
    exchange_ = std::make_unique<Exchange>();
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

// --- frames ---

Lane Viewer::lane(const ViewerContext& context) const noexcept {
    const bool possible =
        peer_.transport == io::Transport::tcp && context.ring.zero_copy_supported();
    if (!possible || context.settings.lane_policy == LanePolicy::copy) {
        return Lane::copy;
    }
    if (context.settings.lane_policy == LanePolicy::zero_copy) {
        return Lane::zero_copy;
    }
    return peer_.local || context.ring.now() < demoted_until_ ? Lane::copy : Lane::zero_copy;
}

bool Viewer::wants_zero_copy(const ViewerContext& context, const frame::FrameLease& frame,
                             std::size_t bytes) const noexcept {
    // At the cap the leases are the limit, not the socket: a copy pins nothing after its result.
    return lane(context) == Lane::zero_copy && frame.buffer().has_value() &&
           bytes >= context.ring.zero_copy_bytes_min() &&
           sends_ < context.settings.pinned_per_viewer_max;
}

SendId Viewer::insert_send(ViewerContext& context, frame::FrameLease frame, ConstByteSpan bytes,
                           bool zero_copy) noexcept {
    const SendId id = context.sends.insert();
    FrameSend& send = context.sends.get(id);
    send.viewer = self_;
    send.stream = streaming_ ? terms_.stream : exchange_->snapshot.stream;
    send.remaining = bytes;
    send.started = context.ring.now();
    send.zero_copy = zero_copy;
    send.lease = std::move(frame);
    if (sends_ == 0) {
        last_progress_ = send.started;
    }
    ++sends_;
    context.streams[send.stream].in_flight.push_back(send);
    return id;
}

void Viewer::erase_send(ViewerContext& context, SendId id, FrameSend& send) noexcept {
    InFlightList::remove(send);
    context.sends.erase(id);
    RINGCAST_ASSERT(sends_ > 0);
    --sends_;
}

void Viewer::submit_frame(ViewerContext& context, SendId id, FrameSend& send) noexcept {
    send.result_due = true;
    const io::OpToken token{io::OpKind::frame_send, id.index, id.generation};
    const bool tcp = peer_.transport == io::Transport::tcp;
    if (send.zero_copy) {
        context.ring.send_zero_copy(token, socket_, send.remaining, *send.lease.buffer(),
                                    {.wait_all = tcp});
    } else {
        context.ring.send(token, socket_, send.remaining, {.wait_all = tcp});
    }
}

void Viewer::start_send(ViewerContext& context, const frame::FrameLease& frame,
                        bool slots_short) noexcept {
    RINGCAST_ASSERT(state_ == ViewerState::idle);
    RINGCAST_ASSERT(frame.sequence() > last_sequence_);
    leave_list();
    state_ = ViewerState::sending;
    count_skips(context, frame.sequence());
    last_sequence_ = frame.sequence();
    if (terms_.period_min > Duration::zero()) {
        const Instant now = context.ring.now();
        due_ = due_ + terms_.period_min < now ? now : due_;
        due_ += terms_.period_min;
    }
    const ConstByteSpan bytes =
        terms_.variant == http::Variant::standard ? frame.standard_span() : frame.advance_span();
    const bool zero_copy = !slots_short && wants_zero_copy(context, frame, bytes.size());
    const SendId id = insert_send(context, frame.share(), bytes, zero_copy);
    submit_frame(context, id, context.sends.get(id));
}

SkipCounters Viewer::find_skips(std::uint64_t sequence) noexcept {
    const std::uint64_t missed = sequence - last_sequence_ - 1;
    if (terms_.period_min > Duration::zero()) {
        return {.rate = missed};
    }
    if (std::exchange(held_back_, false)) {
        return {.memory = missed};
    }
    const std::uint64_t busy_until = std::min(idle_from_sequence_, sequence - 1);
    const std::uint64_t busy = busy_until > last_sequence_ ? busy_until - last_sequence_ : 0;
    return {.busy = busy, .late = missed - busy};
}

void Viewer::count_skips(ViewerContext& context, std::uint64_t sequence) noexcept {
    if (last_sequence_ == 0) {
        return; // its first frame
    }
    const SkipCounters skips = find_skips(sequence);
    for (SkipCounters* counters : {&skipped_, &context.streams[terms_.stream].counters.skipped}) {
        counters->busy += skips.busy;
        counters->rate += skips.rate;
        counters->memory += skips.memory;
        counters->late += skips.late;
    }
}

ViewerEvent Viewer::on_send(ViewerContext& context, SendId id,
                            const io::Completion& completion) noexcept {
    FrameSend& send = context.sends.get(id);
    ViewerEvent event = ViewerEvent::none;
    if (completion.notification) {
        RINGCAST_ASSERT(send.notification_due);
        send.notification_due = false;
        on_send_notification(context, send, completion);
    } else {
        RINGCAST_ASSERT(send.result_due);
        send.result_due = false;
        send.notification_due = send.notification_due || completion.more;
        event = on_send_result(context, id, send, completion.result);
    }
    if (!send.result_due && !send.notification_due) {
        erase_send(context, id, send);
        if (state_ == ViewerState::aborting) {
            join(context);
        } else {
            close_when_delivered(context);
        }
    }
    return event;
}

ViewerEvent Viewer::on_send_result(ViewerContext& context, SendId id, FrameSend& send,
                                   std::int32_t result) noexcept {
    if (state_ == ViewerState::aborting) {
        return ViewerEvent::none;
    }
    RINGCAST_ASSERT(state_ == (send.snapshot ? ViewerState::replying : ViewerState::sending));
    if (send.zero_copy && zero_copy_refused(result)) {
        demoted_until_ = context.ring.now() + context.settings.zero_copy_probe_interval;
        send.zero_copy = false;
        submit_frame(context, id, send);
        return ViewerEvent::none;
    }
    const bool whole = result > 0 && static_cast<std::size_t>(result) == send.remaining.size();
    if (result <= 0 || (!whole && peer_.transport == io::Transport::tcp)) {
        abort(context);
        return ViewerEvent::none;
    }
    SendCounters& counters = context.streams[send.stream].counters;
    last_progress_ = context.ring.now();
    bytes_sent_ += static_cast<std::uint64_t>(result);
    counters.bytes_sent += static_cast<std::uint64_t>(result);
    if (!whole) { // a UNIX socket took a part
        send.remaining = send.remaining.subspan(static_cast<std::size_t>(result));
        submit_frame(context, id, send);
        return ViewerEvent::none;
    }
    if (send.snapshot) {
        return finish_reply(context);
    }
    state_ = ViewerState::idle;
    ++frames_sent_;
    ++(send.zero_copy ? counters.frames_sent_zero_copy : counters.frames_sent_copy);
    note_frame_queued(send.lease);
    return ViewerEvent::frame_done;
}

void Viewer::on_send_notification(ViewerContext& context, const FrameSend& send,
                                  const io::Completion& completion) noexcept {
    SendCounters& counters = context.streams[send.stream].counters;
    ++counters.notifications;
    if (completion.copied) {
        ++counters.notifications_copied;
    }
    if (state_ == ViewerState::aborting) {
        return; // a send that was cancelled before it began reports copied too
    }
    last_progress_ = context.ring.now();
    if (!completion.copied) {
        copied_in_a_row_ = 0;
    } else if (++copied_in_a_row_ >= copied_in_a_row_max) {
        copied_in_a_row_ = 0;
        demoted_until_ = context.ring.now() + context.settings.zero_copy_probe_interval;
    }
    if (!send.snapshot) {
        note_delivered(send.lease.info().captured_at);
    }
}

void Viewer::note_frame_queued(const frame::FrameLease& frame) noexcept {
    if (peer_.transport == io::Transport::unix_socket) {
        note_delivered(frame.info().captured_at); // in the peer's own queue
        return;
    }
    milestones_[milestone_next_] = {bytes_sent_, frame.info().captured_at};
    milestone_next_ = static_cast<std::uint8_t>((milestone_next_ + 1U) % milestones_max);
}

void Viewer::sample_progress(ViewerContext& context) noexcept {
    sampled_at_ = context.ring.now();
    const io::SocketProgress progress = context.ring.socket_progress(socket_, peer_.transport);
    if (!progress.known) {
        return;
    }
    // The first answer has nothing to compare with: it is the baseline, not progress.
    if (!std::exchange(progress_known_, true)) {
        watched_since_ = sampled_at_;
    } else if (progress.bytes_acked > bytes_acked_) {
        last_progress_ = sampled_at_;
    }
    bytes_acked_ = progress.bytes_acked;
    for (const Milestone& milestone : milestones_) {
        if (milestone.bytes_end != 0 && milestone.bytes_end <= bytes_acked_) {
            note_delivered(milestone.captured_at);
        }
    }
}

void Viewer::measure_rate(Instant now) noexcept {
    constexpr Duration window = std::chrono::seconds(2);
    if (!streaming_ || now - rate_since_ < window) {
        return;
    }
    const double seconds = std::chrono::duration<double>(now - rate_since_).count();
    frame_rate_ = static_cast<double>(frames_sent_ - rate_frames_) / seconds;
    rate_since_ = now;
    rate_frames_ = frames_sent_;
}

void Viewer::note_delivered(Instant captured_at) noexcept {
    // Notifications come in any order.
    if (delivered_captured_at_ == never || captured_at > delivered_captured_at_) {
        delivered_captured_at_ = captured_at;
    }
}

} // namespace ringcast::viewer
