#pragma once
// Looks for the files and programs that a configuration names, for `--check`.

#include <string>

#include "config/config.hpp"

namespace ringcast::app {

/// A line for each file that is missing or is a video, for each tuning file that is missing, and for
/// each program that can't be found; and what the server would say at start of the files of [access].
/// These are warnings: a stream waits for its file or program, and the configuration may be checked
/// on another machine.
[[nodiscard]] std::string missing_inputs(const config::Config& config);

} // namespace ringcast::app
