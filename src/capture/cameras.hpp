#pragma once
// The cameras of this machine: one object per process, because libcamera allows only one. The build
// selects the implementation: libcamera is linked in (src/libcamera/linked_cameras.cpp), or loaded
// when it is needed (loaded_cameras.cpp).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/immovable.hpp"
#include "base/picture_turn.hpp"
#include "base/result.hpp"
#include "camera/camera_match.hpp"
#include "camera/camera_offer.hpp"
#include "capture/camera_device.hpp"
#include "config/config.hpp"
#include "source/camera_status.hpp"

namespace ringcast::capture {

/// Buffers of a camera in its default format and size.
struct ListedBuffers {
    config::PictureSize size;
    std::uint32_t count = 0;
    std::size_t bytes = 0; ///< of one buffer
};

/// Properties of a camera that are known without opening it.
struct CameraListing {
    camera::CameraIdentity identity;
    std::vector<camera::FormatOffer> offers;
    std::vector<source::CameraControl> controls{}; ///< libcamera's, then the V4L2 device's
    std::optional<ListedBuffers> buffers{}; ///< none if the camera does not report their size
};

class Cameras : private Immovable {
public:
    /// All its devices must have been destroyed. Called by the thread that created it.
    virtual ~Cameras() = default;

    /// "libcamera 0.3.2".
    [[nodiscard]] virtual std::string library() const = 0;
    /// The available cameras. Blocks, the first time for up to a second.
    [[nodiscard]] virtual Result<std::vector<CameraListing>> list() = 0;
    /// `turn`: of the pictures, as far as the camera can; see OpenedCamera. Does not block. This object
    /// must outlive the device.
    [[nodiscard]] virtual std::unique_ptr<CameraDevice>
    make_device(const config::LibcameraConfig& wanted, const PictureTurn& turn) = 0;
};

/// False if libcamera is neither linked in nor installed as a module.
[[nodiscard]] bool camera_library_installed();

/// Loads libcamera where it is not linked in, which takes some hundredths of a second; open_cameras
/// does it too. May be called by any thread. Fails if it is not installed; the error says what to do.
[[nodiscard]] Result<void> load_camera_library();

/// `streams` use the cameras: what they ask for is prepared that has to be set before the library
/// starts. Called before other threads exist, because it may set an environment variable. Does not
/// block once the library is loaded. Fails if that is not possible on this machine; the error says
/// what to do.
[[nodiscard]] Result<std::unique_ptr<Cameras>>
open_cameras(std::span<const config::LibcameraConfig> streams);

} // namespace ringcast::capture
