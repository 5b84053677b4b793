#include "relay/eviction_log.hpp"

#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "connection/connection.hpp"

namespace ringcast::relay {

namespace {

constexpr Duration interval = std::chrono::minutes(1);

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
        const connection::Endpoint& endpoint = yielding.connection.endpoint();
        const auto address = endpoint.client.host_text(endpoint.peer);
        log(LogLevel::warning,
            "all {} places for connections are taken, {} of them by requests from {}: its "
            "connections that have been silent longest are closed first ({} since the last such "
            "line; block that address in a firewall if it is not one of yours)",
            places, yielding.requests, address.data(), count);
    } else {
        log(LogLevel::warning,
            "all {} places for connections are taken: the requests that have been silent longest "
            "are closed ({} since the last such line; with so many clients raise [viewers] max)",
            places, count);
    }
}

void EvictionLog::note_for_memory(Instant now, std::string_view stream) noexcept {
    if (memory_throttle_.should_log(now)) {
        log_stream(LogLevel::warning, stream,
                   "viewers that read too slowly are disconnected, because frames in memory "
                   "run short (raise [memory] slots to keep them longer)");
    }
}

} // namespace ringcast::relay
