#pragma once
// The clocks, read when they are asked: for the ring, which reads them once for each turn of the
// loop, and for threads that have no ring to ask.

#include "base/time.hpp"

namespace ringcast::os {

[[nodiscard]] Instant monotonic_now() noexcept;
[[nodiscard]] WallTime wall_now() noexcept;

} // namespace ringcast::os
