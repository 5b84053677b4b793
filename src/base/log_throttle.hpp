#pragma once
// What happens again and again is logged once per burst. Knows no log: only when to.

#include <chrono>
#include <optional>

#include "base/time.hpp"

namespace ringcast {

class Burst {
public:
    /// After this long without an occurrence the next one is news again.
    static constexpr Duration quiet_min = std::chrono::seconds(30);

    /// True exactly when this occurrence begins a burst.
    [[nodiscard]] bool begins(Instant now) noexcept {
        const bool first = !last_.has_value() || now - *last_ >= quiet_min;
        last_ = now;
        return first;
    }

private:
    std::optional<Instant> last_;
};

} // namespace ringcast
