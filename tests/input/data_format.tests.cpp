#include "input/data_format.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "support/source_fixture.hpp"

namespace ringcast::input {

namespace {

using namespace std::string_literals;

std::string_view format_of(const std::string& beginning) {
    return data_format(as_bytes(beginning));
}

} // namespace

TEST_CASE("formats that are piped by mistake are recognised by their beginning") {
    CHECK(format_of("\x89PNG\r\n\x1A\n") == "PNG");
    CHECK(format_of("GIF89a") == "GIF");
    CHECK(format_of("RIFF\x10\0\0\0WEBPVP8 "s) == "WebP");
    CHECK(format_of("RIFF\x10\0\0\0AVI LIST"s) == "AVI");
    CHECK(format_of("\0\0\0\x20"s + "ftypisom") == "MP4");
    CHECK(format_of("\x1A\x45\xDF\xA3\x01"s) == "Matroska or WebM");
    CHECK(format_of("\0\0\0\x01\x67\x42"s) == "H.264");
    CHECK(format_of("\0\0\x01\x09\xF0"s) == "H.264");
    CHECK(format_of("\0\0\0\x01\x40\x01"s) == "H.265");
    CHECK(format_of("\0\0\x01\xBA\x44"s) == "MPEG-PS");
    CHECK(format_of("\x47"s + std::string(187, '\x01') + "\x47") == "MPEG-TS");
    CHECK(format_of("YUV4MPEG2 W64 H48") == "raw video (YUV4MPEG2)");
    CHECK(format_of("ffmpeg: no such device\n\xC3\xA4") == "text");
}

TEST_CASE("JPEG and unknown data have no other format") {
    CHECK(format_of("").empty());
    CHECK(format_of(test::jpeg(100)).empty());
    CHECK(format_of("\0\0\0\x01"s).empty());
    CHECK(format_of("\0\0\0\x01\xE7"s).empty());
    CHECK(format_of("\x47"s + std::string(200, '\x01')).empty());
    CHECK(format_of(std::string(600, '\0')).empty());
}

} // namespace ringcast::input
