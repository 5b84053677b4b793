#pragma once
// The part of a reload that may block: reads and checks the configuration and everything that it
// names, opens sockets, and fills memory. Runs in a thread of its own, and changes nothing of the
// running server.

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "access/rules.hpp"
#include "app/limits.hpp"
#include "app/listeners.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "config/reload_plan.hpp"
#include "os/mapped_memory.hpp"

namespace ringcast::app {

/// Reads the configuration, with what the command line overrides. The error has a line for each
/// mistake.
using LoadConfig = std::function<Result<config::Config>()>;

struct PreparedReload {
    config::Config config;
    std::vector<config::Action> actions;
    std::vector<std::string> warnings; ///< a line each
    ConnectionLimits limits;
    std::vector<std::string> hosts;       ///< own_host_names
    std::optional<access::Rules> rules;   ///< if the configuration asks for passwords
    std::vector<Listener> listeners;      ///< to open; each configured address once or more
    std::vector<os::MappedMemory> memory; ///< of the streams to add or replace, in their order
};

/// The running server, as far as the preparation depends on it. Nothing of it changes meanwhile.
struct RunningServer {
    const config::Config& config;
    std::span<const Listener> listeners;
    std::uint64_t open_files_max = 0;
    std::uint32_t listeners_max = 0;
};

/// Nothing is changed if it fails. The error has one or several lines.
[[nodiscard]] Result<PreparedReload> prepare_reload(const RunningServer& running,
                                                    const LoadConfig& load);

/// True for the actions that need memory and a source.
[[nodiscard]] bool makes_stream(const config::Action& action) noexcept;

} // namespace ringcast::app
