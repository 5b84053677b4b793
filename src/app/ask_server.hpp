#pragma once
// Asks a running server at its own addresses, for the commands that look at one.

#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "app/client_command_line.hpp"
#include "app/command_line.hpp"
#include "app/direct_address.hpp"
#include "app/proxy_findings.hpp"
#include "base/time.hpp"
#include "config/config.hpp"

namespace ringcast::app {

/// Those of --listen, or else of the configuration; without both, the default one.
[[nodiscard]] tl::expected<std::vector<config::ListenConfig>, EarlyExit>
server_addresses(const ServerChoice& choice);

struct ServerAnswer {
    DirectAddress address;
    StreamAnswer answer;
    std::string body;
};

/// Why no address has answered.
struct NoServerAnswer {
    std::string failures; ///< a line for each address
    bool asks_for_password = false;
};

/// The answer for `target` from the first address where a ringcast answers without asking for a
/// password. Takes at most `time_max`, of which each address is left its share.
[[nodiscard]] tl::expected<ServerAnswer, NoServerAnswer>
ask_server(std::span<const config::ListenConfig> addresses, const std::string& target,
           Duration time_max);

} // namespace ringcast::app
