// The cameras of a program that is linked with libcamera; src/capture/loaded_cameras.cpp replaces
// this where it is a module.
#include "capture/cameras.hpp"
#include "libcamera/libcamera_cameras.hpp"

namespace ringcast::capture {

bool camera_library_installed() {
    return true;
}

Result<void> load_camera_library() {
    return {};
}

Result<std::unique_ptr<Cameras>> open_cameras(std::span<const config::LibcameraConfig> streams) {
    return open_libcamera(streams);
}

} // namespace ringcast::capture
