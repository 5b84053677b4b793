// Answers requests for streams: chains of servers, and admission of viewers.

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "config/units.hpp"
#include "http/via.hpp"
#include "relay/responder.hpp"

namespace ringcast::relay {

namespace {

/// WallTime can't express much later times.
constexpr access::LinkExpiry link_expiry_max{std::chrono::seconds(9'000'000'000)};

/// Ids of the ringcasts that the stream comes through, nearest first.
std::vector<std::string> upstream_ids(const stream::Stream& stream) {
    auto upstream = stream.source().upstream();
    return upstream ? std::move(upstream->via) : std::vector<std::string>();
}

/// Another ringcast passes the stream on to viewers of its own, each of which has another link.
bool is_ringcast(const http::Request& request) noexcept {
    return !request.via.empty();
}

bool adapts(const stream::Stream& original, const api::Route& route, const http::Request& request) {
    if (!route.size.empty() || route.width) {
        return false;
    }
    switch (original.adapting()) {
    case stream::Adapting::browsers:
        return route.adapt.value_or(route.image);
    case stream::Adapting::everybody:
        return route.adapt.value_or(!is_ringcast(request));
    case stream::Adapting::nobody:
        return false;
    }
    return false;
}

} // namespace

bool Responder::refuse_loop(connection::Connection& connection, const stream::Stream& stream,
                            const http::ReplyContext& reply) {
    const std::vector<std::string> upstream = upstream_ids(stream);
    auto refused = api::no_passing_on({parts_.settings.instance, upstream},
                                      connection.exchange().reader.request().via, reply);
    if (refused) {
        send(connection, std::move(*refused));
    }
    return refused.has_value();
}

/// The value of X-Ringcast-Via in the head of the stream and of its snapshots.
std::string Responder::via_of(const stream::Stream& stream) const {
    return http::via_text(parts_.settings.instance, upstream_ids(stream));
}

bool Responder::refuse_while_draining(connection::Connection& connection,
                                      const http::ReplyContext& reply) {
    if (draining_) {
        ++parts_.counters.connections_refused;
        send(connection, api::draining(reply));
    }
    return draining_;
}

bool Responder::refuse_viewer(connection::Connection& connection, const http::ReplyContext& reply) {
    const RelaySettings& settings = parts_.settings;
    const bool per_address =
        settings.viewers_per_address_max > 0 &&
        !connection.endpoint().client.is_local(connection.endpoint().peer) &&
        parts_.context.places.viewers_from(connection) >= settings.viewers_per_address_max;
    if (!per_address && parts_.context.counts.streaming < settings.viewers_max) {
        return false;
    }
    ++parts_.counters.connections_refused;
    parts_.events.note_viewer_refused(per_address);
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
    const stream::Stream& original = parts_.streams.get(*route.stream);
    if (refuse_loop(connection, original, reply) || refuse_while_draining(connection, reply)) {
        return;
    }
    std::string head =
        http::stream_head(parts_.settings.boundary, route.variant, reply, via_of(original));
    if (reply.head_only) {
        const auto spec = parts_.renditions.spec_of(route);
        return send(connection, spec
                                    ? api::Answer{status_ok, std::move(head), false}
                                    : api::error(spec.error().status, spec.error().message, reply));
    }
    if (refuse_viewer(connection, reply)) {
        return;
    }
    const auto stream = parts_.renditions.find(route);
    if (!stream) {
        return send(connection, api::error(stream.error().status, stream.error().message, reply));
    }
    connection::StreamOptions options;
    options.stream = (*stream)->id();
    options.variant = route.variant;
    if (route.fps) {
        options.period_min = config::period_of(*route.fps);
    }
    options.adapts = adapts(original, route, connection.exchange().reader.request());
    const access::Caller& caller = connection.exchange().caller;
    options.caller = caller.identity;
    if (caller.link) {
        options.ends_at = std::min<access::LinkExpiry>(caller.link->expiry, link_expiry_max);
    }
    parts_.counters.count_response(status_ok);
    connection.start_stream(parts_.context, std::move(head), options, (*stream)->has_fresh_frame());
}

} // namespace ringcast::relay
