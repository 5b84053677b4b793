#pragma once
// When a camera is opened, closed and tried again. Pure: one command at a time is under way, and
// whoever runs commands says how they ended.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

/// Why a camera can't be had now.
enum class OpenError : std::uint8_t {
    absent,    ///< nothing to be done before another camera is plugged in
    busy,      ///< another process has it
    forbidden, ///< this user may not open it
    refused,   ///< it can't do what the configuration asks: as long as it is this camera
    unusable,  ///< it failed
};

class CameraSession {
public:
    enum class Command : std::uint8_t { none, open, close };

    /// The first wait after a failure; it doubles with each further one.
    static constexpr Duration retry_min = std::chrono::seconds(1);
    static constexpr Duration retry_max = std::chrono::seconds(30);
    /// The longest wait for another process or for permission: asking costs nothing, and somebody
    /// may be waiting.
    static constexpr Duration asking_retry_max = std::chrono::seconds(4);

    /// Somebody wants frames.
    void set_wanted(bool wanted) noexcept { wanted_ = wanted; }
    [[nodiscard]] bool wanted() const noexcept { return wanted_; }
    /// There will be no further `open`.
    void end() noexcept { ended_ = true; }

    void on_opened() noexcept {
        phase_ = Phase::open;
        lost_ = false;
    }
    void on_open_failed(OpenError obstacle, Instant now) noexcept {
        phase_ = Phase::closed;
        if (obstacle == OpenError::busy || obstacle == OpenError::forbidden) {
            retry_ = std::min(retry_, asking_retry_max);
        }
        wait(obstacle == OpenError::absent || obstacle == OpenError::refused, now);
    }
    void on_closed() noexcept { phase_ = Phase::closed; }
    /// It works: the next failure is a first one.
    void on_frame() noexcept { retry_ = retry_min; }
    /// It is gone, or gives no frames any more.
    void on_lost(bool unplugged, Instant now) noexcept {
        if (phase_ != Phase::open || lost_) {
            return;
        }
        lost_ = true;
        wait(unplugged, now);
    }
    /// Cameras came or went. The one that went may be ours, which `on_lost` says.
    void on_cameras_changed(Instant now) noexcept {
        for_change_ = false;
        changed_while_opening_ = phase_ == Phase::opening;
        try_at_ = std::min(try_at_, now);
    }

    /// What is to be begun now. After `open` comes `on_opened` or `on_open_failed`, after `close`
    /// `on_closed`.
    [[nodiscard]] Command next(Instant now) noexcept {
        if (phase_ == Phase::closed && wanted_ && !ended_ && !for_change_ && now >= try_at_) {
            phase_ = Phase::opening;
            changed_while_opening_ = false;
            return Command::open;
        }
        if (phase_ == Phase::open && (!wanted_ || ended_ || lost_)) {
            phase_ = Phase::closing;
            return Command::close;
        }
        return Command::none;
    }
    /// When `next` may have something to do that no event announces.
    [[nodiscard]] Instant deadline() const noexcept {
        const bool waits = phase_ == Phase::closed && wanted_ && !ended_ && !for_change_;
        return waits ? try_at_ : never;
    }
    /// True exactly when frames may come and buffers may be queued.
    [[nodiscard]] bool open() const noexcept { return phase_ == Phase::open && !lost_; }
    /// True exactly when it is not tried again before cameras have come or gone.
    [[nodiscard]] bool waits_for_change() const noexcept {
        return phase_ == Phase::closed && for_change_;
    }
    /// True exactly when nothing is under way and nothing is open.
    [[nodiscard]] bool closed() const noexcept { return phase_ == Phase::closed; }

private:
    enum class Phase : std::uint8_t { closed, opening, open, closing };

    /// `for_change`: trying again is of no use before cameras have come or gone.
    void wait(bool for_change, Instant now) noexcept {
        for_change_ = for_change && !changed_while_opening_;
        try_at_ = for_change ? now : now + retry_;
        retry_ = for_change ? retry_min : std::min(2 * retry_, retry_max);
    }

    Phase phase_ = Phase::closed;
    bool wanted_ = true;
    bool ended_ = false;
    bool lost_ = false;
    bool for_change_ = false;
    bool changed_while_opening_ = false;
    Instant try_at_{};
    Duration retry_ = retry_min;
};

} // namespace ringcast::camera
