// Answers requests for streams: admission of viewers.

#include <chrono>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "relay/responder.hpp"

namespace ringcast::relay {

namespace {

constexpr int status_ok = 200;

} // namespace

bool Responder::refuse_viewer(connection::Connection& connection, const http::ReplyContext& reply) {
    const RelaySettings& settings = parts_.settings;
    const bool per_address =
        settings.viewers_per_address_max > 0 && !connection.endpoint().peer.local &&
        parts_.context.places.viewers_from(connection) >= settings.viewers_per_address_max;
    if (!per_address && parts_.context.counts.streaming < settings.viewers_max) {
        return false;
    }
    ++parts_.counters.connections_refused;
    if (refusal_throttle_.should_log(parts_.context.engine.now())) {
        log(LogLevel::warning, "a viewer was refused: {} (raise [viewers] {})",
            per_address ? "too many from one address" : "too many viewers",
            per_address ? "max_per_address" : "max");
    }
    send(connection, api::too_many_viewers(per_address, reply));
    return true;
}

void Responder::answer_stream(connection::Connection& connection, const api::Route& route,
                              const http::ReplyContext& reply) {
    const stream::Stream& stream = parts_.streams.get(*route.stream);
    std::string head = http::stream_head(parts_.settings.boundary, route.variant, reply);
    if (reply.head_only) {
        return send(connection, {status_ok, std::move(head), false});
    }
    if (refuse_viewer(connection, reply)) {
        return;
    }
    connection::StreamOptions options;
    options.stream = *route.stream;
    options.variant = route.variant;
    if (route.fps) {
        options.period_min =
            std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1.0 / *route.fps));
    }
    count_response(status_ok);
    connection.start_stream(parts_.context, std::move(head), options, stream.has_fresh_frame());
}

} // namespace ringcast::relay
