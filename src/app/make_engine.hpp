#pragma once
// Chooses the engine that the server runs on. The only function of the server that knows a concrete
// engine.

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "config/config.hpp"
#include "io/engine.hpp"

namespace ringcast::app {

struct ServerEngine {
    std::unique_ptr<io::Engine> engine;
    std::string_view name;         ///< as in the configuration: "io_uring" or "epoll"
    bool registers_memory = false; ///< unless a limit is too low
};

/// An engine with room for the completions of `connections_max` connections. It belongs to the
/// calling thread. With EngineChoice::automatic, the reason why io_uring can't be used is logged. The
/// error is one line that says what to do.
[[nodiscard]] Result<ServerEngine> make_engine(config::EngineChoice choice,
                                               std::uint32_t connections_max);

} // namespace ringcast::app
