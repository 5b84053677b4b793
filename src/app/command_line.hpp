#pragma once
// From the program's arguments to what is to be run, or to what is to be printed before it ends.
// Looks at the file system only to tell what SOURCE is. Its source file is the only user of CLI11.

#include <cstdint>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "app/exit_code.hpp"
#include "config/config.hpp"

namespace ringcast::app {

enum class Task : std::uint8_t {
    stream,
    examine_machine, ///< `ringcast doctor`: the configuration may then be without streams
    list_cameras,    ///< `ringcast cameras`: there is no configuration
};

struct CommandLine {
    Task task = Task::stream;
    config::Config config;
    /// `ringcast -`: when the input ends there is nothing left to do.
    bool ends_with_input = false;
};

/// Print this and end: --help, --version, --check, or what is wrong.
struct EarlyExit {
    ExitCode code = ExitCode::ok;
    std::string standard_output;
    std::string standard_error;
};

/// `arguments` begin with the program's name, as main gets them.
[[nodiscard]] tl::expected<CommandLine, EarlyExit>
parse_command_line(std::span<const char* const> arguments);

} // namespace ringcast::app
