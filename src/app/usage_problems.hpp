#pragma once
// Collects the mistakes in a command line, so that all of them are reported at once.

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "app/command_line.hpp"

namespace ringcast::app {

class UsageProblems {
public:
    /// `help`: the command that explains the arguments.
    explicit UsageProblems(std::string_view help = "ringcast --help") : help_(help) {}

    void add(std::string_view message) { lines_ += fmt::format("ringcast: {}\n", message); }
    [[nodiscard]] bool any() const noexcept { return !lines_.empty(); }
    [[nodiscard]] EarlyExit exit() const {
        return {ExitCode::usage_error, "", lines_ + fmt::format("Try `{}`.\n", help_)};
    }

private:
    std::string_view help_;
    std::string lines_;
};

} // namespace ringcast::app
