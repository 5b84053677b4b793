#pragma once
// Between libcamera's types and ours, the same for every version from 0.3 on.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <libcamera/camera.h>
#include <libcamera/controls.h>
#include <libcamera/framebuffer.h>
#include <libcamera/stream.h>

#include "base/result.hpp"
#include "camera/camera_match.hpp"
#include "camera/camera_offer.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// "libcamera 0.3.2".
[[nodiscard]] std::string libcamera_version();
[[nodiscard]] camera::CameraIdentity identity_of(const libcamera::Camera& camera);
/// What the camera proposes for moving pictures, in one stream; null where it has none.
[[nodiscard]] std::unique_ptr<libcamera::CameraConfiguration>
video_configuration(libcamera::Camera& camera);
[[nodiscard]] std::vector<camera::FormatOffer> offers_of(const libcamera::StreamFormats& formats);
/// Those that can be set, in the order of their names.
[[nodiscard]] std::vector<source::CameraControl>
controls_of(const libcamera::ControlInfoMap& controls);

/// What the camera is to be started with. The values of `settings` go into `controls`, as they are
/// now in force. The error says which setting does not fit, and what the camera has.
[[nodiscard]] Result<libcamera::ControlList>
control_list(const libcamera::ControlInfoMap& infos,
             const std::vector<config::ControlSetting>& settings,
             std::vector<source::CameraControl>& controls);

/// A frame from before the camera has found its settings. Pipelines keep such frames to themselves
/// until libcamera has a name for them, and give them from then on.
[[nodiscard]] bool is_startup(const libcamera::FrameMetadata& metadata) noexcept;

/// Ids of metadata that tell whether exposure has settled; 0 where this libcamera has none.
struct ExposureIds {
    unsigned int locked = 0;
    unsigned int state = 0;
};
[[nodiscard]] ExposureIds exposure_ids();
/// Nothing where the camera doesn't say.
[[nodiscard]] std::optional<bool> exposure_settled(const libcamera::ControlList& metadata,
                                                   const ExposureIds& ids);

} // namespace ringcast::capture
