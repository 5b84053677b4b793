#include "relay/eviction_log.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "connection/connection.hpp"

namespace ringcast::relay {

namespace {

constexpr Duration interval = std::chrono::minutes(1);

/// "192.0.2.7" of "192.0.2.7:51234", "[2001:db8::1]" of "[2001:db8::1]:51234".
std::string_view host_of(const io::Peer& peer) noexcept {
    const std::string_view address = peer.address.data();
    return address.substr(0, address.rfind(':'));
}

} // namespace

void EvictionLog::note(Instant now, const connection::RequestPlaces::Yielding& yielding,
                       std::uint32_t places) noexcept {
    ++evictions_;
    if (now < next_) {
        return;
    }
    next_ = now + interval;
    const std::uint64_t count = std::exchange(evictions_, 0);
    if (yielding.over_share) {
        log(LogLevel::warning,
            "all {} places for connections are taken, {} of them by requests from {}: its "
            "connections that have been silent longest are closed first ({} since the last such "
            "line; block that address in a firewall if it is not one of yours)",
            places, yielding.requests, host_of(yielding.connection.endpoint().peer), count);
    } else {
        log(LogLevel::warning,
            "all {} places for connections are taken: the requests that have been silent longest "
            "are closed ({} since the last such line; with so many clients raise [viewers] max)",
            places, count);
    }
}

} // namespace ringcast::relay
