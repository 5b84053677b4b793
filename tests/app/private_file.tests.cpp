#include "app/private_file.hpp"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "support/in_child.hpp"
#include "support/source_fixture.hpp"

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::EndsWith;

constexpr std::size_t test_bytes_max = 2048;

class FolderBench {
public:
    void write(const std::string& content, mode_t mode = 0600) const {
        folder.write("users", content);
        REQUIRE(::chmod(path.c_str(), mode) == 0);
    }
    [[nodiscard]] Result<ChangedFile> change(const TextChange& change,
                                             const std::string& model = "") const {
        return change_private_file(path, "the users", test_bytes_max, model, change);
    }
    /// Appends a line.
    [[nodiscard]] Result<ChangedFile> append(const std::string& line,
                                             const std::string& model = "") const {
        return change([&](const auto& text) { return text.value_or("") + line + "\n"; }, model);
    }
    [[nodiscard]] std::string content() const {
        const auto text = read_private_file(path, "the users", test_bytes_max);
        INFO((text ? std::string() : text.error().message));
        REQUIRE(text.has_value());
        return *text;
    }
    [[nodiscard]] struct stat status() const {
        struct stat status{};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        return status;
    }
    [[nodiscard]] std::size_t files() const {
        const std::filesystem::directory_iterator begin(folder.path());
        return static_cast<std::size_t>(std::distance(begin, {}));
    }

    test::TemporaryFolder folder;
    std::string path = folder.path("users");
};

mode_t permissions(const struct stat& status) {
    return status.st_mode & 07777U;
}

} // namespace

TEST_CASE("a private file is read up to a limit") {
    const FolderBench bench;
    bench.write("abcdef");
    CHECK(read_private_file(bench.path, "the users", 6).value() == "abcdef");
    CHECK(read_private_file(bench.path, "the users", 5).value() == "abcde");
    bench.write("");
    CHECK(bench.content().empty());
}

TEST_CASE("a private file that others have a permission for is refused with the remedy") {
    const FolderBench bench;
    for (const mode_t mode : {0604U, 0602U, 0601U, 0666U}) {
        bench.write("secret", mode);
        for (const std::string& message :
             {read_private_file(bench.path, "the users", test_bytes_max).error().message,
              bench.append("x").error().message}) {
            CHECK(message == "everybody on this machine can read the users in " + bench.path +
                                 ": chmod 600 " + bench.path);
        }
    }
    CHECK(bench.files() == 1);
}

TEST_CASE("a missing private file is an error only where it has to exist") {
    const FolderBench bench;
    CHECK(read_private_file_if_exists(bench.path, "the users", 1).value() == std::nullopt);
    CHECK(read_private_file(bench.path, "the users", 1).error().message ==
          "the users in " + bench.path + " can't be read: No such file or directory");
}

TEST_CASE("a folder, a pipe and a device are no private files") {
    const FolderBench bench;
    const auto message = [&](const std::string& path) {
        return read_private_file(path, "the users", 1).error().message;
    };
    CHECK_THAT(message(bench.folder.path()), EndsWith("can't be read: Is a directory"));
    REQUIRE(::mkfifo(bench.path.c_str(), 0600) == 0);
    CHECK_THAT(message(bench.path), EndsWith("is not a regular file"));
    CHECK_THAT(message("/dev/null"), EndsWith("is not a regular file"));
}

TEST_CASE("a user without permission is told what to do") {
    const FolderBench bench;
    bench.write("secret");
    REQUIRE(::chmod(bench.folder.path().c_str(), 0711) == 0);
    const std::string messages = test_support::in_child([&] {
        constexpr uid_t nobody = 65534;
        if (::geteuid() == 0 && ::setuid(nobody) != 0) {
            return std::string("setuid");
        }
        ::chmod(bench.path.c_str(), 0); // where the test does not run as root
        return read_private_file(bench.path, "the users", 1).error().message + "|" +
               change_private_file(bench.folder.path("new"), "the users", 1, "",
                                   [](const auto&) { return std::string(); })
                   .error()
                   .message;
    });
    if (::geteuid() == 0) {
        CHECK_THAT(messages, ContainsSubstring("Permission denied: use sudo, or give") &&
                                 EndsWith("can't be written: Permission denied: use sudo"));
    } else {
        CHECK_THAT(messages, ContainsSubstring("Permission denied: use sudo, or give"));
    }
}

TEST_CASE("a new private file can be read by its owner alone, whatever the umask") {
    const FolderBench bench;
    for (const mode_t mask : {0U, 0777U}) {
        const mode_t before = ::umask(mask);
        const auto changed = bench.append("a");
        ::umask(before);
        CHECK(changed.value().created);
        CHECK(permissions(bench.status()) == 0600);
        CHECK(bench.content() == "a\n");
        CHECK(bench.files() == 1);
        bench.folder.remove("users");
    }
}

TEST_CASE("a new private file belongs to whom its model belongs to") {
    const FolderBench bench;
    const std::string model = bench.folder.path("model");
    bench.folder.write("model", "");
    constexpr uid_t user = 12345;
    constexpr gid_t group = 54321;
    const bool root = ::geteuid() == 0;
    if (root) {
        REQUIRE(::chown(model.c_str(), user, group) == 0);
    }
    for (const auto& [model_mode, mode] :
         {std::pair(0600U, 0600U), {0640U, 0640U}, {0664U, 0640U}, {0400U, 0600U}}) {
        REQUIRE(::chmod(model.c_str(), model_mode) == 0);
        REQUIRE(bench.append("a", model).has_value());
        CHECK(permissions(bench.status()) == mode);
        if (root) {
            CHECK(bench.status().st_uid == user);
            CHECK(bench.status().st_gid == group);
        }
        bench.folder.remove("users");
    }
    REQUIRE(bench.append("a", bench.folder.path("missing")).has_value());
    CHECK(permissions(bench.status()) == 0600);
}

TEST_CASE("a change keeps owner, group and mode of a private file") {
    const FolderBench bench;
    for (const mode_t mode : {0600U, 0640U, 0440U, 02640U}) {
        bench.write("a\n", 0600);
        constexpr uid_t user = 12345;
        constexpr gid_t group = 54321;
        const bool root = ::geteuid() == 0;
        if (root) {
            REQUIRE(::chown(bench.path.c_str(), user, group) == 0);
        }
        REQUIRE(::chmod(bench.path.c_str(), mode) == 0);
        const auto changed = bench.append("b");
        INFO((changed ? std::string() : changed.error().message));
        REQUIRE(changed.has_value());
        CHECK_FALSE(changed->created);
        CHECK(permissions(bench.status()) == mode);
        CHECK(bench.content() == "a\nb\n");
        if (root) {
            CHECK(bench.status().st_uid == user);
            CHECK(bench.status().st_gid == group);
        }
        bench.folder.remove("users");
    }
}

TEST_CASE("a change that fails leaves a private file as it is, and nothing beside it") {
    const FolderBench bench;
    const auto refuse = [](const auto&) -> Result<std::string> { return fail("no"); };
    CHECK(bench.change(refuse).error().message == "no");
    CHECK(bench.files() == 0);
    bench.write("a\n");
    CHECK(bench.change(refuse).error().message == "no");
    CHECK(bench.content() == "a\n");
    CHECK(bench.files() == 1);
}

TEST_CASE("a private file stays within its limit") {
    const FolderBench bench;
    const std::string longest(test_bytes_max, 'x');
    bench.write(longest);
    CHECK_THAT(bench.append("").error().message, EndsWith("expected a file of at most 2 KiB"));
    CHECK(bench.content() == longest);
    const auto empty = [](const auto&) { return std::string(); };
    bench.write(longest + "x");
    CHECK_THAT(bench.change(empty).error().message, EndsWith("of at most 2 KiB"));
    CHECK(bench.content() == longest);
    bench.write(longest);
    CHECK(bench.change(empty).has_value());
    CHECK(bench.content().empty());
}

TEST_CASE("a change follows no symbolic link, but reading does") {
    const FolderBench bench;
    bench.folder.write("elsewhere", "secret");
    REQUIRE(::chmod(bench.folder.path("elsewhere").c_str(), 0600) == 0);
    for (const char* target : {"elsewhere", "missing"}) {
        std::filesystem::create_symlink(bench.folder.path(target), bench.path);
        CHECK_THAT(bench.append("x").error().message, ContainsSubstring("is a symbolic link"));
        bench.folder.remove("users");
    }
    std::filesystem::create_symlink(bench.folder.path("elsewhere"), bench.path);
    CHECK(bench.content() == "secret");
}

TEST_CASE("a folder that does not exist is an error that says so") {
    const FolderBench bench;
    const auto changed = change_private_file(bench.folder.path("no/users"), "the users", 1, "",
                                             [](const auto&) { return std::string(); });
    CHECK_THAT(changed.error().message,
               EndsWith("No such file or directory: create the folder first"));
}

TEST_CASE("changes at the same time lose nothing") {
    for (const bool exists : {true, false}) {
        const FolderBench bench;
        if (exists) {
            bench.write("");
        }
        constexpr int thread_count = 4;
        constexpr int lines_per_thread = 10;
        std::vector<std::thread> threads;
        for (int thread = 0; thread < thread_count; ++thread) {
            threads.emplace_back([&bench, thread] {
                for (int line = 0; line < lines_per_thread; ++line) {
                    // Catch2's assertions are not for several threads: the count below tells.
                    static_cast<void>(bench.append(std::to_string(thread)));
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        CHECK(bench.content().size() == 2UL * thread_count * lines_per_thread);
        CHECK(bench.files() == 1);
    }
}

} // namespace ringcast::app
