#include "config/load.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <unistd.h>

#include "config/keys.hpp"
#include "config/units.hpp"

using namespace ringcast;
using namespace ringcast::config;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string pattern_stream = "[streams.a]\nsource = \"pattern\"\n";

Config accepted(const std::string& text) {
    const LoadResult result = parse(text, "test.toml");
    INFO((result ? std::string() : result.error().text()));
    REQUIRE(result.has_value());
    return *result;
}

std::vector<Problem> problems(const std::string& text) {
    const LoadResult result = parse(text, "test.toml");
    REQUIRE_FALSE(result.has_value());
    return result.error().list;
}

/// The text of the only problem.
std::string rejection(const std::string& text) {
    const LoadResult result = parse(text, "test.toml");
    REQUIRE_FALSE(result.has_value());
    INFO(result.error().text());
    CHECK(result.error().list.size() == 1);
    return result.error().text();
}

std::string name_of_default(const Config& config) {
    CHECK(std::ranges::count(config.streams, true, &StreamConfig::is_default) == 1);
    return std::ranges::find(config.streams, true, &StreamConfig::is_default)->name;
}

} // namespace

TEST_CASE("a stream alone is a valid configuration; everything else has defaults") {
    const Config config = accepted(pattern_stream);
    CHECK(config.http.listen == std::vector<ListenConfig>{{ListenTcp{"127.0.0.1", 8080}}});
    CHECK(config.http.cors_origins.empty());
    CHECK(config.viewers.max == 4096);
    CHECK(config.viewers.max_per_address == 0);
    CHECK(config.viewers.stall_timeout == 10s);
    CHECK(config.viewers.send == SendPathPolicy::automatic);
    CHECK(config.memory.frame_max == 1024UL * 1024UL);
    CHECK(config.memory.slots == 32);
    CHECK(config.memory.picture_max == PictureSize{16384, 16384});
    CHECK(config.server.engine == EngineChoice::automatic);
    CHECK(config.log.level == LogLevel::info);
    REQUIRE(config.streams.size() == 1);
    CHECK(config.streams[0].name == "a");
    CHECK(config.streams[0].is_default);
    const auto& pattern = std::get<PatternConfig>(config.streams[0].source);
    CHECK(pattern.size == PictureSize{1280, 720});
    CHECK(pattern.fps == 30);
    CHECK(pattern.quality == 80);
}

TEST_CASE("every value is stored in its field") {
    const Config config = accepted(R"(
[http]
listen = [":8080", "unix:/run/r.sock"]
cors_origins = ["https://example.org", "http://10.0.0.1:8000", "*"]
[viewers]
max = 100
max_per_address = 7
stall_timeout = "2500ms"
send = "zero-copy"
[memory]
frame_max = "4MiB"
slots = 64
picture_max = "65535x64"
[server]
engine = "epoll"
[log]
level = "warning"
[streams.zebra]
source = "pattern"
size = "640x480"
fps = 12.5
quality = 55
[streams.exec]
source = "exec"
command = ["ffmpeg", "-i", "a b"]
[streams.in]
source = "stdin"
[streams.clip]
source = "file"
path = "clip.mjpeg"
fps = 60
[streams.still]
source = "file"
path = "/pictures"
)");
    CHECK(config.http.listen ==
          std::vector<ListenConfig>{{ListenTcp{"", 8080}}, {ListenUnix{"/run/r.sock"}}});
    CHECK(config.http.cors_origins ==
          std::vector<std::string>{"https://example.org", "http://10.0.0.1:8000", "*"});
    CHECK(config.viewers.max == 100);
    CHECK(config.viewers.max_per_address == 7);
    CHECK(config.viewers.stall_timeout == 2500ms);
    CHECK(config.viewers.send == SendPathPolicy::zero_copy);
    CHECK(config.memory.frame_max == 4UL * 1024 * 1024);
    CHECK(config.memory.slots == 64);
    CHECK(config.memory.picture_max == PictureSize{65535, 64});
    CHECK(config.server.engine == EngineChoice::epoll);
    CHECK(config.log.level == LogLevel::warning);
    REQUIRE(config.streams.size() == 5);
    const auto& pattern = std::get<PatternConfig>(config.streams[0].source);
    CHECK(pattern.size == PictureSize{640, 480});
    CHECK(pattern.fps == 12.5);
    CHECK(pattern.quality == 55);
    CHECK(std::get<ExecConfig>(config.streams[1].source).command ==
          std::vector<std::string>{"ffmpeg", "-i", "a b"});
    CHECK(std::holds_alternative<StdinConfig>(config.streams[2].source));
    CHECK(std::get<FileConfig>(config.streams[3].source).path == "clip.mjpeg");
    CHECK(std::get<FileConfig>(config.streams[3].source).fps == 60.0);
    CHECK_FALSE(std::get<FileConfig>(config.streams[4].source).fps.has_value());
}

TEST_CASE("the first stream in the file is the default, not the first in alphabetical order") {
    CHECK(name_of_default(accepted("[streams.zebra]\nsource = \"pattern\"\n"
                                   "[streams.ape]\nsource = \"pattern\"\n")) == "zebra");
    CHECK(name_of_default(accepted("streams.z.source = \"pattern\"\n"
                                   "streams.a.source = \"pattern\"\n")) == "z");
    CHECK(name_of_default(accepted("streams = {z = {source = \"pattern\"}, "
                                   "a = {source = \"pattern\"}}\n")) == "z");
}

TEST_CASE("default = true makes another stream the default, and only one may have it") {
    CHECK(name_of_default(accepted("[streams.a]\nsource = \"pattern\"\n"
                                   "[streams.b]\nsource = \"pattern\"\ndefault = true\n")) == "b");
    CHECK(name_of_default(accepted("[streams.a]\nsource = \"pattern\"\ndefault = false\n")) == "a");
    CHECK_THAT(rejection("[streams.a]\nsource = \"pattern\"\ndefault = true\n"
                         "[streams.b]\nsource = \"pattern\"\ndefault = true\n"),
               ContainsSubstring("test.toml:6:11: streams.b.default: [streams.a] already is the "
                                 "default stream, expected at most one such stream"));
}

TEST_CASE("a syntax error is reported alone, with its position") {
    const auto list = problems("[viewers]\nmaxx = 1\nslots = \n[streams.a]\nsource = 5\n");
    REQUIRE(list.size() == 1);
    CHECK(list[0].line == 3);
    CHECK(list[0].column > 0);
    CHECK(list[0].key.empty());
    CHECK_FALSE(list[0].message.empty());
}

TEST_CASE("a syntax error says what was probably meant, where the mistake begins") {
    const auto problem_of = [](const std::string& line) {
        return rejection("[viewers]\n" + line + "\n[streams.a]\nsource = \"pattern\"\n");
    };
    CHECK(problem_of("send = auto # each") ==
          "test.toml:2:8: found auto without quotes, expected send = \"auto\"\n");
    CHECK(problem_of("  stall_timeout = 10s") ==
          "test.toml:2:19: found 10s without quotes, expected stall_timeout = \"10s\"\n");
    CHECK(problem_of("path = /srv/a b.jpg") ==
          "test.toml:2:8: found /srv/a b.jpg without quotes, expected path = \"/srv/a "
          "b.jpg\"\n");
    CHECK(problem_of("listen = [\"a:80\", :81, 4]") ==
          "test.toml:2:19: found :81 without quotes, expected \":81\"\n");
    CHECK(problem_of("listen = [\n  ffmpeg,\n]") ==
          "test.toml:3:3: found ffmpeg without quotes, expected \"ffmpeg\"\n");
    for (const std::string word : {"True", "TRUE", "yes", "on"}) {
        CHECK(problem_of("default = " + word) ==
              "test.toml:2:11: found " + word + ", expected default = true\n");
    }
    for (const std::string word : {"False", "No", "off"}) {
        CHECK(problem_of("default = " + word + " # none") ==
              "test.toml:2:11: found " + word + ", expected default = false\n");
    }
    CHECK(problem_of("controls = { AeEnable = False }") ==
          "test.toml:2:25: found False, expected false\n");
    for (const std::string text : {"“a, b”", "„a, b“", "‘a, b’", "”a, b”"}) {
        CHECK(problem_of("send = " + text) == "test.toml:2:8: found " + text +
                                                  " in typographic quotes, expected send = "
                                                  "\"a, b\"\n");
    }
    CHECK(problem_of("listen = [“a:80”, “:81”]") ==
          "test.toml:2:11: found “a:80” in typographic quotes, expected \"a:80\"\n");
    CHECK(problem_of("send = \"auto") ==
          "test.toml:2:8: the quote \" that opens here is not closed in this line\n");
    CHECK(problem_of("\xC3\xA4 = [\"\xC3\xB6\", 'x]") ==
          "test.toml:2:11: the quote ' that opens here is not closed in this line\n");
    CHECK(problem_of(" auto") == "test.toml:2:2: found auto, expected NAME = VALUE or [SECTION]\n");
    CHECK(problem_of("send auto # x") ==
          "test.toml:2:1: found send auto, expected NAME = VALUE or [SECTION]\n");
    CHECK(problem_of("send =") == "test.toml:2:6: found no value behind send =\n");
    // Other mistakes are left to the parser's words.
    CHECK_THAT(problem_of("send = \"auto\" x"), ContainsSubstring("test.toml:2:15: Error while"));
    CHECK_THAT(problem_of("[viewers"), ContainsSubstring("expected ']'"));
}

TEST_CASE("a syntax error that quotes the file stays on one line") {
    // Found by the fuzzer: toml++ quoted a value that extends into the next line.
    const std::string text = rejection("[streams.b]\ndefault = t\nsource = \"stdin\"\n");
    CHECK(std::ranges::count(text, '\n') == 1);
}

TEST_CASE("all mistakes are reported at once, in the order of the file") {
    const auto list = problems(R"([viewers]
max = 0
stall_timeout = 10
[streams.stream]
source = "pattern"
fps = "30"
[log]
level = "verbose"
[extra]
)");
    REQUIRE(list.size() == 6);
    const std::vector<std::pair<int, std::string>> expected{
        {2, "viewers.max"},    {3, "viewers.stall_timeout"},
        {4, "streams.stream"}, {6, "streams.stream.fps"},
        {8, "log.level"},      {9, "extra"}};
    for (std::size_t i = 0; i < list.size(); ++i) {
        CHECK(list[i].line == static_cast<std::uint32_t>(expected[i].first));
        CHECK(list[i].column > 0);
        CHECK(list[i].key == expected[i].second);
        CHECK_THAT(list[i].message, ContainsSubstring("expected"));
    }
}

TEST_CASE("an error has file, line, column and key, the value found and the value expected") {
    CHECK(rejection(pattern_stream + "[viewers]\n  stall_timeout = 10\n") ==
          "test.toml:4:19: viewers.stall_timeout: found 10, expected a duration from 1s to 10m, as "
          "in \"10s\"\n");
}

TEST_CASE("an unknown key is an error with the closest known key as a hint") {
    CHECK_THAT(rejection(pattern_stream + "[http]\nlisten_on = [\":80\"]\n"),
               ContainsSubstring("test.toml:4:1: http.listen_on: unknown key, expected one of "
                                 "listen, cors_origins"));
    CHECK_THAT(rejection(pattern_stream + "[http]\nlitsen = [\":80\"]\n"),
               ContainsSubstring("did you mean \"listen\"?"));
    CHECK_THAT(rejection(pattern_stream + "qality = 5\n"),
               ContainsSubstring("did you mean \"quality\"?"));
    CHECK_THAT(rejection(pattern_stream + "[viewer]\nmax = 5\n"),
               ContainsSubstring("did you mean \"viewers\"?"));
    CHECK_THAT(rejection("listen = [\":80\"]\n" + pattern_stream),
               ContainsSubstring("test.toml:1:1: listen: is outside any section, expected it in "
                                 "[http]"));
    CHECK_THAT(rejection("fps = 5\n" + pattern_stream), ContainsSubstring("[streams.NAME]"));
}

TEST_CASE("the error for a key of another source kind names that kind") {
    CHECK_THAT(rejection("[streams.a]\nsource = \"exec\"\ncommand = [\"x\"]\nquality = 5\n"),
               ContainsSubstring("test.toml:4:1: streams.a.quality: belongs to source = "
                                 "\"pattern\" or \"libcamera\", but this stream has source = "
                                 "\"exec\", expected one of source, default, viewers, "
                                 "rotate, mirror, overlay, renditions, adapt, command"));
    CHECK_THAT(rejection("[streams.a]\nsource = \"stdin\"\nfps = 5\n"),
               ContainsSubstring("belongs to source = \"pattern\""));
}

TEST_CASE("the error for a missing or unknown source lists the known ones") {
    CHECK_THAT(rejection("[streams.a]\nfps = 5\n"),
               ContainsSubstring("test.toml:1:10: streams.a.source: is missing, expected "
                                 "\"pattern\", \"exec\", \"stdin\", \"file\", "
                                 "\"libcamera\" or \"http\""));
    for (const char* source : {"camera", "https", "v4l2", ""}) {
        CAPTURE(source);
        CHECK_THAT(rejection(std::string("[streams.a]\nsource = \"") + source + "\"\n"),
                   ContainsSubstring(std::string("found \"") + source +
                                     "\", expected \"pattern\", \"exec\", \"stdin\", \"file\", "
                                     "\"libcamera\" or \"http\""));
    }
    CHECK_THAT(rejection("[streams.a]\nsource = \"pattren\"\n"),
               ContainsSubstring("did you mean \"pattern\"?"));
}

TEST_CASE("a missing required key is reported at the section's header") {
    CHECK_THAT(rejection("[streams.a]\nsource = \"exec\"\n"),
               ContainsSubstring("test.toml:1:10: streams.a.command: is missing, expected the "
                                 "program"));
    CHECK_THAT(rejection("[streams.a]\nsource = \"file\"\n"),
               ContainsSubstring("test.toml:1:10: streams.a.path: is missing"));
}

TEST_CASE("a shell line as a command is rejected, and the equivalent list is shown") {
    CHECK_THAT(rejection("[streams.a]\nsource = \"exec\"\ncommand = \"ffmpeg -re -i 'a b.mp4'\"\n"),
               ContainsSubstring("test.toml:3:11: streams.a.command: found a shell command line, "
                                 "expected a list, because no shell is involved: command = "
                                 "[\"ffmpeg\", \"-re\", \"-i\", \"a b.mp4\"]"));
}

TEST_CASE("a command is a list of texts that begins with a program") {
    const std::string exec = "[streams.a]\nsource = \"exec\"\ncommand = ";
    CHECK_THAT(rejection(exec + "[]\n"), ContainsSubstring("found an empty list"));
    CHECK_THAT(rejection(exec + "[\"\"]\n"), ContainsSubstring("expected the program"));
    CHECK_THAT(rejection(exec + "[\"a\", 5]\n"),
               ContainsSubstring("streams.a.command[1]: found 5, expected text in quotes"));
    CHECK_THAT(rejection(exec + "[\"a\\u0000b\"]\n"), ContainsSubstring("streams.a.command[0]"));
    CHECK(std::get<ExecConfig>(accepted(exec + "[\"a\", \"\"]\n").streams[0].source).command ==
          std::vector<std::string>{"a", ""});
}

TEST_CASE("the timeout of a program is 10 s by default, and 0 s switches it off") {
    const std::string exec = "[streams.a]\nsource = \"exec\"\ncommand = [\"a\"]\n";
    const auto timeout = [&](const std::string& more) {
        return std::get<ExecConfig>(accepted(exec + more).streams[0].source).timeout;
    };
    CHECK(timeout("") == 10s);
    CHECK(timeout("timeout = \"90s\"\n") == 90s);
    CHECK(timeout("timeout = \"0s\"\n") == 0s);
    CHECK_THAT(rejection(exec + "timeout = \"2h\"\n"),
               ContainsSubstring("streams.a.timeout: found \"2h\", expected a duration (0s: no "
                                 "limit) from 0s to 1h, as in \"10s\""));
}

TEST_CASE("stream names that would hide an endpoint or are not valid in a path are rejected") {
    for (const char* name :
         {"api", "assets", "metrics", "healthz", "stream", "snapshot", "state", "status"}) {
        CAPTURE(name);
        CHECK_THAT(rejection(std::string("[streams.") + name + "]\nsource = \"pattern\"\n"),
                   ContainsSubstring(std::string("is reserved for the server's own /") + name));
    }
    for (const char* name : {"", "-a", "_a", "a b", "a/b", "a.b", "ä", "favicon.ico"}) {
        CAPTURE(name);
        CHECK_THAT(rejection(std::string("[streams.\"") + name + "\"]\nsource = \"pattern\"\n"),
                   ContainsSubstring("invalid stream name"));
    }
    CHECK_THAT(rejection("[streams." + std::string(64, 'a') + "]\nsource = \"pattern\"\n"),
               ContainsSubstring("at most 63"));
    for (const std::string& name :
         {std::string("0"), std::string("Cam-1_b"), std::string(63, 'a')}) {
        CAPTURE(name);
        CHECK(accepted("[streams." + name + "]\nsource = \"pattern\"\n").streams[0].name == name);
    }
}

TEST_CASE("there must be at least one stream, and at most streams_max") {
    CHECK_THAT(rejection(""), ContainsSubstring("test.toml:1:1: streams: found no stream"));
    CHECK_THAT(rejection("[streams]\n"), ContainsSubstring("found no stream"));
    CHECK_THAT(rejection("streams = 5\n"), ContainsSubstring("expected a table"));
    CHECK_THAT(rejection("[[streams]]\nsource = \"pattern\"\n"),
               ContainsSubstring("found a list, expected a table, as in [streams.NAME]"));
    CHECK_THAT(rejection("[streams]\nsource = \"pattern\"\n"),
               ContainsSubstring("streams.source: found \"pattern\", expected a table"));
    std::string many;
    for (std::size_t i = 0; i < streams_max; ++i) {
        many += "[streams.s" + std::to_string(i) + "]\nsource = \"pattern\"\n";
    }
    CHECK(accepted(many).streams.size() == streams_max);
    CHECK_THAT(rejection(many + pattern_stream), ContainsSubstring("expected at most 64"));
}

TEST_CASE("only one stream may read standard input") {
    CHECK_THAT(rejection("[streams.a]\nsource = \"stdin\"\n[streams.b]\nsource = \"stdin\"\n"),
               ContainsSubstring("test.toml:4:10: streams.b.source: [streams.a] already reads "
                                 "standard input"));
}

TEST_CASE("listen addresses must be valid and different") {
    CHECK_THAT(rejection(pattern_stream + "[http]\nlisten = [\":80\", \"8080\"]\n"),
               ContainsSubstring("test.toml:4:18: http.listen[1]: found \"8080\": the port is "
                                 "missing; expected \"HOST:PORT\""));
    CHECK_THAT(rejection(pattern_stream + "[http]\nlisten = [\":80\", \":80\"]\n"),
               ContainsSubstring("a second time"));
    // The kernel chooses two ports.
    CHECK(accepted(pattern_stream + "[http]\nlisten = [\"[::1]:0\", \"[::1]:0\"]\n")
              .http.listen.size() == 2);
    CHECK_THAT(rejection(pattern_stream + "[http]\nlisten = []\n"),
               ContainsSubstring("found an empty list"));
    CHECK_THAT(rejection(pattern_stream + "[http]\nlisten = \":80\"\n"),
               ContainsSubstring("expected a list of addresses"));
}

TEST_CASE("an origin must be a scheme and a host without a path") {
    for (const char* origin : {"https://example.org/", "example.org", "https://", "", "://a"}) {
        CAPTURE(origin);
        CHECK_THAT(rejection(pattern_stream + "[http]\ncors_origins = [\"" + origin + "\"]\n"),
                   ContainsSubstring("http.cors_origins[0]"));
    }
    CHECK(accepted(pattern_stream + "[http]\ncors_origins = [\"https://[::1]:80\"]\n")
              .http.cors_origins.size() == 1);
}

TEST_CASE("the limits of every key are enforced at both ends") {
    for (const Key& key : all_keys()) {
        const bool limited = key.kind == ValueKind::integer || key.kind == ValueKind::duration ||
                             key.kind == ValueKind::bytes || key.kind == ValueKind::number;
        if (!limited) {
            continue;
        }
        std::string other;
        const auto with = [&](double value) {
            std::string written = number_text(value);
            if (key.kind == ValueKind::duration) {
                written = '"' + number_text(value * 1000) + "ms\"";
            } else if (key.kind == ValueKind::bytes) {
                written = '"' + number_text(value) + "B\"";
            }
            const std::string line = std::string(key.name) + " = " + written + "\n";
            if (key.section == "renditions") {
                return "[streams.a]\nsource = \"pattern\"\n[streams.a.renditions.wall]\n"
                       "size = \"480x270\"\n" +
                       line;
            }
            if (key.section != streams_section) {
                return "[" + std::string(key.section) + "]\n" + line + other + pattern_stream;
            }
            return "[streams.a]\nsource = \"" + std::string(key.source) + "\"\n" + line +
                   (key.source == "file"   ? "path = \"x\"\n"
                    : key.source == "exec" ? "command = [\"x\"]\n"
                    : key.source == "http" ? "url = \"http://x\"\n"
                                           : "");
        };
        const double step =
            key.kind == ValueKind::number || key.kind == ValueKind::duration ? 0.01 : 1;
        CAPTURE(key.section, key.name, limits_text(key));
        accepted(with(key.min));
        if (key.section == "memory") {
            // With the default of the other key the total would be too large.
            other = key.name == "slots" ? "frame_max = \"16KiB\"\n" : "slots = 8\n";
        }
        accepted(with(key.max));
        CHECK_THAT(rejection(with(key.max + step)), ContainsSubstring(limits_text(key)));
        CHECK_THAT(rejection(with(key.min - step)), ContainsSubstring(limits_text(key)));
    }
}

TEST_CASE("a stream's memory may not exceed the largest buffer that io_uring registers") {
    const auto with = [](const std::string& memory) {
        return "[memory]\n" + memory + pattern_stream;
    };
    accepted(with("slots = 15\nframe_max = \"64MiB\"\n"));
    CHECK_THAT(rejection(with("slots = 16\nframe_max = \"64MiB\"\n")),
               ContainsSubstring(":2:") && ContainsSubstring("memory.slots: found 16 slots") &&
                   ContainsSubstring("frame_max = 64MiB") && ContainsSubstring("1027 MiB") &&
                   ContainsSubstring("1024 MiB"));
    accepted(with("slots = 800\n"));
    CHECK_THAT(rejection(with("slots = 1024\n")), ContainsSubstring("frame_max = 1MiB"));
    // The error is reported at the key that the file contains.
    CHECK_THAT(rejection(with("frame_max = \"40MiB\"\n")),
               ContainsSubstring("memory.frame_max: found 32 slots"));
}

TEST_CASE("a picture size has limits") {
    accepted(pattern_stream + "size = \"64x64\"\n");
    accepted(pattern_stream + "size = \"7680x4320\"\n");
    for (const char* size :
         {"\"63x64\"", "\"64x63\"", "\"7681x64\"", "\"64x4321\"", "\"big\"", "5"}) {
        CAPTURE(size);
        CHECK_THAT(rejection(pattern_stream + "size = " + size + "\n"),
                   ContainsSubstring("expected a picture size from 64x64 to 7680x4320, as in "
                                     "\"1280x720\""));
    }
}

TEST_CASE("values of the wrong type and numbers that are not finite are rejected") {
    for (const char* value : {"inf", "-inf", "nan", "true", "1979-05-27", "[1]", "{a = 1}"}) {
        CAPTURE(value);
        CHECK_THAT(rejection(pattern_stream + "fps = " + value + "\n"),
                   ContainsSubstring("streams.a.fps: found "));
    }
    CHECK_THAT(rejection(pattern_stream + "quality = 80.0\n"), ContainsSubstring("whole number"));
    CHECK_THAT(rejection(pattern_stream + "default = \"yes\"\n"),
               ContainsSubstring("true or false"));
}

TEST_CASE("error messages contain no control characters of the file") {
    const std::string text = rejection(pattern_stream + "[log]\nlevel = \"\\u001b[2J\"\n");
    CHECK(std::ranges::none_of(text, [](char c) { return c == '\x1b'; }));
    const std::string key = rejection(pattern_stream + "[log]\n\"\\u001b\" = 1\n");
    CHECK(std::ranges::none_of(key, [](char c) { return c == '\x1b'; }));
}

TEST_CASE("an unreadable or too large file is reported with the reason") {
    const auto path = std::filesystem::temp_directory_path() /
                      ("ringcast-load-test-" + std::to_string(::getpid()));
    CHECK_THAT(load(path.string()).error().text(), ContainsSubstring("No such file"));
    std::filesystem::create_directory(path);
    CHECK_THAT(load(path.string()).error().text(), ContainsSubstring("can't be"));
    std::filesystem::remove(path);
    std::ofstream(path) << pattern_stream;
    CHECK(load(path.string()).has_value());
    std::ofstream(path) << std::string(config_bytes_max + 1, '#');
    CHECK_THAT(load(path.string()).error().text(), ContainsSubstring("is larger than"));
    std::filesystem::remove(path);
}

TEST_CASE("the pictures of every source can be turned") {
    for (const std::string source :
         {"source = \"pattern\"\n", "source = \"stdin\"\n",
          "source = \"exec\"\ncommand = [\"cat\"]\n", "source = \"file\"\npath = \"a.jpg\"\n",
          "source = \"http\"\nurl = \"http://a\"\n", "source = \"libcamera\"\n"}) {
        const std::string stream = "[streams.a]\n" + source;
        CHECK(accepted(stream).streams[0].turn == PictureTurn{});
        CHECK(accepted(stream + "rotate = \"90\"\n").streams[0].turn ==
              PictureTurn{Rotation::by_90, false});
        CHECK(accepted(stream + "rotate = \"180\"\nmirror = false\n").streams[0].turn ==
              PictureTurn{Rotation::by_180, false});
        CHECK(accepted(stream + "rotate = \"270\"\nmirror = true\n").streams[0].turn ==
              PictureTurn{Rotation::by_270, true});
        CHECK(accepted(stream + "mirror = true\n").streams[0].turn ==
              PictureTurn{Rotation::none, true});
    }
    const std::string pattern = "[streams.a]\nsource = \"pattern\"\n";
    CHECK_THAT(rejection(pattern + "rotate = \"45\"\n"),
               ContainsSubstring("found \"45\", expected \"90\", \"180\" or \"270\""));
    CHECK_THAT(rejection(pattern + "rotate = 90\n"),
               ContainsSubstring("found 90, expected \"90\", \"180\" or \"270\""));
    CHECK_THAT(rejection(pattern + "mirror = \"yes\"\n"),
               ContainsSubstring("found \"yes\", expected true or false"));
}

TEST_CASE("a text can be drawn into the pictures of a stream") {
    const std::string stream = "[streams.a]\nsource = \"stdin\"\n";
    CHECK_FALSE(accepted(stream).streams[0].overlay);
    const auto overlay = [&](const std::string& table) {
        return accepted(stream + "overlay = " + table + "\n").streams[0].overlay;
    };
    CHECK(overlay("{ text = \"front door\" }") == OverlayConfig{"front door", Corner::bottom_left});
    CHECK(overlay("{ text = \"%d.%m. %H:%M:%S 100%%\", position = \"top-right\" }") ==
          OverlayConfig{"%d.%m. %H:%M:%S 100%%", Corner::top_right});
    CHECK(overlay("{ text = \"" + std::string(100, '~') + "\", position = \"bottom-right\" }")
              ->position == Corner::bottom_right);
    const auto refused = [&](const std::string& table) {
        return rejection(stream + "overlay = " + table + "\n");
    };
    CHECK_THAT(refused("\"text\""),
               ContainsSubstring("a.overlay: found \"text\", expected a table"));
    CHECK_THAT(refused("{}"), ContainsSubstring("a.overlay.text: is missing, expected up to 100"));
    CHECK_THAT(refused("{ text = \"\" }"), ContainsSubstring("a.overlay.text: found \"\""));
    CHECK_THAT(refused("{ text = \"Haustür\" }"),
               ContainsSubstring("the font has printable ASCII characters only"));
    CHECK_THAT(refused("{ text = \"a\\tb\" }"),
               ContainsSubstring("the font has printable ASCII characters only"));
    CHECK_THAT(refused("{ text = \"50% of %Q\" }"),
               ContainsSubstring("; %  is no conversion that is supported"));
    CHECK_THAT(refused("{ text = \"%n\" }"), ContainsSubstring("; %n is no conversion"));
    CHECK_THAT(refused("{ text = \"100%\" }"), ContainsSubstring("; % is no conversion"));
    CHECK_THAT(refused("{ text = \"" + std::string(101, '-') + "\" }"),
               ContainsSubstring("it is 101 characters long"));
    CHECK_THAT(refused("{ text = \"a\", position = \"middle\" }"),
               ContainsSubstring("found \"middle\", expected \"top-left\""));
    CHECK_THAT(refused("{ text = \"a\", size = 3 }"),
               ContainsSubstring("a.overlay.size: unknown key, expected one of text, position"));
}

TEST_CASE("a camera needs no key except source") {
    const Config config = accepted("[streams.a]\nsource = \"libcamera\"\n");
    const auto& camera = std::get<LibcameraConfig>(config.streams[0].source);
    CHECK(camera.camera.empty());
    CHECK_FALSE(camera.size);
    CHECK(camera.fps == 30);
    CHECK(camera.format.empty());
    CHECK(camera.quality == 80);
    CHECK(camera.sensor.kind == SensorSetting::Kind::full);
    CHECK_FALSE(camera.hdr);
    CHECK(camera.tuning.empty());
    CHECK(camera.controls.empty());
    CHECK_FALSE(camera.on_demand);
    CHECK(camera.idle_after == 10s);
    CHECK(camera.tier == CameraTier::automatic);
}

TEST_CASE("every key of a camera is stored in its field") {
    const Config config = accepted(R"([streams.a]
source = "libcamera"
camera = 2
size = "640x480"
fps = 12.5
format = "YUV420"
quality = 55
sensor = "9152x6944"
hdr = true
tuning = "imx219_noir.json"
on_demand = true
idle_after = "1m"
tier = "registered"
[streams.a.controls]
AeEnable = false
Brightness = 0.1
ExposureTime = 20000
AfMode = "continuous"
ColourGains = [1.5, 2]
)");
    const auto& camera = std::get<LibcameraConfig>(config.streams[0].source);
    CHECK(camera.camera == "2");
    CHECK(camera.size == PictureSize{640, 480});
    CHECK(camera.fps == 12.5);
    CHECK(camera.format == "YUV420");
    CHECK(camera.quality == 55);
    CHECK(camera.hdr);
    CHECK(camera.tuning == "imx219_noir.json");
    CHECK(camera.sensor == SensorSetting{SensorSetting::Kind::named, {9152, 6944}});
    CHECK(camera.on_demand);
    CHECK(camera.idle_after == 1min);
    CHECK(camera.tier == CameraTier::registered);
    CHECK(camera.controls ==
          std::vector<ControlSetting>{{"AeEnable", false},
                                      {"Brightness", 0.1},
                                      {"ExposureTime", std::int64_t{20000}},
                                      {"AfMode", std::string("continuous")},
                                      {"ColourGains", std::vector<double>{1.5, 2}}});
    const Config automatic =
        accepted("[streams.a]\nsource = \"libcamera\"\nformat = \"auto\"\ntier = \"auto\"\n");
    CHECK(std::get<LibcameraConfig>(automatic.streams[0].source).format.empty());
    const auto sensor = [](const std::string& value) {
        const Config loaded =
            accepted("[streams.a]\nsource = \"libcamera\"\nsensor = \"" + value + "\"\n");
        return std::get<LibcameraConfig>(loaded.streams[0].source).sensor.kind;
    };
    CHECK(sensor("auto") == SensorSetting::Kind::automatic);
    CHECK(sensor("full") == SensorSetting::Kind::full);
}

TEST_CASE("invalid values of a camera's keys are rejected with the expected ones") {
    const std::string camera = "[streams.a]\nsource = \"libcamera\"\n";
    CHECK_THAT(rejection(camera + "camera = -1\n"),
               ContainsSubstring("test.toml:3:10: streams.a.camera: found -1, expected a camera's "
                                 "id"));
    CHECK_THAT(rejection(camera + "camera = \"\"\n"), ContainsSubstring("a.camera: found \"\""));
    CHECK_THAT(rejection(camera + "size = \"8x8\"\n"),
               ContainsSubstring("expected a picture size from 64x64 to 7680x4320, as in "
                                 "\"1280x720\""));
    CHECK_THAT(
        rejection(camera + "sensor = \"wide\"\n"),
        ContainsSubstring("a.sensor: found \"wide\", expected \"full\", \"auto\", or the size "
                          "of one of the sensor's modes"));
    CHECK_THAT(
        rejection(camera + "tuning = \"tuning/my.json\"\n"),
        ContainsSubstring("a.tuning: found \"tuning/my.json\", expected the name of a tuning "
                          "file"));
    CHECK_THAT(rejection(camera + "sensor = true\n"), ContainsSubstring("a.sensor: found true"));
    CHECK_THAT(rejection(camera + "format = \"MJPG\"\n"),
               ContainsSubstring("did you mean \"MJPEG\"?"));
    CHECK_THAT(
        rejection(camera + "orientation = \"rotate90\"\n"),
        ContainsSubstring("test.toml:3:1: streams.a.orientation: has been replaced, for every "
                          "source, by rotate = \"90\", \"180\" or \"270\" (clockwise) and "
                          "mirror = true"));
    CHECK_THAT(rejection(camera + "tier = \"zero\"\n"),
               ContainsSubstring("expected \"auto\", \"registered\" or \"copied\""));
    CHECK_THAT(rejection(camera + "idle_after = \"10ms\"\n"),
               ContainsSubstring("expected a duration from 1s to 1h"));
    CHECK_THAT(rejection(camera + "controls = [\"AfMode\"]\n"),
               ContainsSubstring("a.controls: found a list, expected a table of the "
                                 "camera's controls"));
    for (const char* value : {"{}", "\"\"", "[]", "[true]", "inf", "2024-01-01"}) {
        CAPTURE(value);
        CHECK_THAT(rejection(camera + "controls = { AfMode = " + value + " }\n"),
                   ContainsSubstring("streams.a.controls.AfMode: found "));
    }
    CHECK_THAT(rejection("[streams.a]\nsource = \"stdin\"\non_demand = true\n"),
               ContainsSubstring("belongs to source = \"libcamera\""));
}

TEST_CASE("renditions are read with their defaults") {
    const Config config =
        accepted(pattern_stream + "[streams.a.renditions]\n"
                                  "wall = { size = \"480x270\", fps = 5, quality = 60 }\n"
                                  "clock = { size = \"64x64\" }\n");
    const std::vector<RenditionConfig> expected{{"wall", {480, 270}, 5.0, 60},
                                                {"clock", {64, 64}, std::nullopt, 80}};
    CHECK(config.streams[0].renditions == expected);
    CHECK(accepted(pattern_stream).streams[0].renditions.empty());
}

TEST_CASE("the configuration says who adapts") {
    const auto adapt = [](const std::string& line) {
        return accepted(pattern_stream + line).streams[0].adapt;
    };
    CHECK(adapt("") == Adapt::browsers);
    CHECK(adapt("adapt = \"auto\"\n") == Adapt::browsers);
    CHECK(adapt("adapt = true\n") == Adapt::everybody);
    CHECK(adapt("adapt = false\n") == Adapt::nobody);
    CHECK_THAT(rejection(pattern_stream + "adapt = \"always\"\n"),
               ContainsSubstring("streams.a.adapt: found \"always\", expected \"auto\", true or "
                                 "false"));
    CHECK_THAT(rejection(pattern_stream + "adapt = 1\n"),
               ContainsSubstring("streams.a.adapt: found 1, expected \"auto\", true or false"));
}

TEST_CASE("mistakes in renditions are explained") {
    const std::string table = pattern_stream + "[streams.a.renditions]\n";
    CHECK_THAT(
        rejection(table + "wall = \"480x270\"\n"),
        ContainsSubstring("test.toml:4:8: streams.a.renditions.wall: found \"480x270\", expected a "
                          "table, as in { size = \"480x270\" }"));
    CHECK_THAT(
        rejection(table + "wall = { fps = 5 }\n"),
        ContainsSubstring("streams.a.renditions.wall.size: is missing, expected a picture size"));
    CHECK_THAT(rejection(table + "half = { size = \"480x270\" }\n"),
               ContainsSubstring("every stream has this rendition already: choose another name"));
    CHECK_THAT(
        rejection(table + "wall = { size = \"480x270\", speed = 5 }\n"),
        ContainsSubstring("streams.a.renditions.wall.speed: unknown key, expected one of size, "
                          "fps, quality"));
    CHECK_THAT(rejection(table + "\"a b\" = { size = \"480x270\" }\n"),
               ContainsSubstring("streams.a.renditions.\"a b\""));
    CHECK_THAT(rejection(pattern_stream + "renditions = 5\n"),
               ContainsSubstring("streams.a.renditions: found 5, expected a table of renditions"));
    std::string many = table;
    for (int i = 0; i < 9; ++i) {
        many += "r" + std::to_string(i) + " = { size = \"480x270\" }\n";
    }
    CHECK_THAT(rejection(many), ContainsSubstring("found 9 renditions, expected at most 8"));
}
