#pragma once
// How long the frames of a camera that has just been started are held back: the first ones are too
// dark or too bright for anybody to see. Pure.

#include <optional>

#include "base/time.hpp"

namespace ringcast::camera {

class ExposureSettling {
public:
    /// A camera that says whether its exposure has settled is believed, for so long at most. One
    /// that says nothing, as USB cameras, is given all of it: what others have found enough is 5
    /// frames of one and 25 of another, of which 10 were still overexposed
    /// (realsenseai/librealsense issue 2269, iot-root/garden-of-eden issue 143). Who wants a
    /// picture at once lets the camera run.
    static constexpr Duration held_max = std::chrono::seconds(1);

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
        settled_ =
            settled_ || exposure_settled.value_or(false) || captured_at - *first_ >= held_max;
        return settled_;
    }

private:
    std::optional<Instant> first_;
    bool settled_ = true;
};

} // namespace ringcast::camera
