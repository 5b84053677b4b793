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
std::string refusal(const std::string& text) {
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

TEST_CASE("a stream alone is a configuration; the rest has defaults") {
    const Config config = accepted(pattern_stream);
    CHECK(config.http.listen == std::vector<ListenAddress>{ListenTcp{"127.0.0.1", 8080}});
    CHECK(config.http.cors_origins.empty());
    CHECK(config.viewers.max == 4096);
    CHECK(config.viewers.max_per_address == 0);
    CHECK(config.viewers.stall_timeout == 10s);
    CHECK(config.viewers.send == SendPathPolicy::automatic);
    CHECK(config.memory.frame_max == 1024UL * 1024UL);
    CHECK(config.memory.slots == 32);
    CHECK(config.log.level == LogLevel::info);
    REQUIRE(config.streams.size() == 1);
    CHECK(config.streams[0].name == "a");
    CHECK(config.streams[0].is_default);
    const auto& pattern = std::get<PatternConfig>(config.streams[0].source);
    CHECK(pattern.size == PictureSize{1280, 720});
    CHECK(pattern.fps == 30);
    CHECK(pattern.quality == 80);
}

TEST_CASE("every value arrives where it belongs") {
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
          std::vector<ListenAddress>{ListenTcp{"", 8080}, ListenUnix{"/run/r.sock"}});
    CHECK(config.http.cors_origins ==
          std::vector<std::string>{"https://example.org", "http://10.0.0.1:8000", "*"});
    CHECK(config.viewers.max == 100);
    CHECK(config.viewers.max_per_address == 7);
    CHECK(config.viewers.stall_timeout == 2500ms);
    CHECK(config.viewers.send == SendPathPolicy::zero_copy);
    CHECK(config.memory.frame_max == 4UL * 1024 * 1024);
    CHECK(config.memory.slots == 64);
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

TEST_CASE("the first stream in the file is the default, whatever the alphabet says") {
    CHECK(name_of_default(accepted("[streams.zebra]\nsource = \"pattern\"\n"
                                   "[streams.ape]\nsource = \"pattern\"\n")) == "zebra");
    CHECK(name_of_default(accepted("streams.z.source = \"pattern\"\n"
                                   "streams.a.source = \"pattern\"\n")) == "z");
    CHECK(name_of_default(accepted("streams = {z = {source = \"pattern\"}, "
                                   "a = {source = \"pattern\"}}\n")) == "z");
}

TEST_CASE("default = true makes another stream the default, and only one may say so") {
    CHECK(name_of_default(accepted("[streams.a]\nsource = \"pattern\"\n"
                                   "[streams.b]\nsource = \"pattern\"\ndefault = true\n")) == "b");
    CHECK(name_of_default(accepted("[streams.a]\nsource = \"pattern\"\ndefault = false\n")) == "a");
    CHECK_THAT(refusal("[streams.a]\nsource = \"pattern\"\ndefault = true\n"
                       "[streams.b]\nsource = \"pattern\"\ndefault = true\n"),
               ContainsSubstring("test.toml:6:11: streams.b.default: [streams.a] is the default"));
}

TEST_CASE("a syntax error is reported alone, with its place") {
    const auto list = problems("[viewers]\nmaxx = 1\nslots = \n[streams.a]\nsource = 5\n");
    REQUIRE(list.size() == 1);
    CHECK(list[0].line == 3);
    CHECK(list[0].column > 0);
    CHECK(list[0].key.empty());
    CHECK_FALSE(list[0].message.empty());
}

TEST_CASE("a syntax error that quotes the file stays on one line") {
    // Found by the fuzzer: what was read in place of `true` went on in the next line.
    const std::string text = refusal("[streams.b]\ndefault = t\nsource = \"stdin\"\n");
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

TEST_CASE("an error names file, line, column, key, what was found and what was expected") {
    CHECK(refusal(pattern_stream + "[viewers]\n  stall_timeout = 10\n") ==
          "test.toml:4:19: viewers.stall_timeout: found 10, expected a duration from 1s to 10m, as "
          "in \"10s\"\n");
}

TEST_CASE("an unknown key is an error with the nearest known key as a hint") {
    CHECK_THAT(refusal(pattern_stream + "[http]\nlisten_on = [\":80\"]\n"),
               ContainsSubstring("test.toml:4:1: http.listen_on: unknown key, expected one of "
                                 "listen, cors_origins"));
    CHECK_THAT(refusal(pattern_stream + "[http]\nlitsen = [\":80\"]\n"),
               ContainsSubstring("did you mean \"listen\"?"));
    CHECK_THAT(refusal(pattern_stream + "qality = 5\n"),
               ContainsSubstring("did you mean \"quality\"?"));
    CHECK_THAT(refusal(pattern_stream + "[viewer]\nmax = 5\n"),
               ContainsSubstring("did you mean \"viewers\"?"));
    CHECK_THAT(refusal("listen = [\":80\"]\n" + pattern_stream),
               ContainsSubstring("test.toml:1:1: listen: belongs below a section, expected it in "
                                 "[http]"));
    CHECK_THAT(refusal("fps = 5\n" + pattern_stream), ContainsSubstring("[streams.NAME]"));
}

TEST_CASE("a key of another source says whose it is") {
    CHECK_THAT(refusal("[streams.a]\nsource = \"exec\"\ncommand = [\"x\"]\nquality = 5\n"),
               ContainsSubstring("test.toml:4:1: streams.a.quality: belongs to source = "
                                 "\"pattern\" or \"libcamera\", but this stream has source = "
                                 "\"exec\", expected one of source, default, command"));
    CHECK_THAT(refusal("[streams.a]\nsource = \"stdin\"\nfps = 5\n"),
               ContainsSubstring("belongs to source = \"pattern\""));
}

TEST_CASE("a source that is missing or unknown is an error that lists the known ones") {
    CHECK_THAT(refusal("[streams.a]\nfps = 5\n"),
               ContainsSubstring("test.toml:1:10: streams.a.source: is missing, expected "
                                 "\"pattern\", \"exec\", \"stdin\", \"file\" or "
                                 "\"libcamera\""));
    for (const char* source : {"camera", "http", "v4l2", ""}) {
        CAPTURE(source);
        CHECK_THAT(refusal(std::string("[streams.a]\nsource = \"") + source + "\"\n"),
                   ContainsSubstring(std::string("found \"") + source +
                                     "\", expected \"pattern\", \"exec\", \"stdin\", \"file\" or "
                                     "\"libcamera\""));
    }
    CHECK_THAT(refusal("[streams.a]\nsource = \"pattren\"\n"),
               ContainsSubstring("did you mean \"pattern\"?"));
}

TEST_CASE("a source without what it needs is an error at its header") {
    CHECK_THAT(refusal("[streams.a]\nsource = \"exec\"\n"),
               ContainsSubstring("test.toml:1:10: streams.a.command: is missing, expected the "
                                 "program"));
    CHECK_THAT(refusal("[streams.a]\nsource = \"file\"\n"),
               ContainsSubstring("test.toml:1:10: streams.a.path: is missing"));
}

TEST_CASE("a shell line as a command is refused and shown as the list it should be") {
    CHECK_THAT(
        refusal("[streams.a]\nsource = \"exec\"\ncommand = \"ffmpeg -re -i 'a b.mp4'\"\n"),
        ContainsSubstring("test.toml:3:11: streams.a.command: found a shell line, expected a "
                          "list, because no shell runs it: command = [\"ffmpeg\", \"-re\", "
                          "\"-i\", \"a b.mp4\"]"));
}

TEST_CASE("a command is a list of texts that begins with a program") {
    const std::string exec = "[streams.a]\nsource = \"exec\"\ncommand = ";
    CHECK_THAT(refusal(exec + "[]\n"), ContainsSubstring("found an empty list"));
    CHECK_THAT(refusal(exec + "[\"\"]\n"), ContainsSubstring("expected the program"));
    CHECK_THAT(refusal(exec + "[\"a\", 5]\n"),
               ContainsSubstring("streams.a.command[1]: found 5, expected text in quotes"));
    CHECK_THAT(refusal(exec + "[\"a\\u0000b\"]\n"), ContainsSubstring("streams.a.command[0]"));
    CHECK(std::get<ExecConfig>(accepted(exec + "[\"a\", \"\"]\n").streams[0].source).command ==
          std::vector<std::string>{"a", ""});
}

TEST_CASE("stream names that would hide an endpoint or can't stand in a path are refused") {
    for (const char* name : {"api", "metrics", "healthz", "stream", "snapshot", "state"}) {
        CAPTURE(name);
        CHECK_THAT(refusal(std::string("[streams.") + name + "]\nsource = \"pattern\"\n"),
                   ContainsSubstring("would hide"));
    }
    for (const char* name : {"", "-a", "_a", "a b", "a/b", "a.b", "ä", "favicon.ico"}) {
        CAPTURE(name);
        CHECK_THAT(refusal(std::string("[streams.\"") + name + "\"]\nsource = \"pattern\"\n"),
                   ContainsSubstring("a stream's name has"));
    }
    CHECK_THAT(refusal("[streams." + std::string(64, 'a') + "]\nsource = \"pattern\"\n"),
               ContainsSubstring("at most 63"));
    for (const std::string& name :
         {std::string("0"), std::string("Cam-1_b"), std::string(63, 'a')}) {
        CAPTURE(name);
        CHECK(accepted("[streams." + name + "]\nsource = \"pattern\"\n").streams[0].name == name);
    }
}

TEST_CASE("there must be a stream, but not too many") {
    CHECK_THAT(refusal(""), ContainsSubstring("test.toml:1:1: streams: found no stream"));
    CHECK_THAT(refusal("[streams]\n"), ContainsSubstring("found no stream"));
    CHECK_THAT(refusal("streams = 5\n"), ContainsSubstring("expected a table"));
    CHECK_THAT(refusal("[[streams]]\nsource = \"pattern\"\n"),
               ContainsSubstring("found a list, expected a table, as in [streams.NAME]"));
    CHECK_THAT(refusal("[streams]\nsource = \"pattern\"\n"),
               ContainsSubstring("streams.source: found \"pattern\", expected a table"));
    std::string many;
    for (std::size_t i = 0; i < streams_max; ++i) {
        many += "[streams.s" + std::to_string(i) + "]\nsource = \"pattern\"\n";
    }
    CHECK(accepted(many).streams.size() == streams_max);
    CHECK_THAT(refusal(many + pattern_stream), ContainsSubstring("expected at most 64"));
}

TEST_CASE("only one stream may read standard input") {
    CHECK_THAT(refusal("[streams.a]\nsource = \"stdin\"\n[streams.b]\nsource = \"stdin\"\n"),
               ContainsSubstring("test.toml:4:10: streams.b.source: [streams.a] reads standard "
                                 "input already"));
}

TEST_CASE("an address is checked, and listed once") {
    CHECK_THAT(refusal(pattern_stream + "[http]\nlisten = [\":80\", \"8080\"]\n"),
               ContainsSubstring("test.toml:4:18: http.listen[1]: found \"8080\": there is no "
                                 "port; expected \"HOST:PORT\""));
    CHECK_THAT(refusal(pattern_stream + "[http]\nlisten = [\":80\", \":80\"]\n"),
               ContainsSubstring("a second time"));
    CHECK_THAT(refusal(pattern_stream + "[http]\nlisten = []\n"),
               ContainsSubstring("found an empty list"));
    CHECK_THAT(refusal(pattern_stream + "[http]\nlisten = \":80\"\n"),
               ContainsSubstring("expected a list of addresses"));
}

TEST_CASE("an origin is a scheme and a host without a path") {
    for (const char* origin : {"https://example.org/", "example.org", "https://", "", "://a"}) {
        CAPTURE(origin);
        CHECK_THAT(refusal(pattern_stream + "[http]\ncors_origins = [\"" + origin + "\"]\n"),
                   ContainsSubstring("http.cors_origins[0]"));
    }
    CHECK(accepted(pattern_stream + "[http]\ncors_origins = [\"https://[::1]:80\"]\n")
              .http.cors_origins.size() == 1);
}

TEST_CASE("every limit of the key table holds at both ends") {
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
            if (key.section != streams_section) {
                return "[" + std::string(key.section) + "]\n" + line + other + pattern_stream;
            }
            return "[streams.a]\nsource = \"" + std::string(key.source) + "\"\n" + line +
                   (key.source == "file" ? "path = \"x\"\n" : "");
        };
        const double step =
            key.kind == ValueKind::number || key.kind == ValueKind::duration ? 0.01 : 1;
        CAPTURE(key.section, key.name, limits_text(key));
        accepted(with(key.min));
        if (key.section == "memory") {
            // Not together with the other's default: that would be too much memory.
            other = key.name == "slots" ? "frame_max = \"16KiB\"\n" : "slots = 8\n";
        }
        accepted(with(key.max));
        CHECK_THAT(refusal(with(key.max + step)), ContainsSubstring(limits_text(key)));
        CHECK_THAT(refusal(with(key.min - step)), ContainsSubstring(limits_text(key)));
    }
}

TEST_CASE("a stream's frames in memory may not exceed what io_uring takes in one piece") {
    const auto with = [](const std::string& memory) {
        return "[memory]\n" + memory + pattern_stream;
    };
    accepted(with("slots = 15\nframe_max = \"64MiB\"\n"));
    CHECK_THAT(refusal(with("slots = 16\nframe_max = \"64MiB\"\n")),
               ContainsSubstring(":2:") && ContainsSubstring("memory.slots: found 16 slots") &&
                   ContainsSubstring("frame_max = 64MiB") && ContainsSubstring("1027 MiB") &&
                   ContainsSubstring("1024 MiB"));
    accepted(with("slots = 800\n"));
    CHECK_THAT(refusal(with("slots = 1024\n")), ContainsSubstring("frame_max = 1MiB"));
    // The key that is there is the one to change.
    CHECK_THAT(refusal(with("frame_max = \"40MiB\"\n")),
               ContainsSubstring("memory.frame_max: found 32 slots"));
}

TEST_CASE("a picture size has limits") {
    accepted(pattern_stream + "size = \"64x64\"\n");
    accepted(pattern_stream + "size = \"7680x4320\"\n");
    for (const char* size :
         {"\"63x64\"", "\"64x63\"", "\"7681x64\"", "\"64x4321\"", "\"big\"", "5"}) {
        CAPTURE(size);
        CHECK_THAT(refusal(pattern_stream + "size = " + size + "\n"),
                   ContainsSubstring("expected a picture size from 64x64 to 7680x4320, as in "
                                     "\"1280x720\""));
    }
}

TEST_CASE("values that are numbers to TOML but not to sense are refused") {
    for (const char* value : {"inf", "-inf", "nan", "true", "1979-05-27", "[1]", "{a = 1}"}) {
        CAPTURE(value);
        CHECK_THAT(refusal(pattern_stream + "fps = " + value + "\n"),
                   ContainsSubstring("streams.a.fps: found "));
    }
    CHECK_THAT(refusal(pattern_stream + "quality = 80.0\n"), ContainsSubstring("whole number"));
    CHECK_THAT(refusal(pattern_stream + "default = \"yes\"\n"), ContainsSubstring("true or false"));
}

TEST_CASE("control characters of the file never reach the terminal") {
    const std::string text = refusal(pattern_stream + "[log]\nlevel = \"\\u001b[2J\"\n");
    CHECK(std::ranges::none_of(text, [](char c) { return c == '\x1b'; }));
    const std::string key = refusal(pattern_stream + "[log]\n\"\\u001b\" = 1\n");
    CHECK(std::ranges::none_of(key, [](char c) { return c == '\x1b'; }));
}

TEST_CASE("a file that can't be read is said to be so") {
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

TEST_CASE("a camera needs nothing but its source") {
    const Config config = accepted("[streams.a]\nsource = \"libcamera\"\n");
    const auto& camera = std::get<LibcameraConfig>(config.streams[0].source);
    CHECK(camera.camera.empty());
    CHECK_FALSE(camera.size);
    CHECK(camera.fps == 30);
    CHECK(camera.format.empty());
    CHECK(camera.quality == 80);
    CHECK(camera.controls.empty());
    CHECK(camera.orientation == Orientation::rotate0);
    CHECK_FALSE(camera.on_demand);
    CHECK(camera.idle_after == 10s);
    CHECK(camera.tier == CameraTier::automatic);
}

TEST_CASE("everything about a camera can be said") {
    const Config config = accepted(R"([streams.a]
source = "libcamera"
camera = 2
size = "640x480"
fps = 12.5
format = "YUV420"
quality = 55
orientation = "rotate90"
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
    CHECK(camera.orientation == Orientation::rotate90);
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
}

TEST_CASE("what makes no sense for a camera is refused with what is expected") {
    const std::string camera = "[streams.a]\nsource = \"libcamera\"\n";
    CHECK_THAT(refusal(camera + "camera = -1\n"),
               ContainsSubstring("test.toml:3:10: streams.a.camera: found -1, expected a camera's "
                                 "id"));
    CHECK_THAT(refusal(camera + "camera = \"\"\n"), ContainsSubstring("a.camera: found \"\""));
    CHECK_THAT(refusal(camera + "size = \"8x8\"\n"),
               ContainsSubstring("expected a picture size from 64x64 to 7680x4320, as in "
                                 "\"1280x720\""));
    CHECK_THAT(refusal(camera + "format = \"MJPG\"\n"),
               ContainsSubstring("did you mean \"MJPEG\"?"));
    CHECK_THAT(refusal(camera + "orientation = \"rotate45\"\n"),
               ContainsSubstring("expected \"rotate0\", \"rotate90\""));
    CHECK_THAT(refusal(camera + "tier = \"zero\"\n"),
               ContainsSubstring("expected \"auto\", \"registered\" or \"copied\""));
    CHECK_THAT(refusal(camera + "idle_after = \"10ms\"\n"),
               ContainsSubstring("expected a duration from 1s to 1h"));
    CHECK_THAT(refusal(camera + "controls = [\"AfMode\"]\n"),
               ContainsSubstring("a.controls: found a list, expected a table of libcamera "
                                 "controls"));
    for (const char* value : {"{}", "\"\"", "[]", "[true]", "inf", "2024-01-01"}) {
        CAPTURE(value);
        CHECK_THAT(refusal(camera + "controls = { AfMode = " + value + " }\n"),
                   ContainsSubstring("streams.a.controls.AfMode: found "));
    }
    CHECK_THAT(refusal("[streams.a]\nsource = \"stdin\"\non_demand = true\n"),
               ContainsSubstring("belongs to source = \"libcamera\""));
}
