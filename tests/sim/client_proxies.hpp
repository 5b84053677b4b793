#pragma once
// Puts simulated clients behind proxies, lets others pretend to be one, and lets them fail at it.

#include "sim/decisions.hpp"
#include "sim/sim_client.hpp"

namespace ringcast::sim {

/// The network of the proxies that the simulated server trusts.
inline constexpr const char* trusted_network = "198.51.100.0/24";

/// Changes how the client's requests reach the server: by the listener that expects PROXY headers,
/// with or without one, or with headers that name a client. Says what the server must make of it.
void add_proxy(Decisions& decisions, ClientPlan& plan);

} // namespace ringcast::sim
