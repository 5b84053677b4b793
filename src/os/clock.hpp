#pragma once
// The clocks, read when they are asked: for the engine, which reads them once for each turn of the
// loop, and for threads that have no engine to ask.

#include "base/time.hpp"

namespace ringcast::os {

[[nodiscard]] Instant monotonic_now() noexcept;
[[nodiscard]] WallTime wall_now() noexcept;

} // namespace ringcast::os
