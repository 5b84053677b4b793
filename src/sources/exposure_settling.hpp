#pragma once
// How long the frames of a camera that has just been started are held back: the first ones are too
// dark or too bright for anybody to see. Pure.

#include <optional>

#include "ringcast/base/time.hpp"

namespace ringcast::sources {

class ExposureSettling {
public:
    /// A camera that says whether its exposure has settled is believed, for so long at most.
    static constexpr Duration told_max = std::chrono::seconds(1);
    /// One that says nothing is given so long: most USB cameras take ten frames at 30 frames/s.
    static constexpr Duration untold_max = std::chrono::milliseconds(350);

    /// The camera has been started.
    void begin() noexcept { first_.reset(), settled_ = false; }
    /// There is nothing to wait for.
    void skip() noexcept { settled_ = true; }
    [[nodiscard]] bool settled() const noexcept { return settled_; }

    /// A frame has come. True exactly when it may be shown.
    [[nodiscard]] bool take(Instant captured_at, std::optional<bool> exposure_settled) noexcept {
        if (!first_) {
            first_ = captured_at;
        }
        const Duration bound = exposure_settled ? told_max : untold_max;
        settled_ = settled_ || exposure_settled.value_or(false) || captured_at - *first_ >= bound;
        return settled_;
    }

private:
    std::optional<Instant> first_;
    bool settled_ = true;
};

} // namespace ringcast::sources
