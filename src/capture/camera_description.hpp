#pragma once
// What is known of a camera from opening it: the constant part of its status, and its controls.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capture/camera_device.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

class CameraDescription {
public:
    void on_opened(const OpenedCamera& camera);
    /// The open camera's controls have new values. `focus`: see camera::focus_text.
    void on_controls_set(std::vector<source::CameraControl> controls, std::string focus) noexcept {
        controls_ = std::move(controls);
        status_.focus = std::move(focus);
    }

    /// The fields that are constant while the camera is open, and how often it was opened. Of a
    /// camera that is not open (any more) only its identity is set.
    [[nodiscard]] source::CameraStatus status(bool open) const;
    /// Those of the last opening, with the values that were set since.
    [[nodiscard]] std::span<const source::CameraControl> controls() const noexcept {
        return controls_;
    }
    [[nodiscard]] std::uint64_t times_opened() const noexcept { return status_.counters.opened; }

private:
    source::CameraStatus status_;
    std::vector<source::CameraControl> controls_;
};

} // namespace ringcast::capture
