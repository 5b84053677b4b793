#pragma once
// The duties of the first process of a container or PID namespace (PID 1), whose children are all
// processes that lose their parent: such orphans stay in the process table until it reaps them. The
// server can't do that beside its own children, because the kernel offers no way to wait for the
// one kind only; so a process of its own does.

#include "base/result.hpp"

namespace ringcast::app {

/// Returns at once unless this process is PID 1. Otherwise returns in a new child process, which is
/// to run the server, while this process passes signals on to it, reaps all others, and exits with
/// its exit code (128 + N if signal N ended it). To be called before other threads start.
[[nodiscard]] Result<void> fork_if_init();

} // namespace ringcast::app
