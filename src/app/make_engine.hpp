#pragma once
// Chooses the engine that the server runs on. The only function of the server that knows a concrete
// engine.

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "io/engine.hpp"

namespace ringcast::app {

/// An engine with room for the completions of `connections_max` connections. It belongs to the
/// calling thread. The error is one line that says what to do.
[[nodiscard]] Result<std::unique_ptr<io::Engine>> make_engine(std::uint32_t connections_max);

} // namespace ringcast::app
