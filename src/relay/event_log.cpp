#include "relay/event_log.hpp"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <fmt/core.h>

#include "http/query.hpp"

namespace ringcast::relay {

namespace {

/// Between the id of the process and the number, in the id of an event.
constexpr char id_joint = '-';

} // namespace

EventLog::Entry EventLog::make_entry(const api::Event& event, std::uint64_t number, WallTime now) {
    const std::string id = fmt::format("{}{}{}", instance_, id_joint, number);
    return {number, std::string(event.stream), event.confidential(),
            connection::SharedText(api::event_text(event, id, now), bytes_)};
}

void EventLog::add(const api::Event& event, WallTime now) noexcept {
    const std::uint64_t number = next_number_++;
    try {
        entries_.push_back(make_entry(event, number, now));
        if (entries_.size() > count_max) {
            entries_.pop_front();
        }
    } catch (const std::bad_alloc&) {
        return; // the log on standard error has it
    }
}

const EventLog::Entry* EventLog::find(std::uint64_t number) const noexcept {
    const auto found = std::ranges::lower_bound(entries_, number, {}, &Entry::number);
    return found == entries_.end() ? nullptr : &*found;
}

std::uint64_t EventLog::number_after(std::string_view last_id) const noexcept {
    const std::size_t joint = last_id.find(id_joint);
    if (joint == std::string_view::npos || last_id.substr(0, joint) != instance_) {
        return 0;
    }
    const auto last_number = http::read_integer(last_id.substr(joint + 1), 0,
                                                static_cast<std::int64_t>(next_number_) - 1);
    return last_number ? static_cast<std::uint64_t>(*last_number) + 1 : 0;
}

} // namespace ringcast::relay
