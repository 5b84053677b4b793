#pragma once
// The kinds of clients of a simulated server. The details of each client are random.

#include <cstddef>
#include <cstdint>
#include <span>

#include "sim/decisions.hpp"
#include "sim/sim_client.hpp"
#include "stream/directory.hpp"

namespace ringcast::sim {

enum class ClientKind : std::uint8_t {
    healthy,     ///< reads at once over a good link: must get its frames, and in time
    slow,        ///< reads less than the stream's rate
    far,         ///< a long round trip and enough bandwidth
    recovers,    ///< its link carries less than the stream at first, and enough later
    never_reads, ///< reads a few bytes at most
    leaves,      ///< at a random time and in a random way
    vanishes,
    dribbles, ///< writes its request in small pieces
    garbage,
    oversized, ///< a head, a target or a body that is too large
    pipelines,
    polls, ///< requests snapshots on one connection
    looks, ///< requests one page, with any HTTP version and method
    says_nothing,
    changes, ///< requests new values of a camera's controls, in good ways and bad ones
    follows, ///< the events, and reads them quickly, slowly or not at all
};
inline constexpr std::size_t client_kind_count = static_cast<std::size_t>(ClientKind::follows) + 1;

/// A client of `kind`. The first stream answers at the root too, and is called "s0".
[[nodiscard]] ClientPlan plan_client(Decisions& decisions, ClientKind kind,
                                     std::span<const stream::DirectoryEntry> streams);

} // namespace ringcast::sim
