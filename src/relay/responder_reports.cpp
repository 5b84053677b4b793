// Renders reports, and sends them.

#include <string>
#include <utility>

#include "api/pages.hpp"
#include "base/log.hpp"
#include "relay/responder.hpp"

namespace ringcast::relay {

namespace {

http::ContentType content_type(api::RouteKind kind) noexcept {
    if (kind == api::RouteKind::index) {
        return http::ContentType::html;
    }
    return kind == api::RouteKind::metrics ? http::ContentType::metrics : http::ContentType::json;
}

} // namespace

/// True if what the request asks for can't be rendered, and was answered so.
bool Responder::refuse_single(connection::Connection& connection, const api::Route& route,
                              const http::ReplyContext& reply) {
    if (route.kind == api::RouteKind::error) { // the stream has ended since the request
        send(connection, api::error(route.status, route.message, reply));
        return true;
    }
    if (route.kind != api::RouteKind::controls) {
        return false;
    }
    stream::Stream& stream = parts_.streams.get(*route.stream);
    auto refused =
        api::no_controls(stream.name(), stream.signal(), stream.source().camera(), reply);
    if (!refused) {
        return false;
    }
    send(connection, *std::move(refused));
    return true;
}

/// When the memory for reports is used up, the connection that has been reading one for longest
/// makes room.
bool Responder::may_render(Instant now) noexcept {
    if (!reports_.may_render(now)) {
        return false;
    }
    if (!reports_.memory_full()) {
        return true;
    }
    if (!reports_.replies().empty()) { // else those that were aborted are being joined
        ++parts_.counters.evicted_for_memory;
        if (report_throttle_.should_log(now)) {
            log(LogLevel::warning, "clients that ask for the status and do not read it are "
                                   "disconnected, because its memory runs short");
        }
        reports_.replies().front().abort(parts_.context);
    }
    return false;
}

/// The report that the connection's request asks for.
std::string Responder::report_text(const connection::Connection& connection,
                                   const api::Route& route) {
    if (route.kind == api::RouteKind::controls) {
        const source::FrameSource& source = parts_.streams.get(*route.stream).source();
        return api::controls_json(*source.camera(), source.camera_controls());
    }
    if (route.kind == api::RouteKind::index) {
        return api::page(route.page,
                         route.stream ? parts_.streams.get(*route.stream).name()
                                      : std::string_view(),
                         parts_.router.directory_for(connection), parts_.context.engine.wall_now(),
                         parts_.router.page_options(connection));
    }
    const bool lists_viewers =
        route.kind == api::RouteKind::status && parts_.router.sees_everything(connection);
    api::ViewerPage page;
    if (lists_viewers) {
        page = route.viewers.value_or(api::ViewerPage{.count_max = api::ViewerPage::count_limit});
    }
    api::StatusSnapshot status = parts_.status(page);
    if (!parts_.router.sees_everything(connection)) {
        api::hide_details(status, parts_.router.directory_for(connection));
    }
    return route.kind == api::RouteKind::metrics ? api::metrics_text(status)
                                                 : api::status_json(status);
}

connection::SharedText Responder::render(const connection::Connection& connection,
                                         const api::Route& route, ReportKind kind) {
    io::Engine& engine = parts_.context.engine;
    engine.read_clocks();
    const Instant began = engine.now();
    std::string text = report_text(connection, route);
    engine.read_clocks();
    return reports_.add(kind, std::move(text), began, engine.now());
}

void Responder::send_report(connection::Connection& connection, api::RouteKind kind,
                            connection::SharedText report, const http::ReplyContext& reply) {
    std::string policy;
    if (kind == api::RouteKind::index) {
        policy = api::page_policy(connection.exchange().reader.request().host,
                                  parts_.settings.cors_origins);
    }
    std::string head = http::reply_head(status_ok, content_type(kind), report.text().size(), reply,
                                        {.content_security_policy = policy});
    if (reply.head_only) {
        return send(connection, {status_ok, std::move(head), reply.keep_alive});
    }
    parts_.counters.count_response(status_ok);
    connection.reply(parts_.context, std::move(head), reply.keep_alive, std::move(report));
    reports_.replies().push_back(connection);
}

} // namespace ringcast::relay
