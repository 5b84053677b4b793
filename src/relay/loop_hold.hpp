#pragma once
// Measures for how long the loop took no completions, because of its own work or because the system
// did not run it, and when time-outs may be judged again. No clock.

#include <algorithm>

#include "base/time.hpp"

namespace ringcast::relay {

class LoopHold {
public:
    /// The loop is held up when it takes no completions for longer than `ordinary`.
    explicit LoopHold(Duration ordinary) noexcept : ordinary_(ordinary) {}
    void begin(Instant now) noexcept { woke_at_ = now; }

    /// The loop began to wait for completions at `began`, to wake at `wake_at` at the latest, and
    /// woke at `woke`. Returns the time that counts for no time-out: zero unless it was held up
    /// since it woke before.
    [[nodiscard]] Duration on_wake(Instant began, Instant wake_at, Instant woke) noexcept {
        const Duration work = began - woke_at_;
        const Duration late = woke - std::max(began, wake_at);
        const Duration held = work + std::max(late, Duration::zero());
        woke_at_ = woke;
        if (held <= ordinary_) {
            return {};
        }
        if (judged_) { // else an overloaded loop would never judge
            judge_from_ = woke + ordinary_;
            judged_ = false;
        }
        return held - ordinary_;
    }

    /// No time-out is judged before: first the completions that have gathered are handled.
    [[nodiscard]] Instant judge_from() const noexcept { return judge_from_; }
    /// True if time-outs may be judged at `now`, which the caller then does.
    [[nodiscard]] bool judge(Instant now) noexcept {
        judged_ = judged_ || now >= judge_from_;
        return now >= judge_from_;
    }

private:
    Duration ordinary_;
    Instant woke_at_{};
    Instant judge_from_{};
    bool judged_ = true; ///< since `judge_from_` was set
};

} // namespace ringcast::relay
