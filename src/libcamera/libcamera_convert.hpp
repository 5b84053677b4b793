#pragma once
// Converts between libcamera's types and ours, identically for every version from 0.3 on.

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
/// The camera's default configuration for video, with one stream; null if it has none.
[[nodiscard]] std::unique_ptr<libcamera::CameraConfiguration>
video_configuration(libcamera::Camera& camera);
[[nodiscard]] std::vector<camera::FormatOffer> offers_of(const libcamera::StreamFormats& formats);
/// The controls that can be set, sorted by name.
[[nodiscard]] std::vector<source::CameraControl>
controls_of(const libcamera::ControlInfoMap& controls);

/// Converts `settings` to the list with which the camera is started, and sets the values in
/// `controls`. The error names the setting that does not fit, and what the camera accepts.
[[nodiscard]] Result<libcamera::ControlList>
control_list(const libcamera::ControlInfoMap& infos,
             const std::vector<config::ControlSetting>& settings,
             std::vector<source::CameraControl>& controls);

/// Whether the frame was captured before the camera's algorithms have settled. Pipeline handlers
/// drop such frames in versions of libcamera without a status for them, and deliver them in later
/// ones.
[[nodiscard]] bool is_startup(const libcamera::FrameMetadata& metadata) noexcept;

/// Ids of the metadata that reports whether exposure has settled; 0 if this libcamera has none.
struct ExposureIds {
    unsigned int locked = 0;
    unsigned int state = 0;
};
[[nodiscard]] ExposureIds exposure_ids();
/// None if the camera does not report it.
[[nodiscard]] std::optional<bool> exposure_settled(const libcamera::ControlList& metadata,
                                                   const ExposureIds& ids);

} // namespace ringcast::capture
