#pragma once
// What is said at start: where to watch, who can, and how to change that. Goes to standard error as
// plain lines, so that it is seen at every log level and never mixes with piped output.

#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"

namespace ringcast::app {

/// What the machine is called and reached by.
struct HostInfo {
    std::string host_name;
    std::vector<std::string> ipv4; ///< of interfaces that are up, loopback last
    std::vector<std::string> ipv6; ///< the same, without link-local ones, which need a zone in URLs
};

[[nodiscard]] HostInfo host_info();

/// `listening`: the addresses as bound. `arguments`: those of the process, its name included, from
/// which the line is made that opens the stream to the network.
[[nodiscard]] std::string startup_message(std::span<const config::ListenAddress> listening,
                                          std::span<const char* const> arguments,
                                          const HostInfo& host);

} // namespace ringcast::app
