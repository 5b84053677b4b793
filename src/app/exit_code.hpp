#pragma once
// Exit codes of the process. Scripts and service managers rely on these: --help and
// docs/configuration.md list them.

namespace ringcast::app {

enum class ExitCode : int {
    ok = 0,              ///< ended on request
    runtime_failure = 1, ///< a failure while it ran, or input without a frame
    usage_error = 2,     ///< the command line or configuration is wrong, or needs the camera module
    cannot_start = 3,    ///< the machine does not allow it: port taken, permission missing
};

} // namespace ringcast::app
