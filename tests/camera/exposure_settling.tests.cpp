#include "camera/exposure_settling.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using namespace std::chrono_literals;

TEST_CASE("frames are held back until the camera says that exposure has settled") {
    ExposureSettling settling;
    settling.begin();
    CHECK_FALSE(settling.settled());
    CHECK_FALSE(settling.take(Instant(10s), false));
    CHECK_FALSE(settling.take(Instant(10s + 900ms), false));
    CHECK(settling.take(Instant(10s + 950ms), true));
    CHECK(settling.settled());
    // Light that changes later is not the start's.
    CHECK(settling.take(Instant(11s), false));
}

TEST_CASE("exposure that never settles, or is never told of, is waited for only so long") {
    ExposureSettling settling;
    settling.begin();
    CHECK_FALSE(settling.take(Instant(10s), false));
    CHECK(settling.take(Instant(10s) + ExposureSettling::held_max, false));
    settling.begin();
    CHECK_FALSE(settling.take(Instant(20s), std::nullopt));
    // As many frames as some USB cameras need, at 30 frames/s.
    CHECK_FALSE(settling.take(Instant(20s + 25 * 33ms), std::nullopt));
    CHECK(settling.take(Instant(20s) + ExposureSettling::held_max, std::nullopt));
}

TEST_CASE("where there is nothing to wait for every frame is shown") {
    ExposureSettling settling;
    CHECK(settling.take(Instant(10s), false));
    settling.begin();
    settling.skip();
    CHECK(settling.take(Instant(10s), false));
}
