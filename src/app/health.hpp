#pragma once
// `ringcast health`: asks a running server whether it is healthy, as a container does by its
// HEALTHCHECK.

#include "app/client_command_line.hpp"
#include "app/command_line.hpp"

namespace ringcast::app {

/// Returns the texts to print, and the exit code. Takes at most 5 s.
[[nodiscard]] EarlyExit check_health(const HealthCommand& command);

} // namespace ringcast::app
