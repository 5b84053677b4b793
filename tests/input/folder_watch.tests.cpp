#include "input/folder_watch.hpp"

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using test::TemporaryFolder;

/// inotify reports before the call that causes the event returns, so no test has to wait.
FolderWatch::News take_all(FolderWatch& watch) {
    return watch.take([](std::string_view) { return true; });
}

} // namespace

TEST_CASE("a file is reported when it is complete, not before") {
    const TemporaryFolder folder;
    FolderWatch watch;
    watch.begin(folder.path());
    CHECK(take_all(watch).completed.empty());
    {
        std::ofstream file(folder.path("new.jpg"));
        file << "half" << std::flush;
        CHECK(take_all(watch).completed.empty());
    }
    CHECK(take_all(watch).completed == "new.jpg");
    folder.write(".partial", "x");
    static_cast<void>(take_all(watch));
    std::filesystem::rename(folder.path(".partial"), folder.path("moved.jpg"));
    CHECK(take_all(watch).completed == "moved.jpg");
    CHECK(take_all(watch).completed.empty());
}

TEST_CASE("the last wanted file of several is reported") {
    const TemporaryFolder folder;
    FolderWatch watch;
    watch.begin(folder.path());
    for (int i = 0; i < 300; ++i) { // more than one read of events holds
        folder.write("picture-with-a-rather-long-name-" + std::to_string(i), "x");
    }
    folder.write("other", "x");
    const auto news = watch.take([](std::string_view name) { return name != "other"; });
    CHECK(news.completed == "picture-with-a-rather-long-name-299");
    CHECK_FALSE(news.over);
}

TEST_CASE("a watch ends when its folder is deleted") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path("inner"));
    FolderWatch watch;
    watch.begin(folder.path("inner"));
    CHECK(watch.descriptor() >= 0);
    folder.remove("inner");
    CHECK(take_all(watch).over);
    CHECK(watch.descriptor() == -1);
    watch.begin(folder.path("inner"));
    CHECK(watch.descriptor() == -1);
    CHECK(take_all(watch).completed.empty());
}

} // namespace ringcast::input
