#pragma once
// What a request asks for. Pure: knows names of streams, no frames and no viewers. Every URL that
// ringcast answers is decided here; docs/http-api.md lists them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/multipart.hpp"
#include "http/request.hpp"
#include "stream/directory.hpp"

namespace ringcast::api {

enum class RouteKind : std::uint8_t {
    stream,
    snapshot,
    status,
    metrics,
    healthz,
    index,
    state,    ///< what ustreamer answers at /state
    controls, ///< of a camera
    options,  ///< OPTIONS: a browser's question before a cross-origin request
    error,
};
inline constexpr std::size_t route_kind_count = 10;
/// "stream", "snapshot" and so on, for metrics and logs.
[[nodiscard]] std::string_view route_kind_name(RouteKind kind) noexcept;

struct Route {
    RouteKind kind = RouteKind::error;
    /// Set for stream, snapshot, state and controls; for healthz when a stream was named.
    std::optional<io::StreamId> stream;
    /// Of stream: at most so many frames/s, fps_min to fps_max; nothing: all of them.
    std::optional<double> fps;
    http::Variant variant = http::Variant::standard; ///< of stream
    /// Of snapshot: how old the picture may be; zero: newer than the request.
    Duration age_max{};
    bool placeholder = false; ///< of snapshot: without signal, the picture that says so
    int status = 0;           ///< of error
    std::string message;      ///< of error: one line that says what to do

    static constexpr double fps_min = 0.001;
    static constexpr double fps_max = 1000;
    static constexpr Duration age_limit = std::chrono::hours(24);
};

[[nodiscard]] Route resolve(const http::Request& request, const stream::Directory& streams);

/// What to answer in Access-Control-Allow-Origin: the request's origin when `allowed` lists it, "*"
/// when `allowed` holds "*", else nothing. Points into the request or to static text.
[[nodiscard]] std::string_view allowed_origin(const http::Request& request,
                                              std::span<const std::string> allowed) noexcept;

} // namespace ringcast::api
