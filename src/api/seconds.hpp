#pragma once
// Durations as JSON and Prometheus write them. No I/O, no clock.

#include <chrono>

#include "base/time.hpp"

namespace ringcast::api {

/// Rounds down to whole microseconds, so that the text has no spurious digits: 1700000000.25.
[[nodiscard]] inline double seconds(Duration duration) {
    const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(duration);
    return static_cast<double>(whole.count()) / 1e6;
}

} // namespace ringcast::api
