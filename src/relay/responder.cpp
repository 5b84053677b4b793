#include "relay/responder.hpp"

#include <new>
#include <string>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "config/describe.hpp"

namespace ringcast::relay {

namespace {

/// Pages ask for the status without viewers, every second or two.
ReportKind status_kind(const api::Route& route) noexcept {
    if (!route.viewers) {
        return ReportKind::status;
    }
    return route.viewers->count_max == 0 ? ReportKind::brief_status : ReportKind::single;
}

} // namespace

http::ReplyContext
Responder::reply_context(const connection::Connection& connection) const noexcept {
    const http::RequestReader& reader = connection.exchange().reader;
    const http::Request& request = reader.request();
    http::ReplyContext reply =
        http::reply_context(request, api::allowed_origin(request, parts_.settings.cors_origins),
                            parts_.context.engine.wall_now());
    reply.keep_alive = reply.keep_alive && !stopping_ && !reader.body_unread();
    reply.version = parts_.settings.version;
    return reply;
}

void Responder::on_request(connection::Connection& connection) noexcept {
    if (replies_left_ > 0 && requests_.empty()) {
        return answer_request(connection);
    }
    connection.wait(parts_.context, never); // it is answered after so many turns
    requests_.push_back(connection);
}

void Responder::answer_waiting() noexcept {
    answer_report_waiters();
    answer_late_logins();
    answer_changed();
    while (replies_left_ > 0 && !requests_.empty()) {
        answer_request(requests_.pop_front());
    }
    followers_.send_due(replies_left_);
    replies_left_ = parts_.settings.stream.submit_batch; // the next turn begins with a submission
}

Instant Responder::deadline() noexcept {
    return snapshots_pending_ || !requests_.empty() || followers_.pending()
               ? Instant{}
               : reports_.deadline(parts_.context.engine.now());
}

void Responder::answer_request(connection::Connection& connection) noexcept {
    --replies_left_;
    if (connection.exchange().reader.state() == http::ParseState::error) {
        answer_bad_request(connection);
    } else if (stopping_) {
        answer_ending(connection);
    } else {
        answer_or_abort(connection, [&] { resolve_and_answer(connection); });
    }
}

/// The answers are made of strings, so this is the place where a failed allocation ends: an answer
/// is complete before the connection takes it, and the connection is in a state that can be aborted.
template <typename Answer>
void Responder::answer_or_abort(connection::Connection& connection, Answer answer) noexcept {
    try {
        answer();
    } catch (const std::bad_alloc&) {
        ++parts_.counters.connections_refused;
        if (memory_throttle_.should_log(parts_.context.engine.now())) {
            log(LogLevel::warning, "a connection was ended: out of memory for an answer");
        }
        connection.abort(parts_.context);
    }
}

void Responder::resolve_and_answer(connection::Connection& connection) {
    // First the client, whose address wrong passwords are counted for.
    connection.identify_client(parts_.context);
    parts_.client_log.note_identified(connection.endpoint());
    const Routing routing = parts_.router.route(connection);
    if (std::holds_alternative<access::Pending>(routing)) {
        return;
    }
    if (const auto* refusal = std::get_if<access::Refusal>(&routing)) {
        ++parts_.counters.requests[static_cast<std::size_t>(api::RouteKind::error)];
        return refuse(connection, *refusal);
    }
    const auto& route = std::get<api::Route>(routing);
    const http::Request& request = connection.exchange().reader.request();
    if (route.changes &&
        !control_changes_.read_body(connection, route, reply_context(connection))) {
        return;
    }
    ++parts_.counters.requests[static_cast<std::size_t>(route.kind)];
    const http::ReplyContext reply = reply_context(connection);
    if (route.status == api::misdirected_status) {
        parts_.client_log.note_refused_host(request);
    } else if (!request.origin.empty() && reply.allow_origin.empty()) {
        parts_.client_log.note_refused_origin(request);
    }
    answer_route(connection, route, reply);
}

void Responder::answer_route(connection::Connection& connection, const api::Route& route,
                             const http::ReplyContext& reply) {
    switch (route.kind) {
    case api::RouteKind::stream:
        return answer_stream(connection, route, reply);
    case api::RouteKind::snapshot:
        return answer_snapshot(connection, route, reply);
    case api::RouteKind::status:
        return answer_report(connection, route, status_kind(route), reply);
    case api::RouteKind::metrics:
        return answer_report(connection, route, ReportKind::metrics, reply);
    case api::RouteKind::healthz:
        return send(connection, health(route, reply));
    case api::RouteKind::index:
        return answer_report(connection, route,
                             route.page == api::PageKind::streams ? ReportKind::streams_page
                                                                  : ReportKind::single,
                             reply);
    case api::RouteKind::asset:
        assets_.answer(parts_.context, connection, *route.asset, reply);
        return parts_.counters.count_response(status_ok);
    case api::RouteKind::state:
        return send(connection,
                    api::ok(http::ContentType::json,
                            api::state_json(parts_.streams.get(*route.stream).status()), reply));
    case api::RouteKind::controls:
        if (route.changes) {
            answer_changed(); // before the outcome of the next change takes the place of theirs
            if (auto answer = control_changes_.start(connection, route, reply)) {
                send_changed(connection, route, *std::move(answer));
            }
            return;
        }
        if (!refuse_single(connection, route, reply)) {
            answer_report(connection, route, ReportKind::single, reply);
        }
        return;
    case api::RouteKind::events:
        followers_.answer(connection, reply);
        return parts_.counters.count_response(status_ok);
    case api::RouteKind::link:
        return answer_link(connection, route, reply);
    case api::RouteKind::options:
        return send(
            connection,
            api::options(reply, api::put_policy(route, connection.exchange().reader.request(),
                                                parts_.settings.cors_origins)));
    case api::RouteKind::error:
        return send(connection, api::error(route.status, route.message, reply));
    }
}

api::Answer Responder::health(const api::Route& route, const http::ReplyContext& reply) const {
    if (draining_) {
        return api::draining(reply);
    }
    return api::health(route.stream ? &parts_.streams.get(*route.stream).signal() : nullptr, reply);
}

void Responder::send(connection::Connection& connection, api::Answer answer) noexcept {
    parts_.counters.count_response(answer.status);
    connection.reply(parts_.context, std::move(answer.text), answer.keep_alive);
}

void Responder::answer_bad_request(connection::Connection& connection) noexcept {
    ++parts_.counters.bad_requests;
    answer_or_abort(connection, [&] {
        send(connection, api::bad_request(connection.exchange().reader, parts_.settings.version,
                                          parts_.context.engine.wall_now()));
    });
}

void Responder::answer_ending(connection::Connection& connection) noexcept {
    ++parts_.counters.connections_refused;
    answer_or_abort(connection, [&] { send(connection, api::ending(reply_context(connection))); });
}

void Responder::answer_timeout(connection::Connection& connection) noexcept {
    if (connection.exchange().reader.idle()) {
        return connection.drain(parts_.context);
    }
    ++parts_.counters.bad_requests;
    answer_or_abort(connection, [&] {
        send(connection, api::request_timeout(connection.exchange().reader, parts_.settings.version,
                                              parts_.context.engine.wall_now()));
    });
}

void Responder::answer_late_logins() noexcept {
    const Instant now = parts_.context.engine.now();
    while (replies_left_ > 0) {
        connection::Connection* const late = parts_.router.authenticator().take_late(now);
        if (late == nullptr) {
            return;
        }
        --replies_left_;
        answer_or_abort(*late, [&] { refuse(*late, Authenticator::too_late()); });
    }
}

void Responder::answer_changed() noexcept {
    stream::ConnectionList& waiters = control_changes_.waiters();
    connection::Connection* next = waiters.first();
    while (next != nullptr) { // at most one for each camera
        connection::Connection& connection = *next;
        next = waiters.next(connection);
        answer_or_abort(connection, [&] {
            const api::Route route = parts_.router.route_of(connection);
            auto answer = control_changes_.outcome(connection, route, reply_context(connection));
            if (answer) {
                send_changed(connection, route, *std::move(answer));
            }
        });
    }
}

void Responder::send_changed(connection::Connection& connection, const api::Route& route,
                             api::Answer answer) {
    if (answer.status == status_ok) {
        const stream::Stream& stream = parts_.streams.get(*route.stream);
        parts_.events.note_controls(
            stream, config::controls_text(stream.source().camera()->controls_changed));
    }
    send(connection, std::move(answer));
}

// --- snapshots ---

void Responder::answer_snapshot_waiters() noexcept {
    const Instant now = parts_.context.engine.now();
    // Bounded like a fan-out, for the same reason.
    std::uint32_t budget = parts_.settings.stream.submit_batch;
    for (stream::Stream* stream : parts_.streams.all()) {
        budget -= stream->snapshot_waiters().answer_due(
            now, budget, [this, stream](connection::Connection& connection, bool late) {
                bool answered = true; // also when memory is short for the answer
                answer_or_abort(connection, [&] {
                    answered = connection.exchange().sharpest != nullptr
                                   ? answer_sharpest_waiter(connection, *stream, late)
                                   : answer_snapshot_waiter(connection, *stream, late);
                });
                return answered;
            });
    }
    snapshots_pending_ = budget == 0;
}

// --- reports ---

void Responder::answer_report(connection::Connection& connection, const api::Route& route,
                              ReportKind kind, const http::ReplyContext& reply) {
    kind = parts_.router.shared_kind(connection, kind);
    const Instant now = parts_.context.engine.now();
    if (const connection::SharedText* report = reports_.fresh(kind, now)) {
        return send_report(connection, route.kind, report->share(), reply);
    }
    connection.wait(parts_.context, now + parts_.settings.report_wait);
    reports_.waiters(kind).push_back(connection);
}

/// Renders at most one report: a turn of the loop is held up by one.
void Responder::answer_report_waiters() noexcept {
    bool may_try = true;
    for (std::size_t i = 0; i < report_kind_count; ++i) {
        const auto kind = static_cast<ReportKind>(i);
        stream::ConnectionList& waiters = reports_.waiters(kind);
        bool answered = true; // also when memory is short for the answer
        while (answered && replies_left_ > 0 && !waiters.empty()) {
            connection::Connection& connection = waiters.front();
            answer_or_abort(connection,
                            [&] { answered = answer_report_waiter(connection, kind, may_try); });
            replies_left_ -= answered ? 1U : 0U;
        }
    }
}

bool Responder::answer_report_waiter(connection::Connection& connection, ReportKind kind,
                                     bool& may_try) {
    const Instant now = parts_.context.engine.now();
    const connection::SharedText* const shared = reports_.fresh(kind, now);
    const bool renders = shared == nullptr && std::exchange(may_try, false) && may_render(now);
    if (shared == nullptr && !renders) {
        if (now < connection.deadline()) {
            return false;
        }
        send(connection, api::busy(reply_context(connection)));
        return true;
    }
    const api::Route route = parts_.router.route_of(connection);
    const http::ReplyContext reply = reply_context(connection);
    if (renders && kind == ReportKind::single && refuse_single(connection, route, reply)) {
        return true;
    }
    send_report(connection, route.kind, renders ? render(connection, route, kind) : shared->share(),
                reply);
    return true;
}

} // namespace ringcast::relay
