#pragma once
// Decides when a camera is opened, closed and reopened. No I/O, no clock: the caller executes one
// command at a time and reports its result.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.hpp"

namespace ringcast::camera {

/// Why a camera could not be opened.
enum class OpenError : std::uint8_t {
    absent,    ///< not plugged in
    busy,      ///< used by another process
    forbidden, ///< this user has no permission to open it
    refused,   ///< this camera does not support its configuration
    unusable,  ///< it failed
};

class CameraSession {
public:
    enum class Command : std::uint8_t { none, open, close };

    /// The wait after a first failure; it doubles with each further one.
    static constexpr Duration retry_min = std::chrono::seconds(1);
    static constexpr Duration retry_max = std::chrono::seconds(30);
    /// The longest wait for another process or for permission: trying is cheap, and a viewer may be
    /// waiting.
    static constexpr Duration cheap_retry_max = std::chrono::seconds(4);

    /// Whether frames are needed.
    void set_wanted(bool wanted) noexcept { wanted_ = wanted; }
    [[nodiscard]] bool wanted() const noexcept { return wanted_; }
    /// The camera is not opened any more.
    void end() noexcept { ended_ = true; }

    void on_opened() noexcept {
        phase_ = Phase::open;
        lost_ = false;
    }
    void on_open_failed(OpenError error, Instant now) noexcept {
        phase_ = Phase::closed;
        if (error == OpenError::busy || error == OpenError::forbidden) {
            retry_ = std::min(retry_, cheap_retry_max);
        }
        wait(error == OpenError::absent || error == OpenError::refused, now);
    }
    void on_closed() noexcept { phase_ = Phase::closed; }
    /// The camera works: the next failure counts as the first one.
    void on_frame() noexcept { retry_ = retry_min; }
    /// The camera was unplugged, or delivers no frames any more.
    void on_lost(bool unplugged, Instant now) noexcept {
        if (phase_ != Phase::open || lost_) {
            return;
        }
        lost_ = true;
        wait(unplugged, now);
    }
    /// A camera was plugged in or unplugged. If it was this one, `on_lost` reports that.
    void on_cameras_changed(Instant now) noexcept {
        for_change_ = false;
        changed_while_opening_ = phase_ == Phase::opening;
        try_at_ = std::min(try_at_, now);
    }

    /// The command to start now. The caller reports the end of `open` by `on_opened` or
    /// `on_open_failed`, that of `close` by `on_closed`.
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
    /// When `next` may return a command without an event before.
    [[nodiscard]] Instant deadline() const noexcept {
        const bool waits = phase_ == Phase::closed && wanted_ && !ended_ && !for_change_;
        return waits ? try_at_ : never;
    }
    /// True exactly when frames may arrive and buffers may be queued.
    [[nodiscard]] bool open() const noexcept { return phase_ == Phase::open && !lost_; }
    /// True exactly when the camera is not opened before one is plugged in or unplugged.
    [[nodiscard]] bool waits_for_change() const noexcept {
        return phase_ == Phase::closed && for_change_;
    }
    /// True exactly when no command is being executed and no camera is open.
    [[nodiscard]] bool closed() const noexcept { return phase_ == Phase::closed; }

private:
    enum class Phase : std::uint8_t { closed, opening, open, closing };

    /// `for_change`: retrying is useless before a camera is plugged in or unplugged.
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
