#include "capture/camera_module.hpp"

#include <map>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <fmt/core.h>

#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

namespace fs = std::filesystem;

/// Built beside this program, from tests/capture/camera_modules.
fs::path test_module(std::string_view name) {
    return fs::read_symlink("/proc/self/exe").parent_path() / "camera_modules" /
           fmt::format("{}.so", name);
}

Result<const CameraModule*> load(std::string_view name) {
    return load_camera_module(test_module(name), {"1.2.3", "abc"});
}

} // namespace

TEST_CASE("a module of this build is loaded, and opens cameras") {
    const auto module = load("matching");
    REQUIRE(module.has_value());
    const auto cameras = (*module)->open_cameras({});
    REQUIRE_FALSE(cameras);
    CHECK(cameras.error().message == "the module was called");
}

TEST_CASE("without the module, the error names the package") {
    const auto module = load_camera_module("/nonexistent/libcamera.so", {"1.2.3", "abc"});
    REQUIRE_FALSE(module);
    CHECK(module.error().message.find("need the package ringcast-libcamera, which is not installed "
                                      "(/nonexistent/libcamera.so is missing)") !=
          std::string::npos);
}

TEST_CASE("a module that does not fit is refused, with the reason and what to install") {
    const std::map<std::string, std::string> reasons{
        {"other_version", "is of ringcast 1.2.4, and this is ringcast 1.2.3"},
        {"other_headers", "is of another build of ringcast 1.2.3"},
        {"foreign", "is not a part of ringcast"},
        {"unresolved", "libcamera can't be loaded: "}};
    for (const auto& [name, reason] : reasons) {
        CAPTURE(name);
        const auto module = load(name);
        REQUIRE_FALSE(module);
        const std::string& message = module.error().message;
        CHECK(message.find(reason) != std::string::npos);
        CHECK(message.find(test_module(name).string()) != std::string::npos);
        CHECK(message.find("install ringcast and ringcast-libcamera in the same version") !=
              std::string::npos);
    }
}

TEST_CASE("a file that is no library is refused") {
    const test::TemporaryFolder folder;
    folder.write("libcamera.so", "text");
    const auto module = load_camera_module(folder.path("libcamera.so"), {"1.2.3", "abc"});
    REQUIRE_FALSE(module);
    CHECK(module.error().message.find("libcamera can't be loaded: ") == 0);
}

TEST_CASE("the module is where it is installed, or beside the program") {
    const test::TemporaryFolder folder;
    const fs::path programs = fs::path(folder.path("bin"));
    fs::create_directory(programs);
    CHECK(camera_module_file(programs, "../lib/ringcast/libcamera.so") ==
          folder.path("lib/ringcast/libcamera.so"));
    folder.write("bin/libcamera.so", "text");
    CHECK(camera_module_file(programs, "../lib/ringcast/libcamera.so") ==
          programs / "libcamera.so");
}

} // namespace ringcast::capture
