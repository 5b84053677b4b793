#include "relay/event_followers.hpp"

#include <string>
#include <utility>

namespace ringcast::relay {

void EventFollowers::answer(connection::Connection& connection, const http::ReplyContext& reply) {
    const http::Request& request = connection.exchange().reader.request();
    const std::uint64_t next = log_.number_after(request.last_event_id);
    std::string head = http::events_head(reply);
    if (reply.head_only) {
        return connection.reply(context_, std::move(head), false);
    }
    connection.start_events(context_, std::move(head), next);
}

void EventFollowers::add(connection::Connection& connection) noexcept {
    if (stream::ConnectionList::linked(connection)) { // its input has ended meanwhile
        stream::ConnectionList::remove(connection);
    }
    ready_.push_back(connection);
}

/// The first event from this number on that the caller may know of; null if there is none.
const EventLog::Entry* EventFollowers::next_for(const connection::Connection& connection,
                                                std::uint64_t number) const noexcept {
    const EventLog::Entry* entry = log_.find(number);
    while (entry != nullptr && !router_.may_know(connection, entry->stream, entry->confidential)) {
        entry = log_.find(entry->number + 1);
    }
    return entry;
}

void EventFollowers::send_due(std::uint32_t sends_max) noexcept {
    if (std::exchange(seen_, log_.next_number()) != log_.next_number()) {
        ready_.append(up_to_date_);
    }
    std::uint32_t sent = 0;
    while (sent < sends_max && !ready_.empty()) {
        connection::Connection& connection = ready_.pop_front();
        std::uint64_t& next = connection.exchange().next_event;
        const EventLog::Entry* const entry = next_for(connection, next);
        if (entry == nullptr && connection.exchange().input_ended) {
            connection.drain(context_);
            continue;
        }
        if (entry == nullptr) {
            next = log_.next_number();
            up_to_date_.push_back(connection);
            continue;
        }
        next = entry->number + 1;
        connection.send_event(context_, entry->text.share(), next_for(connection, next) != nullptr);
        ++sent;
    }
}

} // namespace ringcast::relay
