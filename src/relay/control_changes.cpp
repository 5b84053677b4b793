#include "relay/control_changes.hpp"

#include "api/read_json.hpp"

namespace ringcast::relay {

namespace {

bool under_way(const source::FrameSource& source) noexcept {
    return source.control_outcome().kind == source::ControlOutcome::Kind::under_way;
}

} // namespace

/// Why the request can't change controls, as far as its head says.
std::optional<api::Answer> ControlChanges::refusal(const connection::Connection& connection,
                                                   const api::Route& route,
                                                   const http::ReplyContext& reply) const {
    const stream::Stream& stream = streams_.get(*route.stream);
    if (auto none =
            api::no_controls(stream.name(), stream.signal(), stream.source().camera(), reply)) {
        return none;
    }
    return api::no_values(connection.exchange().reader.request(), reply);
}

bool ControlChanges::read_body(connection::Connection& connection, const api::Route& route,
                               const http::ReplyContext& reply) {
    const bool wanted = route.kind == api::RouteKind::controls && route.changes &&
                        connection.exchange().reader.body_unread() &&
                        !refusal(connection, route, reply);
    return !wanted || connection.read_body(context_);
}

std::optional<api::Answer> ControlChanges::start(connection::Connection& connection,
                                                 const api::Route& route,
                                                 const http::ReplyContext& reply) {
    if (auto refused = refusal(connection, route, reply)) {
        return refused;
    }
    const auto changes = api::read_control_changes(connection.exchange().reader.body());
    if (!changes) {
        return api::error(api::bad_request_status, changes.error().message, reply);
    }
    source::FrameSource& source = streams_.get(*route.stream).source();
    if (under_way(source)) {
        return api::controls_busy(reply);
    }
    source.change_controls(*changes);
    if (!under_way(source)) {
        return outcome(connection, route, reply);
    }
    connection.wait(context_, context_.engine.now() + settings_.controls_wait);
    waiters_.push_back(connection);
    return std::nullopt;
}

std::optional<api::Answer> ControlChanges::outcome(const connection::Connection& connection,
                                                   const api::Route& route,
                                                   const http::ReplyContext& reply) const {
    if (route.kind == api::RouteKind::error) { // the stream has ended since the request
        return api::error(route.status, route.message, reply);
    }
    const stream::Stream& stream = streams_.get(*route.stream);
    const source::FrameSource& source = stream.source();
    if (!under_way(source)) {
        return api::controls_outcome(stream.name(), source.control_outcome(), source.camera(),
                                     reply);
    }
    if (context_.engine.now() >= connection.deadline()) {
        return api::controls_late(reply);
    }
    return std::nullopt;
}

} // namespace ringcast::relay
