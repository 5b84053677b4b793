#pragma once
// How long to wait before the next attempt to connect: short delays for about a minute, so that a
// server that restarts is found at once, then twice as long each time. A random part more or less
// keeps the many that lost one server from returning to it in the same moment. No I/O, no clock.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

#include "base/time.hpp"

namespace ringcast::upstream {

class ReconnectDelay {
public:
    static constexpr Duration first = std::chrono::milliseconds(500);
    /// Of the first `early_attempts`: with its random part below two seconds.
    static constexpr Duration early_max = std::chrono::milliseconds(1500);
    static constexpr unsigned early_attempts = 40;
    static constexpr Duration longest = std::chrono::seconds(30);
    /// A connection of this length that brought frames was good: the delays begin again.
    static constexpr Duration good_run_min = std::chrono::seconds(10);

    explicit ReconnectDelay(std::uint32_t seed) noexcept : random_(seed) {}

    void reset() noexcept {
        attempts_ = 0;
        next_ = first;
    }
    /// From three to five quarters of the delay.
    [[nodiscard]] Duration next() noexcept {
        const Duration wait = next_ * 3 / 4 + Duration(part_of((next_ / 2).count()));
        ++attempts_;
        next_ = std::min(2 * next_, attempts_ < early_attempts ? early_max : longest);
        return wait;
    }

private:
    [[nodiscard]] Duration::rep part_of(Duration::rep whole) noexcept {
        constexpr Duration::rep steps = 1000;
        return whole / steps * static_cast<Duration::rep>(random_() % (steps + 1));
    }

    std::minstd_rand random_;
    unsigned attempts_ = 0; ///< since the last reset
    Duration next_ = first;
};

} // namespace ringcast::upstream
