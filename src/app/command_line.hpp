#pragma once
// Parses the program's arguments: the result is a task with its configuration, or a text to print
// before the program ends. Looks at the file system only to recognise SOURCE. Its source file is
// the only user of CLI11.

#include <cstdint>
#include <span>
#include <string>

#include <tl/expected.hpp>

#include "app/exit_code.hpp"
#include "app/public_url.hpp"
#include "config/config.hpp"

namespace ringcast::app {

enum class Task : std::uint8_t {
    stream,
    examine_machine, ///< `ringcast doctor`: the configuration may have no streams
    examine_proxy,   ///< `ringcast doctor --through URL`: the same
    reload,          ///< `ringcast --reload`: without a configuration
    list_cameras,    ///< `ringcast cameras`: without a configuration
    bench_encoder,   ///< `ringcast bench-encoder`: the configuration is one stream, a pattern
};

struct CommandLine {
    Task task = Task::stream;
    config::Config config;
    PublicUrl through; ///< of Task::examine_proxy
    /// `ringcast -`: the program ends with its input.
    bool ends_with_input = false;
    /// The configuration is a file's.
    bool from_file = false;
};

/// The text to print before the program ends: for --help, --version, --check, or mistakes.
struct EarlyExit {
    ExitCode code = ExitCode::ok;
    std::string standard_output;
    std::string standard_error;
};

/// `arguments` begin with the program's name, as main receives them.
[[nodiscard]] tl::expected<CommandLine, EarlyExit>
parse_command_line(std::span<const char* const> arguments);

} // namespace ringcast::app
