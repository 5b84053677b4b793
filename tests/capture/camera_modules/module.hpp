#pragma once
// Modules for tests/capture/camera_module.tests.cpp, which expects version 1.2.3 and headers "abc".

#include "capture/camera_module.hpp"

namespace ringcast::capture {

inline Result<std::unique_ptr<Cameras>>
no_cameras(std::span<const config::LibcameraConfig> /*streams*/) {
    return fail("the module was called");
}

} // namespace ringcast::capture
