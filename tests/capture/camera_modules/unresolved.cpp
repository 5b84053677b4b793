// Calls a function that the program does not have, like a module for another version of it.
#include "module.hpp"

namespace ringcast::capture {

Result<std::unique_ptr<Cameras>>
function_of_another_version(std::span<const config::LibcameraConfig> streams);

} // namespace ringcast::capture

extern "C" const ringcast::capture::CameraModule ringcast_camera_module{
    {"1.2.3", "abc"}, ringcast::capture::function_of_another_version};
