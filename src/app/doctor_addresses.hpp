#pragma once
// The part of `ringcast doctor` that judges how viewers reach this machine. No I/O.

#include <vector>

#include "app/doctor_facts.hpp"
#include "app/findings.hpp"

namespace ringcast::app {

/// The addresses to listen on, and who can reach them.
[[nodiscard]] std::vector<Finding> check_addresses(const MachineFacts& facts);
/// What the kernel keeps for the connections of a proxy.
[[nodiscard]] std::vector<Finding> check_proxy(const MachineFacts& facts);

} // namespace ringcast::app
