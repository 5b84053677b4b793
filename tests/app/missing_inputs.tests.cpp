#include "app/missing_inputs.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <unistd.h>

#include "config/load.hpp"

using namespace ringcast;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

std::string warnings(const std::string& toml) {
    const config::LoadResult loaded = config::parse(toml, "test.toml");
    REQUIRE(loaded.has_value());
    return app::missing_inputs(*loaded);
}

std::string exec(const std::string& program) {
    return "[streams.door]\nsource = \"exec\"\ncommand = [\"" + program + "\", \"x\"]\n";
}

std::string file(const std::string& path) {
    return "[streams.door]\nsource = \"file\"\npath = \"" + path + "\"\n";
}

} // namespace

TEST_CASE("programs that can't be started are named, with their package") {
    CHECK(warnings(exec("sh")).empty());
    CHECK(warnings(exec("/bin/sh")).empty());
    CHECK(warnings(exec("no-such-program")) ==
          "ringcast: warning: stream door: the program \"no-such-program\" was not found\n");
    CHECK(warnings(exec("/nowhere/ffmpeg")) ==
          "ringcast: warning: stream door: the program \"/nowhere/ffmpeg\" was not found (package "
          "ffmpeg)\n");
    CHECK(warnings(exec("/etc")) ==
          "ringcast: warning: stream door: the program \"/etc\" was not found\n");
    CHECK(warnings(exec("/etc/passwd")) ==
          "ringcast: warning: stream door: the program \"/etc/passwd\" was not found\n");
}

TEST_CASE("files that are missing are named, and a video with the command that shows it") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("ringcast-inputs-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    const std::string video = (folder / "our film.mp4").string();
    std::ofstream(video) << "x";
    CHECK(warnings(file(folder.string())).empty());
    CHECK(warnings(file("/nowhere/a.jpg")) ==
          "ringcast: warning: stream door: there is no file or folder \"/nowhere/a.jpg\"\n");
    CHECK(warnings(file(video)) ==
          "ringcast: warning: stream door: \"" + video +
              "\" is a video, not JPEG frames; to show it: ffmpeg -re -stream_loop -1 -i '" +
              video + "' -q:v 4 -f mjpeg - | ringcast -\n");
    std::filesystem::remove_all(folder);
}

TEST_CASE("a tuning file that is missing is named") {
    const auto camera = [](const std::string& tuning) {
        return "[streams.door]\nsource = \"libcamera\"\ntuning = \"" + tuning + "\"\n";
    };
    CHECK(warnings(camera("/etc/passwd")).empty());
    CHECK(warnings("[streams.door]\nsource = \"libcamera\"\n").empty());
    CHECK_THAT(warnings(camera("/nowhere/imx219.json")),
               Catch::Matchers::StartsWith("ringcast: warning: stream door: tuning: there is no "
                                           "file /nowhere/imx219.json"));
}

TEST_CASE("sources that need nothing of the machine have no warnings") {
    CHECK(warnings("[streams.a]\nsource = \"pattern\"\n[streams.b]\nsource = \"stdin\"\n").empty());
}

TEST_CASE("files of passwords that the server would refuse are named, with the reason") {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("ringcast-access-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    const std::string users = (folder / "users").string();
    const auto check = [&users](const std::string& lines) {
        return warnings("[access]\nusers_file = \"" + users + "\"\n" + lines +
                        "[streams.door]\nsource = \"pattern\"\n");
    };
    CHECK_THAT(check(""), StartsWith("ringcast: warning: the users in " + users) &&
                              ContainsSubstring("make it with: ringcast passwd NAME"));
    std::ofstream(users) << "";
    std::filesystem::permissions(users, std::filesystem::perms{0600});
    CHECK_THAT(check(""), ContainsSubstring("an empty file would lock everybody out"));
    std::ofstream(users) << "anna:$2b$04$abcdefghijklmnopqrstuuJJuBev/9NX3ry4CxL8HIhmMBZ5t7NVq\n";
    CHECK(check("").empty());
    CHECK_THAT(check("admins = [\"ana\"]\n"),
               ContainsSubstring("neither users nor tokens contain ana"));
    std::filesystem::permissions(users, std::filesystem::perms{0644});
    CHECK_THAT(check(""), ContainsSubstring("chmod 600 " + users));
    std::filesystem::remove_all(folder);
}
