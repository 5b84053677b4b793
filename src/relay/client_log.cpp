#include "relay/client_log.hpp"

#include <utility>

#include "base/log.hpp"
#include "http/authority.hpp"

namespace ringcast::relay {

void ClientLog::note_identified(const connection::Endpoint& endpoint) noexcept {
    if (!endpoint.client.disputed || std::exchange(disputed_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "Forwarded and X-Forwarded-For of a request through the proxy {} name different clients, "
        "so neither is believed: let the proxy remove the header that it does not write itself",
        endpoint.peer.address.data());
}

void ClientLog::note_bad_proxy_header(Instant now, const connection::Endpoint& endpoint,
                                      std::string_view reason) noexcept {
    if (proxy_header_throttle_.should_log(now)) {
        log(LogLevel::warning,
            "a connection from {} to an address with proxy_protocol = true was closed: {}",
            endpoint.peer.address.data(), reason);
    }
}

void ClientLog::note_refused_host(const http::Request& request) noexcept {
    if (std::exchange(host_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a request for the host {} was refused: if that is a name of this server, add under [http]: "
        "hosts = [\"{}\"]",
        http::host_of(request.host), http::host_of(request.host));
}

void ClientLog::note_refused_origin(const http::Request& request) noexcept {
    if (std::exchange(origin_reported_, true)) {
        return;
    }
    log(LogLevel::warning,
        "a page from {} may show streams but not read them; to allow it, add under [http]: "
        "cors_origins = [\"{}\"]",
        request.origin, request.origin);
}

} // namespace ringcast::relay
