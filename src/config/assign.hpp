#pragma once
// Stores values that a Reader has read. A key that is missing keeps the default.

#include <chrono>
#include <optional>

#include "base/time.hpp"

namespace ringcast::config {

/// Stores `value` if it was read, else keeps the default.
template <typename Target, typename Value>
void assign(Target& target, const std::optional<Value>& value) {
    if (value) {
        target = static_cast<Target>(*value);
    }
}

inline void assign_duration(Duration& target, const std::optional<double>& seconds) {
    if (seconds) {
        target = std::chrono::round<Duration>(std::chrono::duration<double>(*seconds));
    }
}

} // namespace ringcast::config
