#include "app/command_line.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <unistd.h>

using namespace ringcast;
using namespace ringcast::app;
using Catch::Matchers::ContainsSubstring;

namespace {

tl::expected<CommandLine, EarlyExit> parsed(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "ringcast");
    return parse_command_line(arguments);
}

CommandLine accepted(const std::vector<const char*>& arguments) {
    auto result = parsed(arguments);
    INFO((result ? std::string() : result.error().standard_error));
    REQUIRE(result.has_value());
    return *result;
}

/// Standard error of a usage error.
std::string refused(const std::vector<const char*>& arguments) {
    const auto result = parsed(arguments);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::usage_error);
    CHECK(result.error().standard_output.empty());
    return result.error().standard_error;
}

config::PatternConfig pattern_of(const CommandLine& command_line) {
    REQUIRE(command_line.config.streams.size() == 1);
    return std::get<config::PatternConfig>(command_line.config.streams[0].source);
}

/// A folder with a picture, a recording, a text file and a configuration, as the current folder.
class Folder {
public:
    Folder() : before_(std::filesystem::current_path()) {
        std::filesystem::create_directories(path_ / "folder");
        std::filesystem::current_path(path_);
        for (const char* name : {"clip.mjpeg", "still.JPG", "notes.txt"}) {
            std::ofstream(name) << "content";
        }
        std::ofstream("good.toml")
            << "[http]\nlisten = [\":1\", \":2\"]\n[log]\nlevel = \"error\"\n"
               "[streams.a]\nsource = \"stdin\"\n";
        std::ofstream("bad.toml") << "[streams.a]\nsource = \"x\"\n[viewers]\nmax = 0\n";
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(path_);
    }

private:
    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  ("ringcast-command-line-" + std::to_string(::getpid()));
    std::filesystem::path before_;
};

} // namespace

TEST_CASE(
    "without arguments three examples are printed and the exit code is that of a usage error") {
    const auto result = parsed({});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::usage_error);
    CHECK_THAT(result.error().standard_output, ContainsSubstring("ringcast pattern"));
    CHECK_THAT(result.error().standard_output, ContainsSubstring("| ringcast -"));
    CHECK_THAT(result.error().standard_output, ContainsSubstring("ringcast --config"));
    CHECK(result.error().standard_error.empty());
}

TEST_CASE("--help and --version print to standard output, whatever the other arguments are") {
    for (const auto& arguments :
         {std::vector<const char*>{"--help"}, {"-h"}, {"pattern", "--help", "--nonsense"}}) {
        const auto result = parsed(arguments);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().code == ExitCode::ok);
        for (const char* word : {"--config", "--listen", "--size", "--fps", "--quality", "--engine",
                                 "--log-level", "--check", "--version", "--help", "Exit codes"}) {
            CHECK_THAT(result.error().standard_output, ContainsSubstring(word));
        }
    }
    const auto version = parsed({"--version"});
    REQUIRE_FALSE(version.has_value());
    CHECK(version.error().code == ExitCode::ok);
    CHECK_THAT(version.error().standard_output, ContainsSubstring("ringcast 0."));
}

TEST_CASE("options and SOURCE are accepted in any order") {
    const std::vector<std::vector<const char*>> orders{
        {"pattern", "--listen", ":1", "--listen", "unix:/x", "--size", "640x480", "--fps", "5"},
        {"--listen", ":1", "pattern", "--listen", "unix:/x", "--fps", "5", "--size", "640x480"},
        {"--listen=:1", "--listen=unix:/x", "--fps=5", "--size=640x480", "pattern"},
        {"--size", "640x480", "--fps", "5", "--listen", ":1", "--listen", "unix:/x", "pattern"},
    };
    for (const auto& order : orders) {
        const CommandLine command_line = accepted(order);
        CHECK(command_line.config.http.listen ==
              std::vector<config::ListenConfig>{{config::ListenTcp{"", 1}},
                                                {config::ListenUnix{"/x"}}});
        CHECK(pattern_of(command_line).size == config::PictureSize{640, 480});
        CHECK(pattern_of(command_line).fps == 5);
        CHECK_FALSE(command_line.ends_with_input);
    }
}

TEST_CASE("the pattern needs no options and listens on loopback") {
    const CommandLine command_line = accepted({"pattern"});
    CHECK(command_line.config.http.listen ==
          std::vector<config::ListenConfig>{{config::ListenTcp{"127.0.0.1", 8080}}});
    CHECK(command_line.config.streams[0].name == "pattern");
    CHECK(command_line.config.streams[0].is_default);
    CHECK(pattern_of(accepted({"pattern", "--quality", "30"})).quality == 30);
}

TEST_CASE("a dash is standard input, also directly behind a list option") {
    for (const auto& arguments :
         {std::vector<const char*>{"-"}, {"--listen", ":8080", "-"}, {"-", "--listen", ":8080"}}) {
        const CommandLine command_line = accepted(arguments);
        CHECK(command_line.ends_with_input);
        REQUIRE(command_line.config.streams.size() == 1);
        CHECK(std::holds_alternative<config::StdinConfig>(command_line.config.streams[0].source));
    }
}

TEST_CASE("files and folders are recognised") {
    const Folder folder;
    for (const char* word : {"clip.mjpeg", "still.JPG", "folder", "./folder/", "."}) {
        const CommandLine command_line = accepted({word});
        CHECK(std::get<config::FileConfig>(command_line.config.streams[0].source).path == word);
        CHECK_FALSE(std::get<config::FileConfig>(command_line.config.streams[0].source).fps);
    }
    const CommandLine command_line = accepted({"clip.mjpeg", "--fps", "12.5"});
    CHECK(std::get<config::FileConfig>(command_line.config.streams[0].source).fps == 12.5);
}

TEST_CASE("an address is another server, and its password stays out of messages") {
    const CommandLine command_line = accepted({"HTTP://user:secret@host:81/?action=stream"});
    const config::StreamConfig& stream = command_line.config.streams[0];
    const auto& upstream = std::get<config::UpstreamConfig>(stream.source);
    CHECK(stream.name == "http");
    CHECK(stream.is_default);
    CHECK(upstream.url == http::Url{"host", 81, "/?action=stream", "user", "secret"});
    CHECK_FALSE(command_line.ends_with_input);
    for (const auto& [word, expected] :
         {std::pair("https://user:secret@host/", "SOURCE: https is not supported"),
          {"rtsp://user:secret@host/", "SOURCE: rtsp is not supported"},
          {"ftp://user:secret@host/", "SOURCE: expected an address that begins with http://"},
          {"http://user:secret@/", "SOURCE: the address has no valid host"}}) {
        const std::string message = refused({word});
        CHECK_THAT(message, ContainsSubstring(expected));
        CHECK(message.find("secret") == std::string::npos);
    }
}

TEST_CASE("an invalid SOURCE is rejected with the valid ones") {
    const Folder folder;
    CHECK_THAT(refused({"patern"}), ContainsSubstring("did you mean pattern?"));
    CHECK_THAT(refused({"printer"}),
               ContainsSubstring("unknown SOURCE printer, expected camera, pattern, -"));
    CHECK_THAT(refused({"missing.mjpeg"}), ContainsSubstring("missing.mjpeg: no such file"));
    CHECK_THAT(refused({"no/where"}), ContainsSubstring("no/where: no such file"));
    CHECK_THAT(refused({"notes.txt"}), ContainsSubstring("none of the extensions"));
    CHECK_THAT(refused({"/dev/null"}), ContainsSubstring("is a device, but not a camera"));
    CHECK_THAT(refused({"--listen", ":80"}), ContainsSubstring("no SOURCE was given"));
    CHECK_THAT(refused({"--check"}), ContainsSubstring("no SOURCE was given"));
}

TEST_CASE("an option without its value is explained by an example") {
    CHECK_THAT(refused({"pattern", "--fps"}),
               ContainsSubstring("--fps needs a number, as in --fps 15\n"));
    CHECK_THAT(refused({"pattern", "--fps", "--check"}), ContainsSubstring("--fps needs a number"));
    CHECK_THAT(refused({"pattern", "--fps", "--quality", "50"}),
               ContainsSubstring("ringcast: --fps needs a number, as in --fps 15\n"));
    CHECK_THAT(refused({"pattern", "--listen", "--size=64x64"}),
               ContainsSubstring("--listen needs an address"));
    CHECK_THAT(refused({"--listen"}),
               ContainsSubstring("--listen needs an address, as in --listen :8080\n"));
    CHECK_THAT(refused({"pattern", "--size"}), ContainsSubstring("as in --size 1280x720\n"));
    CHECK_THAT(refused({"pattern", "--quality"}), ContainsSubstring("as in --quality 80\n"));
    CHECK_THAT(refused({"pattern", "--log-level"}), ContainsSubstring("as in --log-level debug\n"));
    CHECK_THAT(refused({"pattern", "--engine"}), ContainsSubstring("as in --engine epoll\n"));
    CHECK_THAT(refused({"--config"}), ContainsSubstring("as in --config ringcast.toml\n"));
}

TEST_CASE("a video is refused with the command that shows it") {
    const Folder folder;
    std::ofstream("my clip.MP4") << "content";
    CHECK_THAT(
        refused({"my clip.MP4"}),
        ContainsSubstring("SOURCE my clip.MP4 is a video, not JPEG frames; to show it: ffmpeg "
                          "-re -stream_loop -1 -i 'my clip.MP4' -q:v 4 -f mjpeg - | ringcast -"));
}

TEST_CASE("an option that does not apply to the source is rejected") {
    CHECK_THAT(refused({"-", "--size", "640x480"}),
               ContainsSubstring("--size applies to cameras and the pattern"));
    CHECK_THAT(refused({"-", "--fps", "5"}),
               ContainsSubstring("--fps applies to cameras, the pattern and files"));
    CHECK_THAT(refused({"-", "--quality", "5"}), ContainsSubstring("--quality applies"));
    const Folder folder;
    CHECK_THAT(refused({"--config", "good.toml", "--fps", "5"}),
               ContainsSubstring("in a configuration, set it in the file"));
}

TEST_CASE("wrong values are reported all at once, with the expected ones") {
    const std::string text = refused({"pattern", "--size", "63x64", "--fps", "0", "--quality",
                                      "80.5", "--listen", "8080", "--log-level", "loud"});
    CHECK_THAT(text,
               ContainsSubstring("--size: found \"63x64\", expected a picture size from 64x64"));
    CHECK_THAT(text, ContainsSubstring("--fps: found \"0\", expected a number from 0.1 to 240"));
    CHECK_THAT(text,
               ContainsSubstring("--quality: found \"80.5\", expected a whole number from 1"));
    CHECK_THAT(text, ContainsSubstring("--listen: found \"8080\": the port is missing"));
    CHECK_THAT(text, ContainsSubstring("--log-level: found \"loud\", expected \"debug\""));
    CHECK_THAT(text, ContainsSubstring("Try `ringcast --help`."));
}

TEST_CASE("unknown options, missing values and a second SOURCE are rejected") {
    CHECK_THAT(refused({"pattern", "--lisen", ":80"}),
               ContainsSubstring("unknown option --lisen; did you mean --listen?"));
    CHECK_THAT(refused({"--verbose", "pattern"}), ContainsSubstring("unknown option --verbose\n"));
    CHECK_THAT(refused({"pattern", "--listen"}), ContainsSubstring("--listen"));
    CHECK_THAT(refused({"pattern", "-"}), ContainsSubstring("expected one SOURCE, also found -"));
    const Folder folder;
    CHECK_THAT(refused({"pattern", "--config", "good.toml"}),
               ContainsSubstring("exclude each other"));
}

TEST_CASE("a configuration file is read, by --config or by its extension") {
    const Folder folder;
    for (const auto& arguments :
         {std::vector<const char*>{"--config", "good.toml"}, {"good.toml"}}) {
        const CommandLine command_line = accepted(arguments);
        CHECK(command_line.config.http.listen.size() == 2);
        CHECK(command_line.config.log.level == LogLevel::error);
        CHECK_FALSE(command_line.ends_with_input);
    }
    CHECK_THAT(refused({"--config", "missing.toml"}),
               ContainsSubstring("missing.toml: can't be opened"));
}

TEST_CASE("--listen and --log-level override the configuration") {
    const Folder folder;
    const CommandLine command_line =
        accepted({"--config", "good.toml", "--listen", ":9", "--log-level", "debug"});
    CHECK(command_line.config.http.listen ==
          std::vector<config::ListenConfig>{{config::ListenTcp{"", 9}}});
    CHECK(command_line.config.log.level == LogLevel::debug);
}

TEST_CASE("--check describes a configuration, or lists all mistakes in it") {
    const Folder folder;
    const auto good = parsed({"--check", "--config", "good.toml"});
    REQUIRE_FALSE(good.has_value());
    CHECK(good.error().code == ExitCode::ok);
    CHECK_THAT(good.error().standard_output, ContainsSubstring("Stream \"a\" (the default) reads"));
    const std::string bad = refused({"--check", "bad.toml"});
    CHECK_THAT(bad, ContainsSubstring("bad.toml:2:10: streams.a.source"));
    CHECK_THAT(bad, ContainsSubstring("bad.toml:4:7: viewers.max"));
}

TEST_CASE("--check warns of missing files and programs, which are no errors") {
    const Folder folder;
    std::ofstream("absent.toml") << "[streams.a]\nsource = \"file\"\npath = \"/nowhere/a.jpg\"\n";
    const auto result = parsed({"--check", "absent.toml"});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ExitCode::ok);
    CHECK_THAT(result.error().standard_output, ContainsSubstring("Stream \"a\""));
    CHECK_THAT(result.error().standard_error,
               ContainsSubstring("warning: stream a: there is no file or folder"));
}

TEST_CASE("doctor accepts a configuration and addresses, and needs neither") {
    const Folder folder;
    const CommandLine alone = accepted({"doctor"});
    CHECK(alone.task == Task::examine_machine);
    CHECK(alone.config.streams.empty());
    CHECK(alone.config.http.listen == config::HttpConfig().listen);
    const CommandLine configured =
        accepted({"doctor", "--config", "good.toml", "--listen", "127.0.0.1:0"});
    CHECK(configured.task == Task::examine_machine);
    CHECK(configured.config.streams.size() == 1);
    CHECK(configured.config.http.listen ==
          std::vector<config::ListenConfig>{{config::ListenTcp{"127.0.0.1", 0}}});
    CHECK(accepted({"pattern"}).task == Task::stream);
    CHECK_THAT(refused({"doctor", "--fps", "5"}), ContainsSubstring("--fps applies to"));
    CHECK_THAT(refused({"doctor", "--check"}), ContainsSubstring("--check"));
    CHECK_THAT(refused({"doctor", "pattern"}), ContainsSubstring("one SOURCE"));
    CHECK_THAT(refused({"docter"}), ContainsSubstring("did you mean doctor?"));
}

TEST_CASE("doctor looks through a proxy at the URL of a stream") {
    const Folder folder;
    const CommandLine command_line = accepted(
        {"doctor", "--through", "https://anna:x@cam.example.org/stream", "--config", "good.toml"});
    CHECK(command_line.task == Task::examine_proxy);
    CHECK(command_line.through.shown == "https://cam.example.org/stream");
    CHECK(command_line.config.streams.size() == 1);
    CHECK(accepted({"doctor", "--through", "http://cam.example.org/"}).config.http.listen ==
          config::HttpConfig().listen);
    const std::string mistaken =
        refused({"doctor", "--through", "ftp://anna:secret@cam.example.org"});
    CHECK_THAT(mistaken, ContainsSubstring("--through: expected the URL of a stream"));
    CHECK_THAT(mistaken, !ContainsSubstring("secret"));
    CHECK_THAT(refused({"doctor", "--through"}), ContainsSubstring("--through needs a URL"));
    CHECK_THAT(refused({"doctor", "--through", "--config"}), ContainsSubstring("needs"));
    CHECK_THAT(refused({"pattern", "--through", "http://cam.example.org/"}),
               ContainsSubstring("--through applies to doctor"));
    CHECK_THAT(refused({"cameras", "--through", "http://cam.example.org/"}),
               ContainsSubstring("--through applies to doctor"));
}

TEST_CASE("a camera is the only one, or selected by its id, model, number or device") {
    const auto camera_of = [](const CommandLine& command_line) {
        REQUIRE(command_line.config.streams.size() == 1);
        CHECK(command_line.config.streams[0].name == "camera");
        return std::get<config::LibcameraConfig>(command_line.config.streams[0].source);
    };
    CHECK(camera_of(accepted({"camera"})).camera.empty());
    CHECK_FALSE(camera_of(accepted({"camera"})).size);
    CHECK(camera_of(accepted({"camera:C920"})).camera == "C920");
    CHECK(camera_of(accepted({"camera:2"})).camera == "2");
    const auto asked =
        camera_of(accepted({"camera", "--size", "640x480", "--fps", "12.5", "--quality", "60"}));
    CHECK(asked.size == config::PictureSize{640, 480});
    CHECK(asked.fps == 12.5);
    CHECK(asked.quality == 60);
    CHECK_THAT(refused({"camera:"}), ContainsSubstring("did you mean camera?"));
    CHECK_THAT(refused({"camera", "--size", "1x1"}),
               ContainsSubstring("expected a picture size from 64x64"));
    CHECK_THAT(refused({"/dev/video-none"}), ContainsSubstring("`ringcast cameras` lists"));
}

TEST_CASE("cameras are listed without a configuration") {
    CHECK(accepted({"cameras"}).task == Task::list_cameras);
    CHECK(accepted({"cameras"}).config.streams.empty());
    CHECK(accepted({"pattern"}).task == Task::stream);
    for (const char* option : {"--fps", "--size", "--quality", "--listen", "--log-level"}) {
        CHECK_THAT(refused({"cameras", option, "5"}),
                   ContainsSubstring("takes no " + std::string(option)));
    }
    CHECK_THAT(refused({"cameras", "--check"}), ContainsSubstring("takes no --check"));
    CHECK_THAT(refused({"camreas"}), ContainsSubstring("did you mean cameras?"));
    const Folder folder;
    CHECK_THAT(refused({"cameras", "--config", "good.toml"}),
               ContainsSubstring("exclude each other"));
}

TEST_CASE("bench-encoder takes the size and the quality of a picture") {
    const CommandLine plain = accepted({"bench-encoder"});
    CHECK(plain.task == Task::bench_encoder);
    CHECK(pattern_of(plain).size == config::PictureSize{1280, 720});
    const CommandLine given = accepted({"bench-encoder", "--size", "1921x1081", "--quality", "60"});
    CHECK(pattern_of(given).size == config::PictureSize{1920, 1080});
    CHECK(pattern_of(given).quality == 60);
    CHECK_THAT(refused({"bench-encoder", "--size", "10"}), ContainsSubstring("--size"));
    CHECK_THAT(refused({"bench-encoder", "--fps", "5"}),
               ContainsSubstring("takes --size and --quality, and no --fps"));
}

TEST_CASE("a command with arguments of its own behind an option is explained") {
    for (const auto& arguments :
         {std::vector<const char*>{"--config", "good.toml", "passwd", "anna"},
          {"--config", "good.toml", "passwd"}}) {
        CHECK_THAT(refused(arguments),
                   ContainsSubstring("passwd has to be the first argument, as in ringcast passwd"));
    }
    CHECK_THAT(refused({"paswd"}), ContainsSubstring("did you mean passwd?"));
    CHECK_THAT(refused({"paswd", "anna"}), ContainsSubstring("did you mean passwd?"));
    CHECK_THAT(refused({"--config", "good.toml", "health"}),
               ContainsSubstring("health has to be the first argument, as in ringcast health "
                                 "--config FILE"));
    CHECK_THAT(refused({"helth"}), ContainsSubstring("did you mean health?"));
    CHECK_THAT(refused({"helth", "door"}), ContainsSubstring("did you mean health?"));
    CHECK_THAT(refused({"pattern", "anna"}), !ContainsSubstring("did you mean"));
}

TEST_CASE("--help names the commands with a help text of their own") {
    const auto result = parsed({"--help"});
    REQUIRE_FALSE(result.has_value());
    for (const char* command : {"passwd", "token", "link", "health", "top"}) {
        CHECK_THAT(result.error().standard_output,
                   ContainsSubstring(std::string("ringcast ") + command + " --help"));
    }
}

TEST_CASE("--engine chooses the engine, and lists those that exist") {
    using config::EngineChoice;
    CHECK(parsed({"pattern"})->config.server.engine == EngineChoice::automatic);
    CHECK(parsed({"pattern", "--engine", "epoll"})->config.server.engine == EngineChoice::epoll);
    CHECK(parsed({"pattern", "--engine", "io_uring"})->config.server.engine ==
          EngineChoice::io_uring);
    CHECK(parsed({"doctor", "--engine", "epoll"})->config.server.engine == EngineChoice::epoll);
    CHECK_THAT(refused({"pattern", "--engine", "uring"}),
               ContainsSubstring("--engine: found \"uring\", expected \"auto\", \"io_uring\" or "
                                 "\"epoll\""));
    CHECK_THAT(refused({"cameras", "--engine", "epoll"}), ContainsSubstring("takes no --engine"));
    CHECK_THAT(refused({"bench-encoder", "--engine", "epoll"}), ContainsSubstring("no --engine"));
}

TEST_CASE("--reload stands alone") {
    CHECK(accepted({"--reload"}).task == Task::reload);
    CHECK_THAT(refused({"--reload", "--config", "a.toml"}), ContainsSubstring("takes no --config"));
    CHECK_THAT(refused({"--reload", "pattern"}), ContainsSubstring("takes no SOURCE"));
    CHECK_THAT(refused({"--reload", "--check", "--fps", "3"}),
               ContainsSubstring("takes no --check"));
    CHECK_THAT(refused({"--reload", "--through", "http://a"}),
               ContainsSubstring("takes no --through"));
}
