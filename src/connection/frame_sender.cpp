#include "connection/frame_sender.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::connection {

namespace {

/// Errors of a zero-copy send that say nothing about the connection: the same bytes may go by copy.
bool zero_copy_refused(std::int32_t result) noexcept {
    return result == -ENOBUFS || result == -ENOMEM || result == -EOPNOTSUPP;
}

} // namespace

void FrameSender::begin(const Endpoint& endpoint, Instant now) noexcept {
    delivery_.begin(endpoint.peer.transport, now);
    rate_.begin(now);
}

void FrameSender::set_options(const StreamOptions& options) noexcept {
    options_ = options;
    pacing_.set_period_min(options.period_min);
    adaptation_.reset(options.adapts ? new (std::nothrow) Adaptation : nullptr);
}

SendPath FrameSender::send_path(const ConnectionContext& context,
                                const Endpoint& endpoint) const noexcept {
    return path_.choose(endpoint.peer, context.settings.send_path_policy,
                        context.engine.zero_copy_supported(), context.engine.now());
}

bool FrameSender::wants_zero_copy(const ConnectionContext& context, const Endpoint& endpoint,
                                  const frame::FrameLease& frame,
                                  std::size_t bytes) const noexcept {
    // At the cap on pinned frames a copy keeps the rate: it pins nothing after its result.
    return send_path(context, endpoint) == SendPath::zero_copy && frame.buffer().has_value() &&
           bytes >= context.engine.zero_copy_bytes_min() &&
           sends_ < context.settings.pinned_per_viewer_max;
}

// --- sending ---

SendId FrameSender::insert(ConnectionContext& context, const Endpoint& endpoint,
                           frame::FrameLease frame, ConstByteSpan bytes, bool zero_copy,
                           io::StreamId stream) noexcept {
    const SendId id = context.sends.insert();
    FrameSend& send = context.sends.get(id);
    send.connection = endpoint.id;
    send.stream = stream;
    send.remaining = bytes;
    send.started = context.engine.now();
    send.zero_copy = zero_copy;
    send.lease = std::move(frame);
    if (sends_ == 0) {
        delivery_.note_progress(send.started);
    }
    ++sends_;
    context.sends_of(stream).in_flight.push_back(send);
    return id;
}

void FrameSender::submit(ConnectionContext& context, const Endpoint& endpoint, SendId id,
                         FrameSend& send) noexcept {
    send.result_due = true;
    const io::OpToken token{io::OpKind::frame_send, id.index, id.generation};
    const io::SendOptions options{.wait_all = endpoint.tcp()};
    if (send.zero_copy) {
        context.engine.send_zero_copy(token, endpoint.socket, send.remaining, *send.lease.buffer(),
                                      options);
    } else {
        context.engine.send(token, endpoint.socket, send.remaining, options);
    }
}

void FrameSender::send_part(ConnectionContext& context, const Endpoint& endpoint,
                            const frame::FrameLease& frame, bool slots_short) noexcept {
    const SkipCounters skips = pacing_.on_send(frame.info().ordinal, context.engine.now());
    last_sequence_ = frame.sequence();
    context.sends_of(options_.stream).counters.skipped += skips;
    const ConstByteSpan bytes =
        options_.variant == http::Variant::standard ? frame.standard_span() : frame.advance_span();
    const bool zero_copy = !slots_short && wants_zero_copy(context, endpoint, frame, bytes.size());
    const SendId id = insert(context, endpoint, frame.share(), bytes, zero_copy, options_.stream);
    submit(context, endpoint, id, context.sends.get(id));
}

SendId FrameSender::hold_body(ConnectionContext& context, const Endpoint& endpoint,
                              frame::FrameLease frame, io::StreamId stream) noexcept {
    const ConstByteSpan jpeg = frame.jpeg_span();
    const bool zero_copy = wants_zero_copy(context, endpoint, frame, jpeg.size());
    const SendId body = insert(context, endpoint, std::move(frame), jpeg, zero_copy, stream);
    context.sends.get(body).snapshot = true;
    return body;
}

void FrameSender::send_body(ConnectionContext& context, const Endpoint& endpoint,
                            SendId body) noexcept {
    submit(context, endpoint, body, context.sends.get(body));
}

void FrameSender::drop_body(ConnectionContext& context, SendId body) noexcept {
    erase(context, body, context.sends.get(body));
}

void FrameSender::erase(ConnectionContext& context, SendId id, FrameSend& send) noexcept {
    InFlightList::remove(send);
    context.sends.erase(id);
    RINGCAST_ASSERT(sends_ > 0);
    --sends_;
}

// --- completions ---

SendOutcome FrameSender::on_completion(ConnectionContext& context, const Endpoint& endpoint,
                                       SendId id, FrameSend& send, const io::Completion& completion,
                                       bool aborting) noexcept {
    if (completion.notification) {
        RINGCAST_ASSERT(send.notification_due);
        send.notification_due = false;
        on_notification(context, send, completion.copied, aborting);
        return SendOutcome::pending;
    }
    RINGCAST_ASSERT(send.result_due);
    send.result_due = false;
    send.notification_due = send.notification_due || completion.more;
    return aborting ? SendOutcome::pending
                    : on_result(context, endpoint, id, send, completion.result);
}

SendOutcome FrameSender::on_result(ConnectionContext& context, const Endpoint& endpoint, SendId id,
                                   FrameSend& send, std::int32_t result) noexcept {
    const Instant now = context.engine.now();
    if (send.zero_copy && zero_copy_refused(result)) {
        path_.demote(now, context.settings.zero_copy_probe_interval);
        send.zero_copy = false;
        submit(context, endpoint, id, send);
        return SendOutcome::pending;
    }
    const bool whole = result > 0 && static_cast<std::size_t>(result) == send.remaining.size();
    if (result <= 0 || (!whole && endpoint.tcp())) {
        return SendOutcome::failed;
    }
    SendCounters& counters = context.sends_of(send.stream).counters;
    const auto bytes = static_cast<std::size_t>(result);
    delivery_.note_progress(now);
    delivery_.note_bytes_sent(bytes);
    counters.bytes_sent += bytes;
    if (!whole) { // a UNIX socket took a part
        send.remaining = send.remaining.subspan(bytes);
        submit(context, endpoint, id, send);
        return SendOutcome::pending;
    }
    if (send.snapshot) {
        return SendOutcome::snapshot_sent;
    }
    ++frames_sent_;
    ++(send.zero_copy ? counters.frames_sent_zero_copy : counters.frames_sent_copy);
    delivery_.note_frame_sent(endpoint.peer.transport, send.lease.info().captured_at);
    return SendOutcome::frame_sent;
}

void FrameSender::on_notification(ConnectionContext& context, const FrameSend& send, bool copied,
                                  bool aborting) noexcept {
    SendCounters& counters = context.sends_of(send.stream).counters;
    ++counters.notifications;
    counters.notifications_copied += copied ? 1U : 0U;
    if (aborting) {
        return; // a send that was cancelled before it began reports "copied" as well
    }
    const Instant now = context.engine.now();
    delivery_.note_progress(now);
    path_.on_report(copied, now, context.settings.zero_copy_probe_interval);
    if (!send.snapshot) {
        delivery_.note_delivered(send.lease.info().captured_at);
    }
}

io::SocketProgress FrameSender::sample_delivery(ConnectionContext& context,
                                                const Endpoint& endpoint) noexcept {
    const io::SocketProgress progress =
        context.engine.socket_progress(endpoint.socket, endpoint.peer.transport);
    delivery_.on_sample(progress, context.engine.now());
    return progress;
}

} // namespace ringcast::connection
