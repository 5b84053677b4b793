#pragma once
// Looks at cameras for `ringcast doctor`: at the devices, as V4L2 shows them, and at what the
// camera library makes of these. Nothing is captured and no setting is changed.

#include <string>
#include <vector>

#include "app/doctor_facts.hpp"
#include "io/engine.hpp"

namespace ringcast::app {

/// /dev/video*, in the order of their numbers. `engine` is for trying whether a camera's memory can
/// be registered; null where there is none.
[[nodiscard]] std::vector<VideoDeviceFacts> look_at_video_devices(io::Engine* engine);

/// What libcamera lists. Where its devices may not be opened, its own complaints are not logged.
[[nodiscard]] CameraLibraryFacts look_at_cameras();

[[nodiscard]] std::vector<DmaHeapFacts> look_at_dma_heaps();

} // namespace ringcast::app
