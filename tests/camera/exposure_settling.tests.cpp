#include "camera/exposure_settling.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::camera;
using namespace std::chrono_literals;

TEST_CASE("frames are skipped until the camera reports that exposure has settled") {
    ExposureSettling settling;
    settling.begin();
    CHECK_FALSE(settling.settled());
    CHECK_FALSE(settling.take(Instant(10s), false));
    CHECK_FALSE(settling.take(Instant(10s + 900ms), false));
    CHECK(settling.take(Instant(10s + 950ms), true));
    CHECK(settling.settled());
    // Later changes of light do not matter.
    CHECK(settling.take(Instant(11s), false));
}

TEST_CASE("the wait is bounded if exposure never settles, or the camera never reports it") {
    ExposureSettling settling;
    settling.begin();
    CHECK_FALSE(settling.take(Instant(10s), false));
    CHECK(settling.take(Instant(10s) + ExposureSettling::settling_max, false));
    settling.begin();
    CHECK_FALSE(settling.take(Instant(20s), std::nullopt));
    // As many frames as some USB cameras need, at 30 frames/s.
    CHECK_FALSE(settling.take(Instant(20s + 25 * 33ms), std::nullopt));
    CHECK(settling.take(Instant(20s) + ExposureSettling::settling_max, std::nullopt));
}

TEST_CASE("without a wait every frame is shown") {
    ExposureSettling settling;
    CHECK(settling.take(Instant(10s), false));
    settling.begin();
    settling.skip();
    CHECK(settling.take(Instant(10s), false));
}
