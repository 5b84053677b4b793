#include "sources/camera_access.hpp"

#include <array>
#include <cstdlib>

#include <catch2/catch_test_macros.hpp>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ringcast/base/unique_fd.hpp"
#include "sources/support.hpp"

namespace ringcast::sources {

namespace {

/// Nothing when the system lets nobody become another user.
std::optional<std::string> problem_as_nobody(const std::string& folder) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        constexpr uid_t nobody = 65534;
        if (::setresuid(nobody, nobody, nobody) != 0) {
            ::_exit(EXIT_FAILURE);
        }
        const std::string text = camera_permission_problem(folder).value_or("");
        const bool told = ::write(writing.get(), text.data(), text.size()) >= 0;
        ::_exit(told ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    writing.reset();
    std::array<char, 1024> text{};
    const ssize_t bytes = ::read(reading.get(), text.data(), text.size());
    REQUIRE(bytes >= 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status == 0 ? std::optional(std::string(text.data(), static_cast<std::size_t>(bytes)))
                       : std::nullopt;
}

} // namespace

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

} // namespace ringcast::sources
