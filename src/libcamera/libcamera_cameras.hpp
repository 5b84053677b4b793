#pragma once
// The cameras of this machine through libcamera. The build either links this into the program
// (linked_cameras.cpp) or makes it a module (camera_module_entry.cpp).

#include <memory>
#include <span>

#include "base/result.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"

namespace ringcast::capture {

/// `capture::open_cameras`, under another name because the program has one of its own if it loads
/// this as a module.
[[nodiscard]] Result<std::unique_ptr<Cameras>>
open_libcamera(std::span<const config::LibcameraConfig> streams);

} // namespace ringcast::capture
