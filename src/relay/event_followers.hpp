#pragma once
// The clients that follow events. Each has only the number of the next event that it is to be sent: one
// that reads too slowly finds a gap in the numbers, because the log has dropped what is in between.

#include <cstddef>
#include <cstdint>

#include "connection/connection.hpp"
#include "connection/context.hpp"
#include "connection/shared_text.hpp"
#include "http/response.hpp"
#include "relay/event_log.hpp"
#include "relay/router.hpp"
#include "stream/stream.hpp"

namespace ringcast::relay {

class EventFollowers {
public:
    /// Everything outlives this.
    EventFollowers(const EventLog& log, const Router& router,
                   connection::ConnectionContext& context)
        : log_(log), router_(router), context_(context) {}

    /// Answers the connection's request. Throws std::bad_alloc before it changes anything.
    void answer(connection::Connection& connection, const http::ReplyContext& reply);
    /// The connection reports ConnectionEvent::following.
    void add(connection::Connection& connection) noexcept;
    /// The connection was sent nothing for a while.
    void send_heartbeat(connection::Connection& connection) noexcept {
        connection.send_event(context_, heartbeat_.share(), false);
    }
    /// Once per turn: starts at most `sends_max` sends of events, and ends the answers of clients that
    /// send nothing more and have got everything.
    void send_due(std::uint32_t sends_max) noexcept;
    /// True exactly when `send_due` has something to do.
    [[nodiscard]] bool pending() noexcept {
        return !ready_.empty() || (log_.next_number() != seen_ && !up_to_date_.empty());
    }

private:
    [[nodiscard]] const EventLog::Entry* next_for(const connection::Connection& connection,
                                                  std::uint64_t number) const noexcept;

    const EventLog& log_;
    const Router& router_;
    connection::ConnectionContext& context_;
    std::uint64_t seen_ = 0;       ///< EventLog::next_number, when the lists were last looked at
    stream::ConnectionList ready_; ///< may have events to be sent
    stream::ConnectionList up_to_date_; ///< have been sent all that they may see
    std::size_t heartbeat_bytes_ = 0;
    connection::SharedText heartbeat_{":\n\n", heartbeat_bytes_}; ///< a comment
};

} // namespace ringcast::relay
