#include "access/failures.hpp"

#include <algorithm>

namespace ringcast::access {

void Failures::add(std::uint64_t address, Instant now) {
    const Table::Entry* const earlier = find(address, now);
    table_.set(address, earlier == nullptr ? 1 : earlier->value + 1, now);
}

const Failures::Table::Entry* Failures::find(std::uint64_t address, Instant now) const noexcept {
    const Table::Entry* const entry = table_.find(address);
    return entry != nullptr && now - entry->at < remembered_for ? entry : nullptr;
}

Instant Failures::blocked_until(std::uint64_t address, Instant now) const noexcept {
    const Table::Entry* const entry = find(address, now);
    if (entry == nullptr || entry->value <= free_attempts) {
        return Instant{};
    }
    Duration delay = delay_min;
    for (unsigned i = free_attempts + 1; i < entry->value && delay < delay_max; ++i) {
        delay *= 2;
    }
    return entry->at + std::min(delay, delay_max);
}

bool Failures::contains(std::uint64_t address, Instant now) const noexcept {
    return find(address, now) != nullptr;
}

} // namespace ringcast::access
