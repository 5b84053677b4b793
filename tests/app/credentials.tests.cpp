#include "app/credentials.hpp"

#include <cstdlib>
#include <optional>
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <sys/stat.h>

#include "support/source_fixture.hpp"

namespace ringcast::app {
namespace {

using Catch::Matchers::ContainsSubstring;

/// The folder in $CREDENTIALS_DIRECTORY, for its lifetime.
class CredentialsFolder {
public:
    explicit CredentialsFolder(const std::string& path) {
        ::setenv("CREDENTIALS_DIRECTORY", path.c_str(), 1);
    }
    CredentialsFolder(const CredentialsFolder&) = delete;
    CredentialsFolder& operator=(const CredentialsFolder&) = delete;
    CredentialsFolder(CredentialsFolder&&) = delete;
    CredentialsFolder& operator=(CredentialsFolder&&) = delete;
    ~CredentialsFolder() { ::unsetenv("CREDENTIALS_DIRECTORY"); }
};

class FileBench {
public:
    void write(const std::string& content, mode_t mode = 0600) {
        folder.write("door", content);
        REQUIRE(::chmod(path.c_str(), mode) == 0);
        upstream.credentials_file = path;
    }
    /// "user|password"
    [[nodiscard]] std::string found() const {
        const auto result = find_credentials(upstream, "door");
        INFO((result ? std::string() : result.error().message));
        REQUIRE(result.has_value());
        return *result ? (*result)->user + "|" + (*result)->password : "none";
    }
    [[nodiscard]] std::string error() const {
        const auto result = find_credentials(upstream, "door");
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message.find("secret") == std::string::npos);
        CHECK(result.error().message.find('\n') == std::string::npos);
        return result.error().message;
    }

    test::TemporaryFolder folder;
    std::string path = folder.path("door");
    config::UpstreamConfig upstream;
};

} // namespace

TEST_CASE("credentials are the first line of a file") {
    FileBench bench;
    for (const char* content : {"user:secret", "user:secret\n", "user:secret\r\nanything:else\n"}) {
        bench.write(content);
        CHECK(bench.found() == "user|secret");
    }
    bench.write("user:a:b c\xC3\xA4\n");
    CHECK(bench.found() == "user|a:b c\xC3\xA4");
    bench.write("user:\n");
    CHECK(bench.found() == "user|");
}

TEST_CASE("a file that contains no credentials is an error that does not quote it") {
    FileBench bench;
    for (const std::string content :
         {"", "\n", "secret", ":secret", "\nuser:secret", "us\ter:secret", "user:sec\x7Fret"}) {
        bench.write(content);
        CHECK(bench.error() == bench.path + ": expected USER:PASSWORD in its first line");
    }
}

TEST_CASE("a password is not cut") {
    FileBench bench;
    const std::string longest = "user:" + std::string(1018, 'x');
    bench.write(longest + "\n" + std::string(5000, 'y'));
    CHECK(bench.found() == "user|" + std::string(1018, 'x'));
    bench.write(longest + "xx\n");
    CHECK_THAT(bench.error(), ContainsSubstring("at most"));
}

TEST_CASE("a file that everybody can read is refused") {
    FileBench bench;
    for (const mode_t mode : {0604U, 0602U, 0601U, 0666U}) {
        bench.write("user:secret", mode);
        CHECK_THAT(bench.error(), ContainsSubstring("chmod 600 " + bench.path));
    }
    for (const mode_t mode : {0600U, 0400U, 0440U, 0660U}) {
        bench.write("user:secret", mode);
        CHECK(bench.found() == "user|secret");
    }
}

TEST_CASE("a file that can't be read is an error that names it") {
    FileBench bench;
    bench.upstream.credentials_file = bench.folder.path("missing");
    CHECK_THAT(bench.error(), ContainsSubstring("missing can't be read: No such file"));
    REQUIRE(::chmod(bench.folder.path().c_str(), 0700) == 0);
    bench.upstream.credentials_file = bench.folder.path();
    CHECK_THAT(bench.error(), ContainsSubstring("can't be read: Is a directory"));
}

TEST_CASE("credentials of systemd are found by the name of the stream, if there are no others") {
    FileBench bench;
    test::TemporaryFolder systemd;
    const CredentialsFolder set(systemd.path());
    CHECK(bench.found() == "none");
    systemd.write("door", "system:secret\n");
    REQUIRE(::chmod(systemd.path("door").c_str(), 0400) == 0);
    CHECK(bench.found() == "system|secret");
    CHECK(!*find_credentials(bench.upstream, "other"));
    bench.write("file:secret");
    CHECK(bench.found() == "file|secret");
    bench.upstream.url.user = "url";
    bench.upstream.url.password = "secret";
    CHECK(bench.found() == "url|secret");
}

TEST_CASE("without credentials there are none") {
    CHECK(FileBench().found() == "none");
}

} // namespace ringcast::app
