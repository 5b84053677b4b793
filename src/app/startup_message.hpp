#pragma once
// The message at start: the URLs, who can reach them, and how to change that. It is printed to
// standard error as plain lines, so that it appears at every log level and never mixes with piped
// output.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace ringcast::app {

/// The machine's name and addresses.
struct HostInfo {
    std::string host_name;
    std::vector<std::string> ipv4; ///< of interfaces that are up, loopback last
    std::vector<std::string> ipv6; ///< the same, without link-local addresses, which need a zone
};

[[nodiscard]] HostInfo host_info();

/// The first URL, with a slash at its end, that reaches the first TCP address with a known port,
/// without those that only a proxy can use; nothing if there is none.
[[nodiscard]] std::optional<std::string> first_url(std::span<const config::ListenConfig> listening,
                                                   const HostInfo& host);

/// `listening`: the addresses as bound. `restricted`: viewers must prove who they are, except on
/// addresses that are open. `arguments`:
/// those of the process, with its name, to build the command line that opens the stream to the
/// network.
[[nodiscard]] std::string startup_message(std::span<const config::ListenConfig> listening,
                                          bool restricted, std::span<const char* const> arguments,
                                          const HostInfo& host);

} // namespace ringcast::app
