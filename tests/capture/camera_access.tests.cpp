#include "capture/camera_access.hpp"

#include <catch2/catch_test_macros.hpp>
#include <unistd.h>

#include "support/in_child.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::capture {

namespace {

/// None if this process can't change its user.
std::optional<std::string> problem_as_nobody(const std::string& folder) {
    const std::string forbidden = "nobody may";
    const std::string text = test_support::in_child([&]() -> std::string {
        constexpr uid_t nobody = 65534;
        return ::setresuid(nobody, nobody, nobody) == 0
                   ? camera_permission_problem(folder).value_or("")
                   : forbidden;
    });
    return text == forbidden ? std::nullopt : std::optional(text);
}

} // namespace

TEST_CASE("a camera device without permission is named, with the remedy") {
    const test::TemporaryFolder folder;
    folder.write("video1", "");
    folder.write("media0", "");
    folder.write("null", "");
    CHECK_FALSE(camera_permission_problem(folder.path()).has_value());
    CHECK_FALSE(camera_permission_problem(folder.path("nowhere")).has_value());
    for (const char* name : {"video1", "media0", "null"}) {
        std::filesystem::permissions(folder.path(name), std::filesystem::perms::none);
    }
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    // Root may open everything.
    const auto problem = ::geteuid() == 0 ? problem_as_nobody(folder.path())
                                          : camera_permission_problem(folder.path());
    if (!problem) {
        SKIP("root can't become another user here");
    }
    CHECK(*problem == "no permission to open " + folder.path("media0") +
                          ": sudo usermod -aG video $USER, then log in again");
}

} // namespace ringcast::capture
