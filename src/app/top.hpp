#pragma once
// `ringcast top`: a live table of a server's streams and viewers.

#include "app/client_command_line.hpp"
#include "app/command_line.hpp"

namespace ringcast::app {

/// Shows the table until the user ends it, where standard output is a terminal. Else the result has
/// the table as it is after a second. Returns the texts to print, and the exit code.
[[nodiscard]] EarlyExit run_top(const TopCommand& command);

} // namespace ringcast::app
