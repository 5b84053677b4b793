#pragma once
// `ringcast doctor`: judges facts about this machine, and says what they mean for the frames and
// what to do about them. No I/O: doctor_facts.hpp collects the facts.

#include <vector>

#include "app/doctor_facts.hpp"
#include "app/findings.hpp"

namespace ringcast::app {

/// All checks.
[[nodiscard]] std::vector<Finding> examine(const MachineFacts& facts);

} // namespace ringcast::app
