#include "config/describe.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "config/load.hpp"

using namespace ringcast::config;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string described(const std::string& text) {
    return describe(parse(text, "test.toml").value());
}

} // namespace

TEST_CASE("the description lists listen addresses, stream URLs and limits") {
    const std::string text = described("[streams.cam]\nsource = \"pattern\"\n");
    CHECK_THAT(text, ContainsSubstring("127.0.0.1:8080: only this machine can watch"));
    CHECK_THAT(text,
               ContainsSubstring("Stream \"cam\" (the default) draws a test pattern, 1280x720 "
                                 "at 30 frames/s, JPEG quality 80"));
    CHECK_THAT(text, ContainsSubstring("http://127.0.0.1:8080/cam/stream"));
    CHECK_THAT(text, ContainsSubstring("also http://127.0.0.1:8080/stream"));
    CHECK_THAT(text, ContainsSubstring(
                         "Keeps up to 32 frames of at most 1MiB and 16384x16384: about 38 MiB"));
    CHECK_THAT(text, ContainsSubstring("Accepts up to 4096 viewers."));
    CHECK_THAT(text, ContainsSubstring("for 10s is disconnected"));
    CHECK_THAT(text, ContainsSubstring("or epoll where io_uring is refused"));
    CHECK_THAT(text, ContainsSubstring("of level info and above"));
}

TEST_CASE("the description warns when the stream can be watched from a network") {
    const std::string text = described(
        "[http]\nlisten = [\":80\", \"unix:/run/r\"]\n[viewers]\nmax_per_address = 3\n"
        "send = \"copy\"\n[streams.a]\nsource = \"stdin\"\n[streams.b]\nsource = \"file\"\n"
        "path = \"x.mjpeg\"\n[streams.c]\nsource = \"exec\"\ncommand = [\"a\", \"b c\"]\n"
        "[streams.d]\nsource = \"exec\"\ncommand = [\"e\"]\ntimeout = \"0s\"\n");
    CHECK_THAT(text, ContainsSubstring(":80: anyone who can reach this address can watch"));
    CHECK_THAT(text, ContainsSubstring("http://HOST:80/b/stream"));
    CHECK_THAT(text, ContainsSubstring("unix:/run/r:/b/stream"));
    CHECK_THAT(text, ContainsSubstring("at most 3 from one address"));
    CHECK_THAT(text, ContainsSubstring("always copied"));
    CHECK_THAT(text, ContainsSubstring("from standard input"));
    CHECK_THAT(text, ContainsSubstring("plays \"x.mjpeg\" in a loop"));
    CHECK_THAT(text,
               ContainsSubstring("runs [\"a\", \"b c\"] and reads JPEG frames from its standard "
                                 "output, and restarts it after 10s without one.\n"));
    CHECK_THAT(text,
               ContainsSubstring("runs [\"e\"] and reads JPEG frames from its standard output.\n"));
}

TEST_CASE("a source has the same name as in the configuration") {
    CHECK(source_name(PatternConfig{}) == "pattern");
    CHECK(source_name(ExecConfig{}) == "exec");
    CHECK(source_name(StdinConfig{}) == "stdin");
    CHECK(source_name(FileConfig{}) == "file");
    CHECK(source_name(LibcameraConfig{}) == "libcamera");
}

TEST_CASE("the description lists the settings of a camera") {
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\n"),
               ContainsSubstring("shows the only camera, in its largest size up to 1280x720 at 30 "
                                 "frames/s, as MJPEG if it supports that, else encoded with JPEG "
                                 "quality 80.\n"));
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\nsensor = \"1640x1232\"\n"),
               ContainsSubstring("JPEG quality 80, in the sensor mode 1640x1232.\n"));
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\nhdr = true\ntuning = \"t.json\"\n"),
               ContainsSubstring("quality 80, with HDR of the sensor, tuned by \"t.json\".\n"));
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\nsensor = \"auto\"\n"),
               ContainsSubstring("JPEG quality 80, in the sensor mode that libcamera chooses.\n"));
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\ncamera = \"C920\"\n"
                         "size = \"640x480\"\nfps = 15\nformat = \"YUYV\"\nquality = 70\n"
                         "controls = { AfMode = \"continuous\", "
                         "ColourGains = [1.5, 2], AeEnable = true, X = 3, Y = 0.5 }\n"
                         "on_demand = true\nidle_after = \"1m\"\ntier = \"copied\"\n"),
               ContainsSubstring("shows the camera \"C920\", 640x480 at 15 frames/s, encoded from "
                                 "YUYV with JPEG quality 70, AfMode = \"continuous\", "
                                 "ColourGains = [1.5, 2], AeEnable = true, X = 3, Y = 0.5, memory "
                                 "tier copied; it is stopped 1m after its last viewer.\n"));
}

TEST_CASE("the description says who adapts") {
    const std::string stream = "[streams.a]\nsource = \"stdin\"\n";
    CHECK_THAT(described(stream), ContainsSubstring("  Browsers whose link is too slow"));
    CHECK_THAT(described(stream + "adapt = true\n"),
               ContainsSubstring("  Viewers whose link is too slow"));
    CHECK_THAT(described(stream + "adapt = false\n"),
               ContainsSubstring("  Nobody is sent smaller"));
}

TEST_CASE("the description says how pictures are turned") {
    const std::string pattern = "[streams.a]\nsource = \"pattern\"\n";
    CHECK_THAT(described(pattern), !ContainsSubstring("Its pictures are"));
    CHECK_THAT(
        described(pattern + "rotate = \"90\"\nmirror = true\n"),
        ContainsSubstring("  Its pictures are rotated by 90 degrees clockwise, then mirrored: "
                          "without loss where their size is a multiple of the JPEG's blocks, "
                          "else decoded and encoded again.\n"));
    CHECK_THAT(described("[streams.a]\nsource = \"libcamera\"\nmirror = true\n"),
               ContainsSubstring("  Its pictures are mirrored: by the camera if it can, raw ones "
                                 "before they are encoded, others without loss where"));
    CHECK_THAT(described(pattern + "mirror = true\noverlay = { text = \"a\" }\n"),
               ContainsSubstring("  Its pictures are mirrored.\n"));
}

TEST_CASE("the description says which text is drawn into pictures") {
    CHECK_THAT(
        described("[streams.a]\nsource = \"pattern\"\noverlay = { text = \"%H:%M\" }\n"),
        ContainsSubstring("  The text \"%H:%M\" is drawn into its pictures (bottom-left): each "
                          "is decoded and encoded again.\n"));
    CHECK_THAT(
        described("[streams.a]\nsource = \"libcamera\"\n"
                  "overlay = { text = \"a\", position = \"top-right\" }\n"),
        ContainsSubstring("(top-right): raw ones before they are encoded, others are decoded"));
}

TEST_CASE("the description lists the renditions of a stream") {
    const std::string stream = "[streams.a]\nsource = \"stdin\"\n";
    CHECK_THAT(described(stream), ContainsSubstring("?size=half, ?size=quarter.\n"));
    CHECK_THAT(described(stream + "renditions = { wall = { size = \"480x270\", fps = 5 }, "
                                  "clock = { size = \"64x64\", quality = 50 } }\n"),
               ContainsSubstring("?size=quarter, ?size=wall fitted into 480x270 with at most 5 "
                                 "frames/s and JPEG quality 80, ?size=clock fitted into 64x64 and "
                                 "JPEG quality 50.\n"));
}
