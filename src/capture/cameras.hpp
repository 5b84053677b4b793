#pragma once
// The cameras of this machine: one object for the process, because libcamera allows only one. What
// implements it is chosen by the build: libcamera_cameras.cpp, or no_libcamera.cpp, which says how
// to build with it.

#include <memory>
#include <string>
#include <vector>

#include "base/immovable.hpp"
#include "base/result.hpp"
#include "camera/camera_match.hpp"
#include "camera/camera_offer.hpp"
#include "capture/camera_device.hpp"
#include "config/config.hpp"

namespace ringcast::capture {

/// A camera as it can be found without opening it.
struct CameraListing {
    camera::CameraIdentity identity;
    std::vector<camera::FormatOffer> offers;
};

class Cameras : private Immovable {
public:
    /// Its devices are gone. In the thread that made it.
    virtual ~Cameras() = default;

    /// "libcamera 0.3.2".
    [[nodiscard]] virtual std::string library() const = 0;
    /// All that there are now. Blocks, the first time for up to a second.
    [[nodiscard]] virtual Result<std::vector<CameraListing>> list() = 0;
    /// Doesn't block. The cameras outlive the device.
    [[nodiscard]] virtual std::unique_ptr<CameraDevice>
    make_device(const config::LibcameraConfig& wanted) = 0;
};

/// Fails in a build without libcamera, and says how to make one with it. Doesn't block.
[[nodiscard]] Result<std::unique_ptr<Cameras>> open_cameras();

} // namespace ringcast::capture
