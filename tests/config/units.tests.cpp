#include "config/units.hpp"

#include <array>
#include <chrono>
#include <cstdint>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::config;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and its unit") {
    CHECK(parse_duration("500ms") == Duration(500ms));
    CHECK(parse_duration("10s") == Duration(10s));
    CHECK(parse_duration("2m") == Duration(2min));
    CHECK(parse_duration("1h") == Duration(1h));
    CHECK(parse_duration("7d") == Duration(7 * 24h));
    CHECK(parse_duration("0s") == Duration(0s));
    CHECK(parse_duration("999999999s") == Duration(999999999s));
}

TEST_CASE("text that is not a duration is rejected") {
    for (const char* text :
         {"", "10", "s", "10 s", " 10s", "-1s", "+1s", "1.5s", "10S", "10sec", "10ss",
          "1000000000s", "99999999999999999999s", "999999999h", "999999d", "1D"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

TEST_CASE("units of bytes are powers of 1024 with an i and powers of 1000 without") {
    CHECK(parse_bytes("17B") == 17U);
    CHECK(parse_bytes("64KiB") == 65536U);
    CHECK(parse_bytes("4MiB") == 4194304U);
    CHECK(parse_bytes("1GiB") == 1073741824U);
    CHECK(parse_bytes("64KB") == 64000U);
    CHECK(parse_bytes("64kB") == 64000U);
    CHECK(parse_bytes("1MB") == 1000000U);
    CHECK(parse_bytes("2GB") == 2000000000U);
}

TEST_CASE("text that is not a size is rejected") {
    for (const char* text : {"", "4", "4M", "4 MiB", "MiB", "-4MiB", "4.5MiB", "4mib", "4MiBs"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_bytes(text));
    }
}

TEST_CASE("a picture size is two numbers separated by an x") {
    CHECK(parse_picture_size("1280x720") == PictureSize{1280, 720});
    CHECK(parse_picture_size("65535x1") == PictureSize{65535, 1});
    for (const char* text : {"", "x", "1280", "1280x", "x720", "0x720", "1280x0", "65536x1",
                             "1280X720", "1280x720x3", "1280 x 720", "-1x5", "1280*720"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_picture_size(text));
    }
}

TEST_CASE("a number is decimal and finite") {
    CHECK(parse_number("30") == 30.0);
    CHECK(parse_number("29.97") == 29.97);
    CHECK(parse_number("-1") == -1.0);
    for (const char* text : {"", "x", "30fps", "inf", "nan", "1e400", " 30", "0x10"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_number(text));
    }
}

TEST_CASE("quantities are written in the form that is parsed") {
    for (const Duration duration : {Duration(1ms), Duration(1500ms), Duration(10s), Duration(90s),
                                    Duration(10min), Duration(0s), Duration(24h)}) {
        CAPTURE(duration_text(duration));
        CHECK(parse_duration(duration_text(duration)) == duration);
    }
    for (const std::size_t bytes : std::array<std::size_t, 5>{0, 1000, 16384, 1048576, 1048577}) {
        CAPTURE(bytes_text(bytes));
        CHECK(parse_bytes(bytes_text(bytes)) == bytes);
    }
    CHECK(duration_text(Duration(600s)) == "10m");
    CHECK(duration_text(Duration(0s)) == "0s");
    CHECK(bytes_text(64UL * 1024 * 1024) == "64MiB");
    CHECK(picture_size_text({1280, 720}) == "1280x720");
    CHECK(number_text(29.97) == "29.97");
    CHECK(number_text(30) == "30");
}

TEST_CASE("sizes in messages have at most one decimal") {
    CHECK(bytes_text_rounded(1024UL * 1024) == "1 MiB");
    CHECK(bytes_text_rounded(1024UL * 1024 - 1) == "1023.9 KiB");
    CHECK(bytes_text_rounded(100'000) == "97.6 KiB");
    CHECK(bytes_text_rounded(900UL * 1024) == "900 KiB");
    CHECK(bytes_text_rounded(0) == "0 KiB");
}

TEST_CASE("a size that was rounded up never reads like the limit that it exceeds") {
    constexpr std::size_t limit = 1024UL * 1024;
    CHECK(bytes_text_rounded_up(limit) == bytes_text_rounded(limit));
    CHECK(bytes_text_rounded_up(limit + 1) == "1.1 MiB");
    CHECK(bytes_text_rounded_up(1) == "0.1 KiB");
}
