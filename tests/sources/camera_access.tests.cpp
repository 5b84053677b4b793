#include "sources/camera_access.hpp"

#include <catch2/catch_test_macros.hpp>

#include "sources/support.hpp"

namespace ringcast::sources {

TEST_CASE("a camera device that may not be opened is named, with what to do") {
    const test::TemporaryFolder folder;
    folder.write("video1", "");
    folder.write("media0", "");
    folder.write("null", "");
    CHECK_FALSE(camera_permission_problem(folder.path()).has_value());
    CHECK_FALSE(camera_permission_problem(folder.path("nowhere")).has_value());
    for (const char* name : {"video1", "media0", "null"}) {
        std::filesystem::permissions(folder.path(name), std::filesystem::perms::none);
    }
    const auto problem = camera_permission_problem(folder.path());
    if (::geteuid() == 0) {
        SKIP("root may open everything");
    }
    REQUIRE(problem.has_value());
    CHECK(*problem == "no permission to open " + folder.path("media0") +
                          ": sudo usermod -aG video $USER, then log in again");
}

} // namespace ringcast::sources
