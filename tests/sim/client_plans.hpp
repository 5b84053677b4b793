#pragma once
// The sorts of clients that a simulated server meets, each with what chance adds to it.

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/decisions.hpp"
#include "sim/sim_client.hpp"
#include "stream/directory.hpp"

namespace ringcast::sim {

enum class ClientKind : std::uint8_t {
    healthy,     ///< reads at once over a good link: must never suffer
    slow,        ///< reads less than the stream's rate
    far,         ///< a long round trip, and bandwidth enough
    never_reads, ///< takes a few bytes at most
    leaves,      ///< somehow, some time
    vanishes,
    dribbles, ///< writes its request in bits
    garbage,
    oversized, ///< a head, a target or a body that is too large
    pipelines,
    polls, ///< snapshots on one connection
    looks, ///< one page, in any version and method
    says_nothing,
};
inline constexpr std::size_t client_kind_count =
    static_cast<std::size_t>(ClientKind::says_nothing) + 1;

/// A client of `kind`. The first stream answers at the root too, and is called "s0".
[[nodiscard]] ClientPlan plan_client(Decisions& decisions, ClientKind kind,
                                     std::span<const stream::DirectoryEntry> streams);

} // namespace ringcast::sim
