// How a viewer's frames leave: lanes, results, notifications, and what is known of their way.

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/assert.hpp"
#include "connection/connection.hpp"

namespace ringcast::connection {

namespace {

/// So many reports in a row that the kernel copied make a viewer take the copy send_path: one alone may
/// be a packet that had to be linearised.
constexpr std::uint8_t copied_in_a_row_max = 3;

/// Errors of a zero-copy send that say nothing about the connection: the same bytes may go by copy.
bool zero_copy_refused(std::int32_t result) noexcept {
    return result == -ENOBUFS || result == -ENOMEM || result == -EOPNOTSUPP;
}

} // namespace

SendPath Connection::send_path(const ConnectionContext& context) const noexcept {
    const bool possible =
        peer_.transport == io::Transport::tcp && context.engine.zero_copy_supported();
    if (!possible || context.settings.send_path_policy == SendPathPolicy::copy) {
        return SendPath::copy;
    }
    if (context.settings.send_path_policy == SendPathPolicy::zero_copy) {
        return SendPath::zero_copy;
    }
    return peer_.local || context.engine.now() < demoted_until_ ? SendPath::copy
                                                                : SendPath::zero_copy;
}

bool Connection::wants_zero_copy(const ConnectionContext& context, const frame::FrameLease& frame,
                                 std::size_t bytes) const noexcept {
    // At the cap the leases are the limit, not the socket: a copy pins nothing after its result.
    return send_path(context) == SendPath::zero_copy && frame.buffer().has_value() &&
           bytes >= context.engine.zero_copy_bytes_min() &&
           sends_ < context.settings.pinned_per_viewer_max;
}

SendId Connection::insert_send(ConnectionContext& context, frame::FrameLease frame,
                               ConstByteSpan bytes, bool zero_copy) noexcept {
    const SendId id = context.sends.insert();
    FrameSend& send = context.sends.get(id);
    send.viewer = self_;
    send.stream = streaming_ ? options_.stream : exchange_->snapshot.stream;
    send.remaining = bytes;
    send.started = context.engine.now();
    send.zero_copy = zero_copy;
    send.lease = std::move(frame);
    if (sends_ == 0) {
        last_progress_ = send.started;
    }
    ++sends_;
    context.streams[send.stream].in_flight.push_back(send);
    return id;
}

void Connection::erase_send(ConnectionContext& context, SendId id, FrameSend& send) noexcept {
    InFlightList::remove(send);
    context.sends.erase(id);
    RINGCAST_ASSERT(sends_ > 0);
    --sends_;
}

void Connection::submit_frame(ConnectionContext& context, SendId id, FrameSend& send) noexcept {
    send.result_due = true;
    const io::OpToken token{io::OpKind::frame_send, id.index, id.generation};
    const bool tcp = peer_.transport == io::Transport::tcp;
    if (send.zero_copy) {
        context.engine.send_zero_copy(token, socket_, send.remaining, *send.lease.buffer(),
                                      {.wait_all = tcp});
    } else {
        context.engine.send(token, socket_, send.remaining, {.wait_all = tcp});
    }
}

void Connection::start_send(ConnectionContext& context, const frame::FrameLease& frame,
                            bool slots_short) noexcept {
    RINGCAST_ASSERT(state_ == ConnectionState::idle);
    RINGCAST_ASSERT(frame.sequence() > last_sequence_);
    leave_list();
    state_ = ConnectionState::sending;
    count_skips(context, frame.sequence());
    last_sequence_ = frame.sequence();
    if (options_.period_min > Duration::zero()) {
        const Instant now = context.engine.now();
        due_ = due_ + options_.period_min < now ? now : due_;
        due_ += options_.period_min;
    }
    const ConstByteSpan bytes =
        options_.variant == http::Variant::standard ? frame.standard_span() : frame.advance_span();
    const bool zero_copy = !slots_short && wants_zero_copy(context, frame, bytes.size());
    const SendId id = insert_send(context, frame.share(), bytes, zero_copy);
    submit_frame(context, id, context.sends.get(id));
}

SkipCounters Connection::find_skips(std::uint64_t sequence) noexcept {
    const std::uint64_t missed = sequence - last_sequence_ - 1;
    if (options_.period_min > Duration::zero()) {
        return {.rate = missed};
    }
    if (std::exchange(deferred_, false)) {
        return {.memory = missed};
    }
    const std::uint64_t busy_until = std::min(idle_from_sequence_, sequence - 1);
    const std::uint64_t busy = busy_until > last_sequence_ ? busy_until - last_sequence_ : 0;
    return {.busy = busy, .late = missed - busy};
}

void Connection::count_skips(ConnectionContext& context, std::uint64_t sequence) noexcept {
    if (last_sequence_ == 0) {
        return; // its first frame
    }
    const SkipCounters skips = find_skips(sequence);
    for (SkipCounters* counters : {&skipped_, &context.streams[options_.stream].counters.skipped}) {
        counters->busy += skips.busy;
        counters->rate += skips.rate;
        counters->memory += skips.memory;
        counters->late += skips.late;
    }
}

ConnectionEvent Connection::on_send(ConnectionContext& context, SendId id,
                                    const io::Completion& completion) noexcept {
    FrameSend& send = context.sends.get(id);
    ConnectionEvent event = ConnectionEvent::none;
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
        if (state_ == ConnectionState::aborting) {
            join(context);
        } else {
            close_when_delivered(context);
        }
    }
    return event;
}

ConnectionEvent Connection::on_send_result(ConnectionContext& context, SendId id, FrameSend& send,
                                           std::int32_t result) noexcept {
    if (state_ == ConnectionState::aborting) {
        return ConnectionEvent::none;
    }
    RINGCAST_ASSERT(state_ ==
                    (send.snapshot ? ConnectionState::replying : ConnectionState::sending));
    if (send.zero_copy && zero_copy_refused(result)) {
        demoted_until_ = context.engine.now() + context.settings.zero_copy_probe_interval;
        send.zero_copy = false;
        submit_frame(context, id, send);
        return ConnectionEvent::none;
    }
    const bool whole = result > 0 && static_cast<std::size_t>(result) == send.remaining.size();
    if (result <= 0 || (!whole && peer_.transport == io::Transport::tcp)) {
        abort(context);
        return ConnectionEvent::none;
    }
    SendCounters& counters = context.streams[send.stream].counters;
    last_progress_ = context.engine.now();
    bytes_sent_ += static_cast<std::uint64_t>(result);
    counters.bytes_sent += static_cast<std::uint64_t>(result);
    if (!whole) { // a UNIX socket took a part
        send.remaining = send.remaining.subspan(static_cast<std::size_t>(result));
        submit_frame(context, id, send);
        return ConnectionEvent::none;
    }
    if (send.snapshot) {
        return finish_reply(context);
    }
    state_ = ConnectionState::idle;
    ++frames_sent_;
    ++(send.zero_copy ? counters.frames_sent_zero_copy : counters.frames_sent_copy);
    note_frame_queued(send.lease);
    return ConnectionEvent::frame_done;
}

void Connection::on_send_notification(ConnectionContext& context, const FrameSend& send,
                                      const io::Completion& completion) noexcept {
    SendCounters& counters = context.streams[send.stream].counters;
    ++counters.notifications;
    if (completion.copied) {
        ++counters.notifications_copied;
    }
    if (state_ == ConnectionState::aborting) {
        return; // a send that was cancelled before it began reports copied too
    }
    last_progress_ = context.engine.now();
    if (!completion.copied) {
        copied_in_a_row_ = 0;
    } else if (++copied_in_a_row_ >= copied_in_a_row_max) {
        copied_in_a_row_ = 0;
        demoted_until_ = context.engine.now() + context.settings.zero_copy_probe_interval;
    }
    if (!send.snapshot) {
        note_delivered(send.lease.info().captured_at);
    }
}

void Connection::note_frame_queued(const frame::FrameLease& frame) noexcept {
    if (peer_.transport == io::Transport::unix_socket) {
        note_delivered(frame.info().captured_at); // in the peer's own queue
        return;
    }
    milestones_[milestone_next_] = {bytes_sent_, frame.info().captured_at};
    milestone_next_ = static_cast<std::uint8_t>((milestone_next_ + 1U) % milestones_max);
}

void Connection::sample_progress(ConnectionContext& context) noexcept {
    sampled_at_ = context.engine.now();
    const io::SocketProgress progress = context.engine.socket_progress(socket_, peer_.transport);
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

void Connection::measure_rate(Instant now) noexcept {
    constexpr Duration window = std::chrono::seconds(2);
    if (!streaming_ || now - rate_since_ < window) {
        return;
    }
    const double seconds = std::chrono::duration<double>(now - rate_since_).count();
    frame_rate_ = static_cast<double>(frames_sent_ - rate_frames_) / seconds;
    rate_since_ = now;
    rate_frames_ = frames_sent_;
}

void Connection::note_delivered(Instant captured_at) noexcept {
    // Notifications come in any order.
    if (delivered_captured_at_ == never || captured_at > delivered_captured_at_) {
        delivered_captured_at_ = captured_at;
    }
}

} // namespace ringcast::connection
