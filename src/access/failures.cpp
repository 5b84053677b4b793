#include "access/failures.hpp"

#include <algorithm>

namespace ringcast::access {

void Failures::make_room() {
    while (by_time_.size() >= addresses_max) {
        entries_.erase(by_time_.begin()->second);
        by_time_.erase(by_time_.begin());
    }
}

void Failures::forget(std::uint64_t address) noexcept {
    const auto found = entries_.find(address);
    if (found == entries_.end()) {
        return;
    }
    const auto [first, last] = by_time_.equal_range(found->second.last);
    by_time_.erase(std::find_if(first, last,
                                [address](const auto& entry) { return entry.second == address; }));
    entries_.erase(found);
}

void Failures::add(std::uint64_t address, Instant now) {
    const Entry* const earlier = find(address, now);
    const unsigned count = earlier == nullptr ? 1 : earlier->count + 1;
    forget(address);
    make_room();
    const auto timed = by_time_.emplace(now, address);
    try {
        entries_.emplace(address, Entry{count, now});
    } catch (...) {
        by_time_.erase(timed);
        throw;
    }
}

const Failures::Entry* Failures::find(std::uint64_t address, Instant now) const noexcept {
    const auto found = entries_.find(address);
    const bool counts = found != entries_.end() && now - found->second.last < remembered_for;
    return counts ? &found->second : nullptr;
}

Instant Failures::blocked_until(std::uint64_t address, Instant now) const noexcept {
    const Entry* const entry = find(address, now);
    if (entry == nullptr || entry->count <= free_attempts) {
        return Instant{};
    }
    Duration delay = delay_min;
    for (unsigned i = free_attempts + 1; i < entry->count && delay < delay_max; ++i) {
        delay *= 2;
    }
    return entry->last + std::min(delay, delay_max);
}

bool Failures::contains(std::uint64_t address, Instant now) const noexcept {
    return find(address, now) != nullptr;
}

} // namespace ringcast::access
