// Answers requests for single pictures, which may have to wait for one.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "relay/responder.hpp"

namespace ringcast::relay {

namespace {

/// Requests for the sharpest of several pictures, of all streams together: each keeps a copy of one.
constexpr long sharpest_requests_max = 8;

/// As exactly as X-Timestamp says it, so that a client can ask for what follows the picture that it has.
bool captured_after(const frame::FrameInfo& info, WallTime after) noexcept {
    return std::chrono::floor<std::chrono::microseconds>(info.captured) > after;
}

bool is_wanted(const frame::FrameInfo& info, const connection::SnapshotOptions& options) noexcept {
    return options.after ? captured_after(info, *options.after)
                         : info.captured_at > options.asked_at;
}

} // namespace

void Responder::answer_snapshot(connection::Connection& connection, const api::Route& route,
                                const http::ReplyContext& reply) {
    if (refuse_loop(connection, parts_.streams.get(*route.stream), reply)) {
        return;
    }
    const auto found = parts_.renditions.find(route);
    if (!found) {
        return send(connection, api::error(found.error().status, found.error().message, reply));
    }
    stream::Stream& stream = **found;
    const Instant now = parts_.context.engine.now();
    const stream::StreamState state = stream.signal().state();
    const bool lost = state == stream::StreamState::lost;
    if (lost && !route.placeholder && !stream.signal().starting()) {
        return send(connection, api::no_snapshot(stream.signal(), stream.source().kind(), reply));
    }
    const bool chooses = route.sharpest > 1;
    if (chooses && sharpest_requests_.use_count() > sharpest_requests_max) {
        return send(connection, api::busy(reply));
    }
    const frame::FrameLease& latest = stream.latest();
    const bool shows_reason =
        lost && route.placeholder && latest.valid() && latest.info().placeholder;
    if ((!chooses && suits(stream, route)) || shows_reason) {
        return send_snapshot(connection, stream, reply);
    }
    if (chooses) {
        connection.exchange().sharpest = std::make_unique<connection::SharpestPicture>(
            connection::SharpestPicture{.place = sharpest_requests_, .left = route.sharpest});
    }
    const Duration usual =
        parts_.settings.snapshot_wait + (route.sharpest - 1) * stream.signal().period();
    const Duration within = route.within.value_or(std::min(usual, api::Route::within_limit));
    connection.wait(parts_.context, now + within,
                    {.stream = stream.id(),
                     .placeholder = route.placeholder,
                     .asked_at = now,
                     .after = route.after});
    stream.snapshot_waiters().add(connection);
}

/// The newest frame answers the request at once.
bool Responder::suits(const stream::Stream& stream, const api::Route& route) const noexcept {
    if (!stream.latest().valid() || stream.signal().state() != stream::StreamState::live) {
        return false;
    }
    const frame::FrameInfo& latest = stream.latest().info();
    const bool young = parts_.context.engine.now() - latest.captured_at <= route.age_max;
    if (!route.after) {
        return young;
    }
    return captured_after(latest, *route.after) && (young || route.age_max == Duration::zero());
}

bool Responder::answer_snapshot_waiter(connection::Connection& connection, stream::Stream& stream,
                                       bool late) {
    const connection::SnapshotOptions& options = connection.exchange().snapshot;
    const frame::FrameLease& latest = stream.latest();
    const stream::Signal& signal = stream.signal();
    const bool lost = signal.state() == stream::StreamState::lost;
    bool suitable = false;
    if (latest.valid() && latest.info().placeholder) {
        suitable = lost && options.placeholder;
    } else if (latest.valid()) {
        // Of a slow stream the latest frame is better than none.
        suitable = is_wanted(latest.info(), options) ||
                   (late && !options.after && signal.state() == stream::StreamState::live);
    }
    if (suitable) {
        send_snapshot(connection, stream, reply_context(connection));
        return true;
    }
    return end_waiting(connection, stream, late);
}

/// Answers a snapshot for which no picture will come in time; returns false if one may.
bool Responder::end_waiting(connection::Connection& connection, const stream::Stream& stream,
                            bool late) {
    const stream::Signal& signal = stream.signal();
    const bool lost = signal.state() == stream::StreamState::lost && !signal.starting() &&
                      !connection.exchange().snapshot.placeholder;
    if (late || lost || stream.retiring()) {
        send(connection,
             api::no_snapshot(signal, stream.source().kind(), reply_context(connection)));
        return true;
    }
    return false;
}

bool Responder::answer_sharpest_waiter(connection::Connection& connection,
                                       const stream::Stream& stream, bool late) {
    connection::Exchange& exchange = connection.exchange();
    connection::SharpestPicture& best = *exchange.sharpest;
    const frame::FrameLease& latest = stream.latest();
    if (latest.valid() && !latest.info().placeholder && latest.sequence() > best.seen &&
        is_wanted(latest.info(), exchange.snapshot)) {
        best.seen = latest.sequence();
        --best.left;
        // At constant quality, what is sharp has more to encode.
        if (latest.jpeg_span().size() > best.jpeg.size()) {
            best.jpeg = as_text(latest.jpeg_span());
            best.captured = latest.info().captured;
            best.captured_at = latest.info().captured_at;
        }
    }
    const bool lost = stream.signal().state() == stream::StreamState::lost;
    if (best.left > 0 && !late && !lost && !stream.retiring()) {
        return false;
    }
    if (best.jpeg.empty()) {
        return end_waiting(connection, stream, late);
    }
    const http::ReplyContext reply = reply_context(connection);
    std::string text =
        http::snapshot_head({.jpeg_bytes = best.jpeg.size(),
                             .captured = best.captured,
                             .rendition = stream.rendition()},
                            parts_.context.engine.now() - best.captured_at, reply, via_of(stream));
    if (!reply.head_only) {
        text += best.jpeg;
    }
    exchange.sharpest.reset();
    send(connection, {status_ok, std::move(text), reply.keep_alive});
    return true;
}

void Responder::send_snapshot(connection::Connection& connection, const stream::Stream& stream,
                              const http::ReplyContext& reply) {
    const frame::FrameInfo& info = stream.latest().info();
    std::string head =
        http::snapshot_head({.jpeg_bytes = info.jpeg_bytes,
                             .captured = info.captured,
                             .placeholder = info.placeholder,
                             .reason = stream.signal().reason(),
                             .rendition = stream.rendition()},
                            parts_.context.engine.now() - info.captured_at, reply, via_of(stream));
    if (reply.head_only) {
        return send(connection, {status_ok, std::move(head), reply.keep_alive});
    }
    parts_.counters.count_response(status_ok);
    connection.reply_with_jpeg(parts_.context, std::move(head), stream.latest().share(),
                               stream.id(), reply.keep_alive);
}

} // namespace ringcast::relay
