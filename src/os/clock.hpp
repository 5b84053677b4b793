#pragma once
// Reads the system's clocks: for the engine, which does so once per turn of the loop, and for
// threads without an engine.

#include <ctime>

#include "base/time.hpp"

namespace ringcast::os {

[[nodiscard]] Instant monotonic_now() noexcept;
/// From 1970 to 2262, whatever the system's clock says: a machine without a battery may start with
/// any time.
[[nodiscard]] WallTime wall_now() noexcept;

/// `time` as WallTime, or the end of the range above that is closer.
[[nodiscard]] WallTime wall_time(const timespec& time) noexcept;

} // namespace ringcast::os
