#pragma once
// What a signal to stop means: whoever asks twice wants the end at once, but some wrappers send
// each signal twice (timeout(1): to its child and to the group). Knows no signals, only when.

#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace ringcast::app {

class StopRequests {
public:
    enum class Meaning : std::uint8_t { stop, repeated, at_once };
    /// Nobody asks a second time on purpose so soon after the first.
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
