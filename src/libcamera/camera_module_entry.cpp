// What the module exports; see capture/camera_module.hpp.
#include "build_identity.hpp"
#include "capture/camera_module.hpp"
#include "libcamera/libcamera_cameras.hpp"

extern "C" const ringcast::capture::CameraModule ringcast_camera_module{
    ringcast::capture::build_identity, ringcast::capture::open_libcamera};
