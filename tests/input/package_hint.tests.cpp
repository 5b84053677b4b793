#include "input/package_hint.hpp"

#include <catch2/catch_test_macros.hpp>

using ringcast::input::package_of;

TEST_CASE("the package of a program is known by its name or path") {
    CHECK(package_of("ffmpeg") == "ffmpeg");
    CHECK(package_of("rpicam-vid") == "rpicam-apps");
    CHECK(package_of("/usr/bin/gst-launch-1.0") == "gstreamer1.0-tools");
    CHECK(package_of("my-own-camera").empty());
    CHECK(package_of("").empty());
}
