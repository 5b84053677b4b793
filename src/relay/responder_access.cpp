// Who may ask for what: names of the server, callers and what they may see, origins.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "http/authority.hpp"
#include "http/forwarded.hpp"
#include "relay/responder.hpp"

namespace ringcast::relay {

namespace {

/// True for what is answered without knowing who asks.
bool is_for_everybody(const api::Route& route) noexcept {
    switch (route.kind) {
    case api::RouteKind::stream:
    case api::RouteKind::snapshot:
    case api::RouteKind::state:
    case api::RouteKind::healthz:
    case api::RouteKind::options:
        return true;
    case api::RouteKind::status:
    case api::RouteKind::metrics:
    case api::RouteKind::index:
    case api::RouteKind::controls:
    case api::RouteKind::link:
    case api::RouteKind::error:
        return false;
    }
    return false;
}

/// True if somebody who has proven nothing may have the answer.
bool is_for_nobody(const api::Route& route, const stream::Directory& directory) {
    switch (route.kind) {
    case api::RouteKind::status:
    case api::RouteKind::metrics:
    case api::RouteKind::index:
        return directory.shows_any() && !route.login;
    case api::RouteKind::error:
        return route.status != api::not_found_status;
    case api::RouteKind::controls:
    case api::RouteKind::link:
        return false;
    case api::RouteKind::stream:
    case api::RouteKind::snapshot:
    case api::RouteKind::state:
    case api::RouteKind::healthz:
    case api::RouteKind::options:
        return true;
    }
    return false;
}

} // namespace

/// Finds out who sends the request. Returns false if that takes longer, or if it is refused, which it
/// has been then.
bool Responder::identify(connection::Connection& connection) {
    if (!authenticator_.asks(connection)) {
        connection.caller() = {access::Identity::guest, false, std::nullopt};
        return true;
    }
    // A public stream is for everybody, whatever credentials a client or a proxy sends with it.
    connection.caller() = {};
    const api::Route route = route_of(connection);
    if (is_for_everybody(route)) {
        return true;
    }
    access::Decision decision = authenticator_.identify(connection);
    if (std::holds_alternative<access::Pending>(decision)) {
        return false;
    }
    if (auto* caller = std::get_if<access::Caller>(&decision)) {
        connection.caller() = std::move(*caller);
        if (connection.caller().identity != access::Identity::nobody ||
            is_for_nobody(route, directory_for(connection))) {
            return true;
        }
        decision = access::Gate::login_required();
    }
    ++parts_.counters.requests[static_cast<std::size_t>(api::RouteKind::error)];
    refuse(connection, std::get<access::Refusal>(decision));
    return false;
}

void Responder::refuse(connection::Connection& connection, const access::Refusal& refusal) {
    send(connection, api::refused(refusal, !authenticator_.gate().rules().users().empty(),
                                  reply_context(connection)));
}

/// The streams that the sender of the request may know of.
stream::Directory Responder::directory_for(const connection::Connection& connection) const {
    stream::Directory directory{parts_.streams.directory(), default_stream_};
    if (authenticator_.asks(connection)) {
        directory.may_see = [this, &connection](std::string_view name) {
            return authenticator_.gate().rules().may_watch(connection.caller(), name);
        };
    }
    return directory;
}

/// Also viewers' addresses and cameras.
bool Responder::sees_everything(const connection::Connection& connection) const noexcept {
    return !parts_.settings.access || connection.caller().administrates;
}

/// Reports are the same for all who see everything; for others they are rendered one by one.
ReportKind Responder::shared_kind(const connection::Connection& connection,
                                  ReportKind kind) const noexcept {
    const bool particular = kind == ReportKind::index &&
                            (authenticator_.asks(connection) || !prefix_of(connection).empty());
    return sees_everything(connection) && !particular ? kind : ReportKind::single;
}

/// Where the proxy that passed the request on publishes the server.
std::string_view Responder::prefix_of(const connection::Connection& connection) const noexcept {
    const RelaySettings& settings = parts_.settings;
    const std::string_view sent = connection.request_reader().request().x_forwarded_prefix;
    if (sent.empty() || !connection.endpoint().through_proxy(settings.trusted_proxies)) {
        return settings.base_path;
    }
    return http::forwarded_prefix(sent).value_or(settings.base_path);
}

std::string Responder::render_page(const connection::Connection& connection) {
    const bool asks = authenticator_.asks(connection);
    const access::Identity caller = connection.caller().identity;
    api::PageOptions options;
    options.prefix = prefix_of(connection);
    options.offers_login = asks && caller == access::Identity::nobody;
    options.offers_links =
        asks && !options.offers_login && authenticator_.gate().rules().link_key().has_value();
    return api::index_page(directory_for(connection), parts_.settings.boundary,
                           parts_.context.engine.wall_now(), options);
}

api::Route Responder::route_of(const connection::Connection& connection) const {
    http::Request request = connection.request_reader().request();
    request.path = api::without_base(request.path, parts_.settings.base_path);
    const access::Caller& caller = connection.caller();
    api::Route route = api::resolve(request, directory_for(connection));
    const bool over_network = connection.endpoint().peer.transport == io::Transport::tcp;
    if (over_network && !authenticator_.asks(connection) && route.kind != api::RouteKind::healthz &&
        !host_names_.contain(request.host)) {
        return api::misdirected(request.host);
    }
    if (caller.link && !api::link_admits_to(*caller.link, route)) {
        return api::outside_link(*caller.link);
    }
    if (route.kind == api::RouteKind::controls && !sees_everything(connection)) {
        return api::for_administrators();
    }
    if (caller.link && caller.link->millifps > 0) {
        const double fps_max = caller.link->millifps / 1000.0;
        route.fps = std::min(route.fps.value_or(fps_max), fps_max);
    }
    return route;
}

void Responder::on_password_checked(const io::Completion& completion) noexcept {
    authenticator_.on_completion(completion, requests_);
}

bool Responder::may_stay(const connection::Connection& connection) const {
    if (!authenticator_.asks(connection)) {
        return true;
    }
    const access::Rules& rules = authenticator_.gate().rules();
    if (!connection.streaming()) {
        const access::Identity identity = connection.caller().identity;
        return identity == access::Identity::nobody || rules.is_known(identity);
    }
    const connection::StreamOptions& options = connection.frames().options();
    return rules.may_stay(options.caller, parts_.streams.get(options.stream).name());
}

// --- links ---

void Responder::answer_link(connection::Connection& connection, const api::Route& route,
                            const http::ReplyContext& reply) {
    using std::chrono::seconds;
    const std::optional<access::LinkKey>& key = authenticator_.gate().rules().link_key();
    const bool asks = authenticator_.asks(connection);
    if (!asks || !key) {
        return send(connection, api::no_links(asks, reply));
    }
    const WallTime now = parts_.context.engine.wall_now();
    access::Link link;
    link.stream = parts_.streams.get(*route.stream).name();
    link.expiry = std::chrono::floor<seconds>(now + route.link_for);
    link.kind = route.snapshot_only ? access::LinkKind::snapshot_only
                                    : access::LinkKind::stream_and_snapshot;
    if (route.fps && !route.snapshot_only) {
        link.millifps = static_cast<std::uint32_t>(std::max(std::lround(*route.fps * 1000.0), 1L));
    }
    send(connection, api::link(link, access::sign_link(*key, link), reply));
}

// --- origins ---

/// Logs only the first refusal: a page that is refused keeps retrying.
void Responder::report_refused_host(const http::Request& request) noexcept {
    if (std::exchange(host_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a request for the host {} was refused: if that is a name of this server, add under [http]: "
        "hosts = [\"{}\"]",
        http::host_of(request.host), http::host_of(request.host));
}

void Responder::report_refused_origin(const http::Request& request) noexcept {
    if (std::exchange(origin_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a page from {} may show streams but not read them; to allow it, add under [http]: "
        "cors_origins = [\"{}\"]",
        request.origin, request.origin);
}

} // namespace ringcast::relay
