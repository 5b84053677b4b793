#include "module.hpp"

extern "C" const ringcast::capture::CameraModule ringcast_camera_module{
    {"1.2.3", "abc"}, ringcast::capture::no_cameras};
