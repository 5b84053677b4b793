#include "api/routes.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "api/route_parameters.hpp"
#include "http/authority.hpp"
#include "http/query.hpp"

namespace ringcast::api {
namespace {

Route refused(int status, std::string message) {
    Route route;
    route.kind = RouteKind::error;
    route.status = status;
    route.message = std::move(message);
    return route;
}

// The segments of a path, percent-decoded. Empty ones are skipped: "/printer//stream/" equals
// "/printer/stream".
class Segments {
public:
    static constexpr std::size_t count_max = 3;

    /// False when the path has more than `count_max` segments, as no existing path does, or can't
    /// be decoded.
    [[nodiscard]] bool split(std::string_view path) noexcept {
        while (!path.empty()) {
            const std::string_view segment = path.substr(0, path.find('/'));
            path.remove_prefix(std::min(segment.size() + 1, path.size()));
            if (segment.empty()) {
                continue;
            }
            if (count_ == count_max) {
                return false;
            }
            const auto decoded = http::percent_decode(segment, memory_[count_]);
            if (!decoded) {
                return false;
            }
            texts_[count_++] = *decoded;
        }
        return true;
    }
    /// The last one; empty if there is none.
    [[nodiscard]] std::string_view last() const noexcept {
        return count_ == 0 ? std::string_view() : texts_[count_ - 1];
    }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
        return texts_[index];
    }

private:
    std::array<std::array<char, http::QueryReader::decoded_bytes_max>, count_max> memory_;
    std::array<std::string_view, count_max> texts_{};
    std::size_t count_ = 0;
};

struct Named {
    std::string_view name;
    RouteKind kind;
};

// Resources of a stream: below its name, and at the root for the default stream. "stream.mjpg" is
// the path of the Python servers in camera tutorials; other programs use "snapshot.jpg" and
// "state".
constexpr std::array stream_resources = {
    Named{"stream", RouteKind::stream},     Named{"stream.mjpg", RouteKind::stream},
    Named{"snapshot", RouteKind::snapshot}, Named{"snapshot.jpg", RouteKind::snapshot},
    Named{"state", RouteKind::state},       Named{"controls", RouteKind::controls},
    Named{"link", RouteKind::link},
};
constexpr std::array server_resources = {
    Named{"metrics", RouteKind::metrics},
    Named{"healthz", RouteKind::healthz},
};
// Below "/api/".
constexpr std::array api_resources = {
    Named{"status", RouteKind::status},
    Named{"events", RouteKind::events},
};
// "/printer.mjpg" equals "/printer/stream".
constexpr std::array suffixes = {
    Named{".mjpg", RouteKind::stream},
    Named{".jpg", RouteKind::snapshot},
};

template <std::size_t count>
std::optional<RouteKind> find_named(const std::array<Named, count>& table,
                                    std::string_view name) noexcept {
    const auto found = std::find_if(table.begin(), table.end(),
                                    [name](const Named& entry) { return entry.name == name; });
    return found == table.end() ? std::nullopt : std::optional(found->kind);
}

std::string list_of(const stream::Directory& streams) {
    std::string text;
    for (const stream::DirectoryEntry& entry : streams.entries) {
        if (streams.shows(entry)) {
            text.append(text.empty() ? "" : ", ").append(entry.name);
        }
    }
    return text;
}

Route not_found(const stream::Directory& streams) {
    const std::string list = list_of(streams);
    return refused(
        not_found_status,
        fmt::format("There is no such page or stream{}. The URLs of a stream are /NAME/stream and "
                    "/NAME/snapshot; {}{}.",
                    streams.may_see ? ", or you may not see it" : "",
                    list.empty() ? "there is none for you" : "the streams are: ", list));
}

// Files of other versions are not there: a page that an older server has written asks for them.
Route locate_asset(const Segments& path, const stream::Directory& streams) {
    Route route;
    route.kind = RouteKind::asset;
    route.asset =
        path[0] == "assets" && path[1] == page::version() ? page::find_file(path[2]) : nullptr;
    return route.asset != nullptr ? route : not_found(streams);
}

// Resolves the path without the query.
Route locate(const Segments& path, const stream::Directory& streams) {
    Route route;
    if (path.count() == 0) {
        route.kind = RouteKind::index;
        return route;
    }
    if (path.count() == 3) {
        return locate_asset(path, streams);
    }
    if (path.count() == 2) {
        if (path[0] == "api") {
            if (const auto kind = find_named(api_resources, path[1])) {
                route.kind = *kind;
                return route;
            }
        }
        const auto kind = find_named(stream_resources, path[1]);
        route.stream = streams.find(path[0]);
        route.kind = kind.value_or(RouteKind::error);
        return kind && route.stream ? route : not_found(streams);
    }
    const std::string_view name = path[0];
    if (const auto kind = find_named(server_resources, name)) {
        route.kind = *kind;
        return route;
    }
    if (const auto kind = find_named(stream_resources, name)) {
        route.kind = *kind;
        route.stream = streams.find_default();
        return route.stream ? route : not_found(streams);
    }
    for (const Named& suffix : suffixes) {
        if (name.ends_with(suffix.name)) {
            route.kind = suffix.kind;
            route.stream = streams.find(name.substr(0, name.size() - suffix.name.size()));
            return route.stream ? route : not_found(streams);
        }
    }
    route.kind = RouteKind::index;
    if (name == "status") {
        route.page = PageKind::status;
        return route;
    }
    route.page = PageKind::stream;
    route.stream = streams.find(name);
    return route.stream ? route : not_found(streams);
}

// mjpg-streamer's "?action=stream" and "?action=snapshot", with "_N" for the Nth camera from 0.
Route apply_action(Route route, std::optional<std::string_view> value,
                   const stream::Directory& streams) {
    std::string_view action = value.value_or("");
    for (const Named& entry :
         {Named{"stream", RouteKind::stream}, Named{"snapshot", RouteKind::snapshot}}) {
        if (!action.starts_with(entry.name)) {
            continue;
        }
        action.remove_prefix(entry.name.size());
        route.kind = entry.kind;
        if (action.empty()) {
            route.stream = route.stream ? route.stream : streams.find_default();
            return route.stream ? route : not_found(streams);
        }
        const auto index = action.front() == '_'
                               ? http::read_integer(action.substr(1), 0, INT32_MAX)
                               : std::nullopt;
        if (!index) {
            break;
        }
        const auto position = static_cast<std::size_t>(*index);
        if (position >= streams.entries.size() || !streams.shows(streams.entries[position])) {
            return not_found(streams);
        }
        route.stream = streams.entries[position].id;
        return route;
    }
    return refused(400, "action must be stream or snapshot, or one of these followed by _N for the "
                        "Nth stream, counted from 0.");
}

// Blink and WebKit paint a part only when the headers of the next one are complete. The advance
// variant sends these headers ahead, at the price of Content-Length, which scripts and programs
// need, so it is used for the <img> of browsers alone. Its Accept header begins with "image/" (that
// of fetch is "*/*", that of a page begins with "text/html") and lists "image/svg+xml", which a
// program that wants JPEG does not; old versions of Chromium, found on tablets, do not list it
// either. Gecko paints both variants at once.
bool is_image_of_browser(const http::Request& request) noexcept {
    const bool image = request.accept.starts_with("image/");
    const bool browser = request.accept.find("image/svg+xml") != std::string_view::npos ||
                         request.user_agent.find("Chrome/") != std::string_view::npos;
    return image && browser;
}

Route read_parameters(Route route, std::string_view query, const stream::Directory& streams) {
    http::QueryReader reader(query);
    while (const auto parameter = reader.next()) {
        if (route.kind == RouteKind::healthz && parameter->name == "stream") {
            route.stream = streams.find(parameter->value.value_or(""));
            if (!route.stream) {
                return not_found(streams);
            }
        }
        if (const std::string_view expected = read_parameter(route, *parameter);
            !expected.empty()) {
            return refused(400, std::string(expected));
        }
    }
    if (route.kind == RouteKind::link && route.link_for == Duration::zero()) {
        return refused(400, std::string(link_time_expected));
    }
    return route;
}

bool is_listed_origin(const http::Request& request, std::span<const std::string> allowed) noexcept {
    return !request.origin.empty() && std::ranges::find(allowed, request.origin) != allowed.end();
}

// A page of the host that the request was sent to, on any port: that of a printer or a dashboard
// beside ringcast.
bool is_on_requested_host(const http::Request& request) noexcept {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (request.origin.starts_with(scheme)) {
            const std::string_view authority = request.origin.substr(scheme.size());
            return http::is_authority(authority) &&
                   http::equal_hosts(http::host_of(authority), http::host_of(request.host));
        }
    }
    return false;
}

} // namespace

std::string_view route_kind_name(RouteKind kind) noexcept {
    switch (kind) {
    case RouteKind::stream:
        return "stream";
    case RouteKind::snapshot:
        return "snapshot";
    case RouteKind::status:
        return "status";
    case RouteKind::metrics:
        return "metrics";
    case RouteKind::healthz:
        return "healthz";
    case RouteKind::index:
        return "index";
    case RouteKind::state:
        return "state";
    case RouteKind::controls:
        return "controls";
    case RouteKind::link:
        return "link";
    case RouteKind::events:
        return "events";
    case RouteKind::asset:
        return "asset";
    case RouteKind::options:
        return "options";
    case RouteKind::error:
        return "error";
    }
    return {};
}

Route misdirected(std::string_view host) {
    Route route;
    route.kind = RouteKind::error;
    route.status = misdirected_status;
    route.message =
        fmt::format("This server does not answer to the name {0}. If it is a name of this server, "
                    "add to its configuration, under [http]: hosts = [\"{0}\"]",
                    http::host_of(host));
    return route;
}

Route for_administrators() {
    return refused(forbidden_status,
                   "This is for administrators: add your name to admins under [access].");
}

Route nobody_administrates(bool access) {
    return refused(forbidden_status,
                   access
                       ? "Controls are changed by administrators only, and nobody is asked who "
                         "they are on this address: use one without access = \"public\"."
                       : "Controls are changed by administrators only, and this server has none: "
                         "add to its configuration, under [access]: users_file = "
                         "\"/etc/ringcast/users\" and admins = [\"NAME\"]");
}

Route outside_link(const access::Link& link) {
    const std::string_view what =
        link.kind == access::LinkKind::snapshot_only ? "snapshots" : "stream and the snapshots";
    return refused(forbidden_status,
                   fmt::format("This link is for the {} of {} alone.", what, link.stream));
}

bool link_admits_to(const access::Link& link, const Route& route) noexcept {
    return route.kind == RouteKind::snapshot ||
           (route.kind == RouteKind::stream && link.kind != access::LinkKind::snapshot_only);
}

Route resolve(const http::Request& request, const stream::Directory& streams) {
    Segments path;
    const bool split = path.split(request.path);
    // By the path's form alone, because not everybody may know which streams exist.
    const bool has_put = split && path.count() <= 2 && path.last() == "controls";
    if (request.method == http::Method::options) {
        Route route;
        route.kind = RouteKind::options;
        route.changes = has_put;
        return route;
    }
    const bool put = request.method == http::Method::put;
    if (put && !has_put) {
        return refused(405,
                       "Method not allowed: use GET, HEAD or OPTIONS; PUT is for /NAME/controls.");
    }
    if (!split) {
        return not_found(streams);
    }
    Route route = locate(path, streams);
    route.changes = put && route.kind == RouteKind::controls;
    if (route.kind == RouteKind::index || route.kind == RouteKind::stream) {
        http::QueryReader reader(request.query);
        while (const auto parameter = reader.next()) {
            if (parameter->name == "action") {
                route = apply_action(std::move(route), parameter->value, streams);
                break;
            }
        }
    }
    if (route.kind == RouteKind::stream) {
        route.image = is_image_of_browser(request);
        route.variant = route.image ? http::Variant::advance : http::Variant::standard;
    }
    return read_parameters(std::move(route), request.query, streams);
}

std::string_view without_base(std::string_view path, std::string_view base) noexcept {
    const std::string_view rest = path.substr(std::min(base.size(), path.size()));
    const bool below = path.starts_with(base) && (rest.empty() || rest.starts_with('/'));
    return !below ? path : rest.empty() ? "/" : rest;
}

std::string_view allowed_origin(const http::Request& request,
                                std::span<const std::string> allowed) noexcept {
    if (request.origin.empty()) {
        return {};
    }
    if (is_listed_origin(request, allowed) || is_on_requested_host(request)) {
        return request.origin;
    }
    return std::ranges::find(allowed, "*") != allowed.end() ? "*" : std::string_view{};
}

http::PutPolicy put_policy(const Route& route, const http::Request& request,
                           std::span<const std::string> allowed) noexcept {
    return {.put = route.changes, .put_across = is_listed_origin(request, allowed)};
}

} // namespace ringcast::api
