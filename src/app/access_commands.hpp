#pragma once
// `ringcast passwd`, `ringcast token` and `ringcast link`: they change the files that say who may
// watch, or make a link.

#include "app/access_command_line.hpp"
#include "app/access_file.hpp"
#include "app/command_line.hpp"
#include "app/password_prompt.hpp"
#include "app/startup_message.hpp"
#include "base/time.hpp"

namespace ringcast::app {

/// Returns the texts to print, and the exit code. A token or link is on standard output, alone; all
/// else is for standard error, and contains no secret.
[[nodiscard]] EarlyExit set_password(const PasswdCommand& command, const Console& console,
                                     const AccessPaths& paths);
[[nodiscard]] EarlyExit change_token(const TokenCommand& command, const AccessPaths& paths);
/// `host` is for the address in the link.
[[nodiscard]] EarlyExit make_link(const LinkCommand& command, const AccessPaths& paths,
                                  const HostInfo& host, WallTime now);

/// Parses the arguments of the process, for which is_access_command() is true, and runs the command.
[[nodiscard]] EarlyExit run_access_command(std::span<const char* const> arguments);

} // namespace ringcast::app
