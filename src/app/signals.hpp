#pragma once
// How the program handles signals. An embedded server uses nothing of this: there, signals belong
// to the host.

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace ringcast::app {

/// Ignores the signals that would end the process and mean nothing to it, so that a stray one does
/// not end it without stopping its programs and removing its socket files; and resets SIGCHLD,
/// which a parent may have left ignored: the kernel would then discard how programs ended. To be
/// called before other threads start.
void set_signal_dispositions() noexcept;

/// Blocks the signals that the server handles, in this thread and those that it starts later, and
/// returns a descriptor that reads them: SIGTERM, SIGINT, SIGQUIT, and SIGHUP unless it is ignored
/// (nohup), and SIGUSR1. Linux does not discard a signal that is ignored while it is blocked.
[[nodiscard]] Result<UniqueFd> open_signals();

/// True if the process has a controlling terminal that is not hung up.
[[nodiscard]] bool has_terminal() noexcept;

} // namespace ringcast::app
