#include "capture/camera_module.hpp"

#include <string>
#include <system_error>

#include <dlfcn.h>
#include <fmt/core.h>

namespace ringcast::capture {

namespace fs = std::filesystem;

Result<const CameraModule*> load_camera_module(const fs::path& file, const BuildIdentity& own) {
    std::error_code error;
    if (!fs::exists(file, error)) {
        return fail(fmt::format(
            "cameras need the package ringcast-libcamera, which is not installed ({} is missing): "
            "install it, or build ringcast with -DRINGCAST_LIBCAMERA=ON, or read the camera with a "
            "program, see the source `exec`",
            file.string()));
    }
    // All symbols at once: one that is missing is an error here instead of the end of the process
    // later.
    void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return fail(fmt::format("libcamera can't be loaded: {}; install ringcast and "
                                "ringcast-libcamera in the same version",
                                ::dlerror()));
    }
    const auto* const module =
        static_cast<const CameraModule*>(::dlsym(library, camera_module_symbol));
    std::string problem;
    if (module == nullptr) {
        problem = "is not a part of ringcast";
    } else if (std::string_view(module->build.version) != own.version) {
        problem = fmt::format("is of ringcast {}, and this is ringcast {}", module->build.version,
                              own.version);
    } else if (std::string_view(module->build.headers) != own.headers) {
        problem = fmt::format("is of another build of ringcast {}", own.version);
    }
    if (!problem.empty()) {
        ::dlclose(library); // nothing in it has run but its initialisation
        return fail(fmt::format("{} {}: install ringcast and ringcast-libcamera in the same "
                                "version, and restart ringcast if it was running meanwhile",
                                file.string(), problem));
    }
    return module;
}

fs::path camera_module_file(const fs::path& program_folder, std::string_view installed) {
    fs::path beside = program_folder / "libcamera.so";
    std::error_code error;
    if (fs::exists(beside, error)) {
        return beside;
    }
    return (program_folder / installed).lexically_normal();
}

} // namespace ringcast::capture
