#pragma once
// `ringcast doctor`: judges facts about this machine, and says what they mean for the frames and
// what to do about them. No I/O: doctor_facts.hpp collects the facts.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/doctor_facts.hpp"

namespace ringcast::app {

enum class Verdict : std::uint8_t {
    ok,
    note,    ///< ringcast works, and could work better
    problem, ///< a requested function will not work
};

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string subject; ///< the thing that was checked
    std::string meaning; ///< the result, and its consequence
    std::string advice;  ///< what to do; empty when nothing has to be done
};

/// All checks.
[[nodiscard]] std::vector<Finding> examine(const MachineFacts& facts);

/// A line for each finding, its advice in a line below, and a summary.
[[nodiscard]] std::string report(std::span<const Finding> findings);

[[nodiscard]] bool has_problem(std::span<const Finding> findings);

} // namespace ringcast::app
