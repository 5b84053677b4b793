#include "input/video_file.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::input {

TEST_CASE("videos are recognised by their extension, in either case") {
    for (const char* const name : {"a.mp4", "/b/A.MKV", "a.ogv", "a.h264", "a.264", "a.h265",
                                   "a.265", "a.hevc", "a.b.webm"}) {
        CAPTURE(name);
        CHECK(video_command(name));
    }
    for (const char* const name : {"a.mjpeg", "a.jpg", "mp4", ".mp4", "a.mp4/b", "a.toml", ""}) {
        CAPTURE(name);
        CHECK_FALSE(video_command(name));
    }
}

TEST_CASE("the command for a video quotes its path for the shell") {
    CHECK(video_command("/srv/a.mp4") ==
          "ffmpeg -re -stream_loop -1 -i /srv/a.mp4 -q:v 4 -f mjpeg - | ringcast -");
    CHECK(video_command("it's $1.mp4") ==
          "ffmpeg -re -stream_loop -1 -i 'it'\\''s $1.mp4' -q:v 4 -f mjpeg - | ringcast -");
}

} // namespace ringcast::input
