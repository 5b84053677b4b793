#pragma once
// Makes those wait who guess passwords: after some failures, an address may try again only after a
// time that doubles with each further one. No I/O, no clock.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "access/recent_table.hpp"
#include "base/time.hpp"

namespace ringcast::access {

class Failures {
public:
    /// Mistyped passwords that have no consequence.
    static constexpr unsigned free_attempts = 5;
    static constexpr Duration delay_min = std::chrono::seconds(1);
    static constexpr Duration delay_max = std::chrono::minutes(1);
    /// After this time without a failure an address is like any other.
    static constexpr Duration remembered_for = std::chrono::minutes(15);
    /// Beyond these, the one whose last failure is longest ago is forgotten.
    static constexpr std::size_t addresses_max = 4096;

    /// `address`: io::Peer::network. Throws std::bad_alloc.
    void add(std::uint64_t address, Instant now);
    /// A password of this address was right.
    void forget(std::uint64_t address) noexcept { table_.erase(address); }
    /// When the next attempt is allowed; in the past if it is now.
    [[nodiscard]] Instant blocked_until(std::uint64_t address, Instant now) const noexcept;
    /// True if the address has failures that are not forgotten.
    [[nodiscard]] bool contains(std::uint64_t address, Instant now) const noexcept;

private:
    using Table = RecentTable<std::uint64_t, unsigned, addresses_max>; ///< of counts

    [[nodiscard]] const Table::Entry* find(std::uint64_t address, Instant now) const noexcept;

    Table table_;
};

} // namespace ringcast::access
