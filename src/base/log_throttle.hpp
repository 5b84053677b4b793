#pragma once
// Limits a log message that repeats to one line per burst of occurrences. Knows neither the log nor
// a clock.

#include <chrono>
#include <optional>

#include "base/time.hpp"

namespace ringcast {

class LogThrottle {
public:
    static constexpr Duration quiet_default = std::chrono::seconds(30);

    /// A burst ends after `quiet_min` without an occurrence.
    explicit LogThrottle(Duration quiet_min = quiet_default) noexcept : quiet_min_(quiet_min) {}

    /// Notes an occurrence. True exactly when it is the first of a burst.
    [[nodiscard]] bool should_log(Instant now) noexcept {
        const bool first = !last_.has_value() || now - *last_ >= quiet_min_;
        last_ = now;
        return first;
    }

private:
    Duration quiet_min_;
    std::optional<Instant> last_;
};

} // namespace ringcast
