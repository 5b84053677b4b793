// Replaces libcamera_*.cpp in a build without libcamera.
#include "capture/cameras.hpp"

namespace ringcast::capture {

Result<std::unique_ptr<Cameras>>
open_cameras(std::span<const config::LibcameraConfig> /*streams*/) {
    return fail("this ringcast was built without libcamera: install libcamera-dev (Debian 12: "
                "libcamera-dev/bookworm-backports) and build with -DRINGCAST_LIBCAMERA=ON, or "
                "read the camera with a program, see the source `exec`");
}

} // namespace ringcast::capture
