#pragma once
// Results of `ringcast doctor`, and their text. No I/O.

#include <cstdint>
#include <span>
#include <string>

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

/// A line for each finding, its advice in a line below, and a summary.
[[nodiscard]] std::string report(std::span<const Finding> findings);

[[nodiscard]] bool has_problem(std::span<const Finding> findings);

} // namespace ringcast::app
