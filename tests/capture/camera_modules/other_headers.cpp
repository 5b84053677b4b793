#include "module.hpp"

extern "C" const ringcast::capture::CameraModule ringcast_camera_module{
    {"1.2.3", "abd"}, ringcast::capture::no_cameras};
