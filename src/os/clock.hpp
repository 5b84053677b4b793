#pragma once
// Reads the system's clocks: for the engine, which does so once per turn of the loop, and for
// threads without an engine.

#include "base/time.hpp"

namespace ringcast::os {

[[nodiscard]] Instant monotonic_now() noexcept;
[[nodiscard]] WallTime wall_now() noexcept;

} // namespace ringcast::os
