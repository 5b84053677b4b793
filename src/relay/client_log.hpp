#pragma once
// Says in the log where clients and proxies ask for what the configuration does not allow, or are not
// configured as this server expects.

#include <chrono>
#include <string_view>

#include "base/log_throttle.hpp"
#include "base/time.hpp"
#include "connection/context.hpp"

namespace ringcast::relay {

class ClientLog {
public:
    /// The client of a request is known. Logs the first one that is disputed: its proxy may send
    /// many.
    void note_identified(const connection::Endpoint& endpoint) noexcept;
    /// A connection is closed because of its PROXY header, for a `reason` of one line.
    void note_bad_proxy_header(Instant now, const connection::Endpoint& endpoint,
                               std::string_view reason) noexcept;

    // Of these, only the first: a page that is refused keeps retrying.
    void note_refused_host(const http::Request& request) noexcept;
    void note_refused_origin(const http::Request& request) noexcept;

private:
    bool host_reported_ = false;
    bool origin_reported_ = false;
    bool disputed_reported_ = false;
    LogThrottle proxy_header_throttle_{std::chrono::minutes(1)};
};

} // namespace ringcast::relay
