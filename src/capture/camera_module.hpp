#pragma once
// libcamera as a module: a shared library that the program loads when it needs a camera, so that it
// runs without libcamera. The module calls functions of the program that loads it and shares types
// with it, so both have to be of the same build.

#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "capture/cameras.hpp"
#include "config/config.hpp"

namespace ringcast::capture {

struct BuildIdentity {
    const char* version;
    const char* headers; ///< hash of all headers, which changes with types that both sides use
};

/// What a module exports as `camera_module_symbol`. Only the identity can be relied on in a module
/// of another build, so it stays first.
struct CameraModule {
    BuildIdentity build;
    Result<std::unique_ptr<Cameras>> (*open_cameras)(
        std::span<const config::LibcameraConfig> streams);
};

inline constexpr const char* camera_module_symbol = "ringcast_camera_module";

/// Loads the module until the process ends, because libcamera's threads may run until then. Fails
/// for a module of another build than `own`.
[[nodiscard]] Result<const CameraModule*> load_camera_module(const std::filesystem::path& file,
                                                             const BuildIdentity& own);

/// Where the module of the program in `program_folder` is: where it is installed, or beside the
/// program in a build tree. If it is in neither, where it should be installed.
[[nodiscard]] std::filesystem::path camera_module_file(const std::filesystem::path& program_folder,
                                                       std::string_view installed);

} // namespace ringcast::capture
