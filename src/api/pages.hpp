#pragma once
// The pages for people. The server writes a page's frame and, for browsers without JavaScript, its
// pictures; the scripts of src/page/web do the rest. No I/O, no clock.

#include <span>
#include <string>
#include <string_view>

#include "api/routes.hpp"
#include "base/time.hpp"
#include "stream/directory.hpp"

namespace ringcast::api {

struct PageOptions {
    std::string_view prefix; ///< where a proxy publishes the server, as in "/cam"; empty: not known
    std::string_view path = "/"; ///< of the request, below the prefix
    bool offers_login = false;   ///< to see more
    bool offers_links = false;   ///< to a stream, for a time
    bool administrates = false;  ///< whoever asks may change the controls of cameras
    std::string token; ///< in the page's address, and so in those of its links; empty: none
};

/// The page with all streams that may be seen, with a page of one stream, or the status for operators.
/// `kind` and `stream` are those of a route. `now` makes the addresses of live pictures differ from
/// those of earlier visits.
[[nodiscard]] std::string page(PageKind kind, std::string_view stream,
                               const stream::Directory& streams, WallTime now,
                               const PageOptions& options = {});
/// The value of Content-Security-Policy for a page: scripts, styles, pictures and requests from its own
/// server, and nothing else. Pages of the host that it was asked from, on any port, and of `origins`
/// (which may contain "*") may frame it, as dashboards do. `authority`: host and port of the request;
/// may be empty.
[[nodiscard]] std::string page_policy(std::string_view authority,
                                      std::span<const std::string> origins);

} // namespace ringcast::api
