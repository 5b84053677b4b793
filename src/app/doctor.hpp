#pragma once
// `ringcast doctor`: what this machine allows ringcast, what that means for the frames, and what to
// do about it. Pure: facts in, findings out; doctor_facts.hpp looks.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "app/doctor_facts.hpp"

namespace ringcast::app {

enum class Verdict : std::uint8_t {
    ok,
    note,    ///< ringcast works, and could work better
    problem, ///< something that was asked for will not work
};

struct Finding {
    Verdict verdict = Verdict::ok;
    std::string subject; ///< what was looked at
    std::string meaning; ///< what was found, and what follows from it
    std::string advice;  ///< what to do; empty where there is nothing to do
};

/// All checks, in the order in which a frame meets what they look at.
[[nodiscard]] std::vector<Finding> examine(const MachineFacts& facts);

/// A line for each finding, what to do in a line below it, and a line that sums up.
[[nodiscard]] std::string report(std::span<const Finding> findings);

[[nodiscard]] bool has_problem(std::span<const Finding> findings);

} // namespace ringcast::app
