#pragma once
// Decides what a signal to stop means. The first one stops the server in order; a later one ends
// the process at once, unless it is a duplicate: some wrappers send each signal twice (timeout(1):
// to its child and to the process group). No I/O, no clock.

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace ringcast::app {

class StopRequests {
public:
    enum class Meaning : std::uint8_t { stop, repeated, at_once };
    /// A second signal within this time counts as a duplicate: it is too soon for a person.
    static constexpr Duration repeat_time_max = std::chrono::milliseconds(500);

    [[nodiscard]] Meaning take(Instant now) noexcept {
        if (!first_.has_value()) {
            first_ = now;
            return Meaning::stop;
        }
        return now - *first_ < repeat_time_max ? Meaning::repeated : Meaning::at_once;
    }

private:
    std::optional<Instant> first_;
};

} // namespace ringcast::app
