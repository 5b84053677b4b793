#pragma once
// Maps a request's URL to a route. No I/O, no clock; knows the names of streams, but no frames and
// no viewers. All URLs that ringcast serves are defined here; docs/http-api.md lists them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/link.hpp"
#include "base/time.hpp"
#include "http/multipart.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "page/files.hpp"
#include "stream/directory.hpp"

namespace ringcast::api {

enum class RouteKind : std::uint8_t {
    stream,
    snapshot,
    status,
    metrics,
    healthz,
    index,    ///< a page
    state,    ///< the status of one stream in the format of ustreamer's /state
    controls, ///< the controls of a stream's camera
    link,     ///< makes a signed link to a stream
    events,   ///< what happens, as it happens
    asset,    ///< a file of the pages
    options,  ///< OPTIONS: a browser's preflight before a cross-origin request
    error,
};
inline constexpr std::size_t route_kind_count = 13;
/// "stream", "snapshot" and so on, for metrics and logs.
[[nodiscard]] std::string_view route_kind_name(RouteKind kind) noexcept;

enum class PageKind : std::uint8_t {
    streams, ///< all of them
    stream,  ///< one of them
    status,  ///< for operators
};

/// A part of the list of viewers, in order of their ids.
struct ViewerPage {
    std::uint32_t count_max = 0;
    std::uint64_t after = 0; ///< only viewers whose id is higher

    /// Each viewer costs a system call and up to 700 bytes of JSON.
    static constexpr std::uint32_t count_limit = 100;
};

struct Route {
    RouteKind kind = RouteKind::error;
    /// Set for stream, snapshot, state, controls, link and the page of a stream; for healthz when a
    /// stream was named.
    std::optional<io::StreamId> stream;
    /// For stream and link: limit in frames/s, from fps_min to fps_max; empty: no limit.
    std::optional<double> fps;
    http::Variant variant = http::Variant::standard; ///< for stream
    /// For stream and snapshot: name of a rendition; empty: not said.
    std::string size;
    /// For stream and snapshot: the smallest rendition that is so wide, pixels.
    std::optional<std::uint32_t> width;
    /// For stream: whether the viewer is moved between renditions; empty: not said.
    std::optional<bool> adapt;
    bool image = false; ///< for stream: it is for the `<img>` of a browser
    /// For snapshot: maximum age of the picture; zero: it must be newer than the request.
    Duration age_max{};
    bool placeholder = false; ///< for snapshot: the "no signal" picture is acceptable
    /// For snapshot: time for the answer, up to within_limit; empty: the default.
    std::optional<Duration> within;
    /// For snapshot: the picture must have been captured later; empty: later than the request.
    std::optional<WallTime> after;
    std::uint32_t sharpest = 1; ///< for snapshot: the sharpest of so many, up to sharpest_max
    /// For status: set if the request named a part of the list of viewers.
    std::optional<ViewerPage> viewers;
    PageKind page = PageKind::streams; ///< for index
    const page::File* asset = nullptr; ///< for asset; not null there
    bool login = false;                ///< for index: whoever asks wants to log in
    bool changes = false;              ///< for controls: PUT; for options: the resource has PUT
    Duration link_for{}; ///< for link: how long it is valid, from link_for_min to link_for_max
    bool snapshot_only = false; ///< for link
    int status = 0;             ///< for error
    std::string message;        ///< for error: one line that says what to do

    static constexpr double fps_min = 0.001;
    static constexpr double fps_max = 1000;
    static constexpr Duration age_limit = std::chrono::hours(24);
    static constexpr std::uint32_t sharpest_max = 30;
    static constexpr Duration within_limit = std::chrono::seconds(10);
    static constexpr Duration link_for_min = std::chrono::seconds(1);
    static constexpr Duration link_for_max = std::chrono::days(365);
};

[[nodiscard]] Route resolve(const http::Request& request, const stream::Directory& streams);

/// `path` without `base` in front of it, where a proxy passes requests on with it; else `path`. `base`
/// is empty, or begins with '/' and does not end with it. The result is not empty.
[[nodiscard]] std::string_view without_base(std::string_view path, std::string_view base) noexcept;

inline constexpr int forbidden_status = 403;
inline constexpr int not_found_status = 404;
/// What only administrators may see and do.
[[nodiscard]] Route for_administrators();
/// Nobody is asked who they are where the request arrived, so that none of them can be an
/// administrator. `access`: they are asked elsewhere.
[[nodiscard]] Route nobody_administrates(bool access);
/// What a link is not for.
[[nodiscard]] Route outside_link(const access::Link& link);
/// `route` is of the link's stream, or of none.
[[nodiscard]] bool link_admits_to(const access::Link& link, const Route& route) noexcept;

inline constexpr int misdirected_status = 421;
/// The route of a request for a `host` that is no name of this server (RFC 9110, 15.5.20).
[[nodiscard]] Route misdirected(std::string_view host);

/// Returns the value of Access-Control-Allow-Origin: the request's origin if `allowed` lists it or
/// if it is an HTTP page of the host that the request was sent to, whatever its port; "*" if
/// `allowed` contains "*"; else an empty text. Points into the request or to static text.
[[nodiscard]] std::string_view allowed_origin(const http::Request& request,
                                              std::span<const std::string> allowed) noexcept;

/// What the answer to OPTIONS says about PUT. Only pages of origins that `allowed` lists by name may
/// use it.
[[nodiscard]] http::PutPolicy put_policy(const Route& route, const http::Request& request,
                                         std::span<const std::string> allowed) noexcept;

} // namespace ringcast::api
