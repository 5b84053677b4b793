#include "os/in_container.hpp"

#include <cstdlib>
#include <filesystem>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

using namespace ringcast;

namespace {

/// A folder in place of the root, and an environment without the variable.
struct Root {
    Root() { ::unsetenv("container"); }
    ~Root() { ::unsetenv("container"); }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    test::TemporaryFolder folder;
};

} // namespace

TEST_CASE("a system without a container engine's files and variable is no container") {
    const Root root;
    CHECK_FALSE(os::in_container(root.folder.path()));
    ::setenv("container", "", 1);
    CHECK_FALSE(os::in_container(root.folder.path()));
}

TEST_CASE("a container is recognised by the file of Docker, that of podman, or the variable") {
    const Root root;
    SECTION("Docker") {
        root.folder.write(".dockerenv", "");
        CHECK(os::in_container(root.folder.path()));
    }
    SECTION("podman") {
        std::filesystem::create_directory(root.folder.path("run"));
        root.folder.write("run/.containerenv", "");
        CHECK(os::in_container(root.folder.path()));
    }
    SECTION("the variable") {
        ::setenv("container", "podman", 1);
        CHECK(os::in_container(root.folder.path()));
    }
}
