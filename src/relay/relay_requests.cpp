// What the relay answers: one function per kind of route.

#include <string>
#include <utility>

#include "base/log.hpp"
#include "http/response.hpp"
#include "relay/relay.hpp"

namespace ringcast::relay {

namespace {

/// When to come again after "too many viewers", and without signal, seconds.
constexpr std::uint32_t retry_when_full = 5;
constexpr std::uint32_t retry_without_signal = 2;

constexpr int status_ok = 200;
constexpr int status_not_found = 404;
constexpr int status_unavailable = 503;

/// "192.0.2.7" of "192.0.2.7:51234", "[2001:db8::1]" of "[2001:db8::1]:51234".
std::string_view host_of(const io::Peer& peer) noexcept {
    const std::string_view address = peer.address.data();
    return address.substr(0, address.rfind(':'));
}

/// The stream's reason, or `otherwise` when it has none.
std::string no_signal(const stream::Stream& stream, std::string_view otherwise) {
    std::string line = "no signal: ";
    return line.append(stream.reason().empty() ? otherwise : stream.reason());
}

/// Origin: http://HOST against Host: HOST.
bool same_origin(const http::Request& request) noexcept {
    const auto scheme_end = request.origin.find("://");
    return scheme_end != std::string_view::npos &&
           request.origin.substr(scheme_end + 3) == request.host;
}

} // namespace

http::ReplyContext Relay::reply_context(const connection::Connection& viewer) const noexcept {
    const http::Request& request = viewer.request();
    http::ReplyContext reply = http::reply_context(
        request, api::allowed_origin(request, settings_.cors_origins), engine_.wall_now());
    reply.keep_alive = reply.keep_alive && phase_ == Phase::running;
    return reply;
}

void Relay::answer(connection::Connection& viewer) noexcept {
    const http::Request& request = viewer.request();
    const api::Route route = api::resolve(request, {stream_names_, default_stream_});
    ++counters_.requests[static_cast<std::size_t>(route.kind)];
    const http::ReplyContext reply = reply_context(viewer);
    if (!request.origin.empty() && reply.allow_origin.empty() && !same_origin(request)) {
        report_refused_origin(request.origin);
    }
    answer_route(viewer, route, reply);
}

void Relay::answer_route(connection::Connection& viewer, const api::Route& route,
                         const http::ReplyContext& reply) {
    switch (route.kind) {
    case api::RouteKind::stream:
        return answer_stream(viewer, route, reply);
    case api::RouteKind::snapshot:
        return answer_snapshot(viewer, route, reply);
    case api::RouteKind::status:
        return send_text(viewer, status_ok, http::ContentType::json, api::status_json(status(true)),
                         reply);
    case api::RouteKind::metrics:
        return send_text(viewer, status_ok, http::ContentType::metrics,
                         api::metrics_text(status(false)), reply);
    case api::RouteKind::healthz:
        return answer_health(viewer, route, reply);
    case api::RouteKind::index:
        return send_text(viewer, status_ok, http::ContentType::html,
                         api::index_page(stream_names_, settings_.boundary), reply);
    case api::RouteKind::state:
        return send_text(viewer, status_ok, http::ContentType::json,
                         api::state_json(status(false), route.stream.value_or(default_stream_)),
                         reply);
    case api::RouteKind::controls:
        return answer_controls(viewer, *streams_[*route.stream], reply);
    case api::RouteKind::options:
        count_response(204);
        return viewer.reply(context_, http::options_reply(reply), reply.keep_alive);
    case api::RouteKind::error:
        return send_error(viewer, route.status, route.message, reply);
    }
}

void Relay::send_text(connection::Connection& viewer, int status, http::ContentType type,
                      std::string_view body, const http::ReplyContext& reply,
                      std::uint32_t retry_after_seconds) {
    count_response(status);
    viewer.reply(context_, http::reply(status, type, body, reply, retry_after_seconds),
                 reply.keep_alive);
}

void Relay::send_error(connection::Connection& viewer, int status, std::string_view line,
                       const http::ReplyContext& reply, std::uint32_t retry_after_seconds) {
    count_response(status);
    viewer.reply(context_, http::error_reply(status, line, reply, retry_after_seconds),
                 reply.keep_alive);
}

void Relay::count_response(int status) noexcept {
    ++counters_.responses[static_cast<std::size_t>(status / 100 - 1)];
}

void Relay::answer_bad_request(connection::Connection& viewer) {
    ++counters_.bad_requests;
    const http::RequestError& error = viewer.request_error();
    send_error(viewer, error.status, error.text, {.now = engine_.wall_now()});
}

void Relay::answer_timeout(connection::Connection& viewer) noexcept {
    if (viewer.request_awaited()) {
        return viewer.drain(context_);
    }
    ++counters_.bad_requests;
    send_error(viewer, 408, "the request did not come whole in time", {.now = engine_.wall_now()});
}

// --- streams ---

std::uint32_t Relay::viewers_from(const connection::Connection& viewer) noexcept {
    const std::string_view host = host_of(viewer.peer());
    std::uint32_t count = 0;
    viewers_.for_each([&](connection::ConnectionId, const connection::Connection& other) {
        count += other.streaming() && host_of(other.peer()) == host ? 1U : 0U;
    });
    return count;
}

void Relay::answer_stream(connection::Connection& viewer, const api::Route& route,
                          const http::ReplyContext& reply) {
    if (reply.head_only) {
        count_response(status_ok);
        return viewer.reply(context_, http::stream_head(settings_.boundary, route.variant, reply),
                            false);
    }
    const bool address_full = settings_.viewers_per_address_max > 0 && !viewer.peer().local &&
                              viewers_from(viewer) >= settings_.viewers_per_address_max;
    if (streaming_count_ >= settings_.viewers_max || address_full) {
        ++counters_.connections_refused;
        if (refusal_reminder_.due(engine_.now())) {
            log(LogLevel::warning, "a viewer was refused: {} (raise [viewers] {})",
                address_full ? "too many from one address" : "too many viewers",
                address_full ? "max_per_address" : "max");
        }
        return send_error(viewer, status_unavailable,
                          address_full ? "too many viewers from this address" : "too many viewers",
                          reply, retry_when_full);
    }
    stream::Stream& stream = *streams_[*route.stream];
    connection::StreamOptions options;
    options.stream = *route.stream;
    options.variant = route.variant;
    if (route.fps) {
        options.period_min =
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1.0 / *route.fps));
    }
    ++streaming_count_;
    stream.viewer_joined();
    count_response(status_ok);
    viewer.start_stream(context_, http::stream_head(settings_.boundary, route.variant, reply),
                        options, stream.has_fresh_frame());
}

// --- snapshots ---

void Relay::answer_snapshot(connection::Connection& viewer, const api::Route& route,
                            const http::ReplyContext& reply) {
    stream::Stream& stream = *streams_[*route.stream];
    const Instant now = engine_.now();
    const bool lost = stream.state() == api::StreamState::lost;
    if (lost && !route.placeholder) {
        return refuse_snapshot(viewer, stream, reply);
    }
    const bool recent = stream.latest().valid() && stream.state() == api::StreamState::live &&
                        now - stream.latest().info().captured_at <= route.age_max;
    const bool shows_reason = lost && stream.latest().valid() && stream.latest().info().placeholder;
    if (recent || shows_reason) {
        return send_snapshot(viewer, stream, reply);
    }
    handshaking_count_ -= viewer.handshaking() ? 1U : 0U;
    viewer.wait_for_frame({.stream = *route.stream,
                           .placeholder = route.placeholder,
                           .asked_at = now,
                           .deadline = now + settings_.snapshot_wait});
    stream.snapshot_waiters().push_back(viewer);
}

void Relay::answer_snapshot_waiters() noexcept {
    std::uint32_t budget = settings_.stream.submit_batch; // for the same reason as in a fan-out
    for (const auto& stream : streams_) {
        connection::Connection* viewer = stream->snapshot_waiters().first();
        while (viewer != nullptr && budget > 0) {
            connection::Connection* next = stream->snapshot_waiters().next(*viewer);
            budget -= answer_snapshot_waiter(*viewer, *stream) ? 1U : 0U;
            viewer = next;
        }
    }
    snapshots_pending_ = budget == 0;
}

bool Relay::answer_snapshot_waiter(connection::Connection& viewer,
                                   const stream::Stream& stream) noexcept {
    const connection::SnapshotOptions& options = viewer.snapshot_options();
    const frame::FrameLease& latest = stream.latest();
    if (stream.state() == api::StreamState::lost && !options.placeholder) {
        refuse_snapshot(viewer, stream, reply_context(viewer));
        return true;
    }
    const bool newer = latest.valid() && latest.info().captured_at > options.asked_at;
    if (newer && (options.placeholder || !latest.info().placeholder)) {
        send_snapshot(viewer, stream, reply_context(viewer));
        return true;
    }
    return false;
}

void Relay::answer_late_snapshot(connection::Connection& viewer) noexcept {
    refuse_snapshot(viewer, *streams_[viewer.snapshot_options().stream], reply_context(viewer));
}

void Relay::send_snapshot(connection::Connection& viewer, const stream::Stream& stream,
                          const http::ReplyContext& reply) {
    const frame::FrameInfo& info = stream.latest().info();
    count_response(status_ok);
    std::string head = http::snapshot_head(
        {.jpeg_bytes = info.jpeg_bytes, .captured = info.captured, .placeholder = info.placeholder},
        reply);
    if (reply.head_only) {
        return viewer.reply(context_, std::move(head), reply.keep_alive);
    }
    viewer.reply_with_jpeg(context_, std::move(head), stream.latest().share(), stream.index(),
                           reply.keep_alive);
}

void Relay::refuse_snapshot(connection::Connection& viewer, const stream::Stream& stream,
                            const http::ReplyContext& reply) {
    send_error(viewer, status_unavailable, no_signal(stream, "no new picture came in time"), reply,
               retry_without_signal);
}

// --- the rest ---

void Relay::answer_controls(connection::Connection& viewer, stream::Stream& stream,
                            const http::ReplyContext& reply) {
    const auto camera = stream.source().camera();
    if (!camera) {
        return send_error(viewer, status_not_found, "Stream " + stream.name() + " is no camera.",
                          reply, 0);
    }
    if (camera->id.empty()) {
        return send_error(viewer, status_unavailable,
                          no_signal(stream, "the camera has not been opened yet"), reply,
                          retry_without_signal);
    }
    send_text(viewer, status_ok, http::ContentType::json,
              api::controls_json(*camera, stream.source().camera_controls()), reply);
}

void Relay::answer_health(connection::Connection& viewer, const api::Route& route,
                          const http::ReplyContext& reply) {
    if (route.stream && !streams_[*route.stream]->healthy()) {
        const stream::Stream& stream = *streams_[*route.stream];
        return send_error(viewer, status_unavailable, no_signal(stream, "no picture has come yet"),
                          reply, retry_without_signal);
    }
    send_text(viewer, status_ok, http::ContentType::text, "ok\n", reply);
}

void Relay::report_refused_origin(std::string_view origin) noexcept {
    if (std::exchange(origin_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a page from {} may show streams but not read them; to allow it, add under [http]: "
        "cors_origins = "
        "[\"{}\"]",
        origin, origin);
}

} // namespace ringcast::relay
