// The cameras of a program that loads libcamera as a module; src/libcamera/linked_cameras.cpp
// replaces this where it is linked in.
#include <filesystem>
#include <mutex>
#include <system_error>

#include "build_identity.hpp"
#include "capture/camera_module.hpp"
#include "capture/cameras.hpp"

namespace ringcast::capture {

namespace {

Result<std::filesystem::path> module_file() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
        return fail("libcamera can't be found, because /proc/self/exe can't be read: " +
                    error.message() + "; mount /proc");
    }
    return camera_module_file(program.parent_path(), installed_camera_module);
}

Result<const CameraModule*> loaded_module() {
    static std::mutex mutex;
    static const CameraModule* loaded = nullptr;
    const std::lock_guard lock(mutex);
    if (loaded == nullptr) {
        const auto file = module_file();
        if (!file) {
            return tl::unexpected(file.error());
        }
        const auto module = load_camera_module(*file, build_identity);
        if (!module) {
            return module;
        }
        loaded = *module;
    }
    return loaded;
}

} // namespace

bool camera_library_installed() {
    const auto file = module_file();
    std::error_code error;
    return file && std::filesystem::exists(*file, error);
}

Result<void> load_camera_library() {
    return loaded_module().map([](const CameraModule*) {});
}

Result<std::unique_ptr<Cameras>> open_cameras(std::span<const config::LibcameraConfig> streams) {
    const auto module = loaded_module();
    if (!module) {
        return tl::unexpected(module.error());
    }
    return (*module)->open_cameras(streams);
}

} // namespace ringcast::capture
