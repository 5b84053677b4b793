#pragma once
// The values that a camera's controls are set to: those of the configuration, and over them those that
// requests have set since the start. No I/O.

#include <span>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"
#include "source/control_change.hpp"

namespace ringcast::camera {

class ControlSettings {
public:
    /// A change that has been checked.
    struct Update {
        std::vector<config::ControlSetting> changed; ///< replaces `changed()`
        /// To give to the camera: all settings, and the defaults of controls that have none any more.
        std::vector<config::ControlSetting> apply;
    };

    explicit ControlSettings(std::vector<config::ControlSetting> configured)
        : configured_(std::move(configured)) {}

    /// Those of the configuration in its order, with the values that requests have set, then the others.
    [[nodiscard]] std::vector<config::ControlSetting> all() const;
    /// Those that requests have set.
    [[nodiscard]] const std::vector<config::ControlSetting>& changed() const noexcept {
        return changed_;
    }

    /// `controls`: those of the camera. The error names every name and value that it does not accept,
    /// and what it would accept.
    [[nodiscard]] Result<Update> prepare(std::span<const source::CameraControl> controls,
                                         std::span<const source::ControlChange> changes) const;
    void commit(std::vector<config::ControlSetting> changed) noexcept {
        changed_ = std::move(changed);
    }
    /// Leaves those of the configuration.
    void drop_changed() noexcept { changed_.clear(); }

private:
    std::vector<config::ControlSetting> configured_;
    std::vector<config::ControlSetting> changed_;
};

} // namespace ringcast::camera
