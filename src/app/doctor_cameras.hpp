#pragma once
// Collects facts about cameras for `ringcast doctor`: the devices, as V4L2 shows them, and the
// cameras that the camera library finds. Captures nothing and changes no setting.

#include <string>
#include <vector>

#include "app/doctor_facts.hpp"
#include "io/engine.hpp"

namespace ringcast::app {

/// /dev/video*, in the order of their numbers. `engine` is used to test whether a camera's memory
/// can be registered; null when none could be created.
[[nodiscard]] std::vector<VideoDeviceFacts> look_at_video_devices(io::Engine* engine);

/// The cameras that libcamera lists. Without permission for its devices, its warnings are not
/// logged.
[[nodiscard]] CameraLibraryFacts look_at_cameras();

[[nodiscard]] std::vector<DmaHeapFacts> look_at_dma_heaps();

} // namespace ringcast::app
