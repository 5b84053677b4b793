#include "relay/router.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "http/forwarded.hpp"
#include "http/query.hpp"

namespace ringcast::relay {

namespace {

/// What whoever asks must have proven to get the answer.
enum class Proof : std::uint8_t {
    nothing,
    nothing_where_public, ///< if there is a public stream
    identity,
};

Proof required_proof(const api::Route& route) noexcept {
    switch (route.kind) {
    case api::RouteKind::stream: // routes lead to streams that the caller may see
    case api::RouteKind::snapshot:
    case api::RouteKind::state:
    case api::RouteKind::healthz:
    case api::RouteKind::asset: // the same for everybody who has this program
    case api::RouteKind::options:
        return Proof::nothing;
    case api::RouteKind::index:
        return route.login ? Proof::identity : Proof::nothing_where_public;
    case api::RouteKind::status:
    case api::RouteKind::events:
    case api::RouteKind::metrics:
        return Proof::nothing_where_public;
    case api::RouteKind::controls:
    case api::RouteKind::link:
    case api::RouteKind::error:
        return Proof::identity;
    }
    return Proof::identity;
}

/// `route` is that of somebody who has proven nothing.
bool is_for_nobody(const api::Route& route, const stream::Directory& directory) {
    if (route.kind == api::RouteKind::error) { // a parameter is wrong
        return route.status != api::not_found_status && route.status != api::forbidden_status;
    }
    return required_proof(route) == Proof::nothing_where_public && directory.shows_any();
}

} // namespace

Routing Router::route(connection::Connection& connection) {
    access::Caller& caller = connection.exchange().caller;
    if (!authenticator_.asks(connection)) {
        caller = {access::Identity::guest, false, std::nullopt};
        return route_of(connection);
    }
    // A public stream is for everybody, whatever credentials a client or a proxy sends with it.
    caller = {};
    api::Route route = route_of(connection);
    if (required_proof(route) == Proof::nothing) {
        return route;
    }
    access::Decision decision = authenticator_.identify(connection);
    if (auto* refusal = std::get_if<access::Refusal>(&decision)) {
        return *refusal;
    }
    if (auto* pending = std::get_if<access::Pending>(&decision)) {
        return *pending;
    }
    caller = std::get<access::Caller>(std::move(decision));
    if (caller.identity != access::Identity::nobody) {
        return route_of(connection);
    }
    if (is_for_nobody(route, directory_for(connection))) {
        return route;
    }
    return access::Gate::login_required();
}

stream::Directory Router::directory_for(const connection::Connection& connection) const {
    stream::Directory directory{streams_.directory(), default_stream_};
    if (authenticator_.asks(connection)) {
        directory.may_see = [this, &connection](std::string_view name) {
            return authenticator_.gate().rules().may_watch(connection.exchange().caller, name);
        };
    }
    return directory;
}

bool Router::sees_everything(const connection::Connection& connection) const noexcept {
    return !settings_.access || connection.exchange().caller.administrates;
}

bool Router::may_know(const connection::Connection& connection, std::string_view stream,
                      bool confidential) const noexcept {
    if (confidential || sees_everything(connection)) {
        return sees_everything(connection);
    }
    return stream.empty() || directory_for(connection).find(stream).has_value();
}

/// Reports are the same for all who see everything; for others they are rendered one by one.
ReportKind Router::shared_kind(const connection::Connection& connection,
                               ReportKind kind) const noexcept {
    const bool particular = kind == ReportKind::streams_page &&
                            (authenticator_.asks(connection) || !prefix_of(connection).empty());
    return sees_everything(connection) && !particular ? kind : ReportKind::single;
}

/// Where the proxy that passed the request on publishes the server.
std::string_view Router::prefix_of(const connection::Connection& connection) const noexcept {
    const std::string_view sent = connection.exchange().reader.request().x_forwarded_prefix;
    if (sent.empty() || !connection.endpoint().through_proxy(settings_.trusted_proxies)) {
        return settings_.base_path;
    }
    return http::forwarded_prefix(sent).value_or(settings_.base_path);
}

api::PageOptions Router::page_options(const connection::Connection& connection) const {
    const bool asks = authenticator_.asks(connection);
    api::PageOptions options;
    options.prefix = prefix_of(connection);
    options.path =
        api::without_base(connection.exchange().reader.request().path, settings_.base_path);
    options.administrates = asks && connection.exchange().caller.administrates;
    options.offers_login =
        asks && connection.exchange().caller.identity == access::Identity::nobody;
    options.offers_links =
        asks && !options.offers_login && authenticator_.gate().rules().link_key().has_value();
    if (asks) {
        const http::Request& request = connection.exchange().reader.request();
        options.token = http::find_parameter(request.query, "token").value_or("");
    }
    return options;
}

api::Route Router::route_of(const connection::Connection& connection) const {
    http::Request request = connection.exchange().reader.request();
    request.path = api::without_base(request.path, settings_.base_path);
    const access::Caller& caller = connection.exchange().caller;
    api::Route route = api::resolve(request, directory_for(connection));
    const bool over_network = connection.endpoint().peer.transport == io::Transport::tcp;
    if (over_network && !authenticator_.asks(connection) && route.kind != api::RouteKind::healthz &&
        !host_names_.contain(request.host)) {
        return api::misdirected(request.host);
    }
    if (caller.link && !api::link_admits_to(*caller.link, route)) {
        return api::outside_link(*caller.link);
    }
    if (route.changes && !authenticator_.asks(connection)) {
        return api::nobody_administrates(settings_.access.has_value());
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

bool Router::may_stay(const connection::Connection& connection) const {
    if (connection.follows_events()) {
        return false; // it asks again, and is told what the rules allow now
    }
    if (!authenticator_.asks(connection)) {
        return true;
    }
    const access::Rules& rules = authenticator_.gate().rules();
    if (!connection.streaming()) {
        const access::Identity identity = connection.exchange().caller.identity;
        return identity == access::Identity::nobody || rules.is_known(identity);
    }
    const connection::StreamOptions& options = connection.frames().options();
    // It came where nobody was asked at that time.
    const bool guest = options.caller == access::Identity::guest;
    return rules.may_stay(guest ? access::Identity::nobody : options.caller,
                          streams_.get(options.stream).name());
}

} // namespace ringcast::relay
