#include "relay/client_log.hpp"

#include <utility>

#include "base/log.hpp"

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

} // namespace ringcast::relay
