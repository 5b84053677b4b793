#include "os/clock.hpp"

#include <limits>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::os;
using namespace std::chrono_literals;

TEST_CASE("a time from 1970 to 2262 is exact") {
    CHECK(wall_time({0, 0}) == WallTime{});
    CHECK(wall_time({1'700'000'000, 123'456'789}) == WallTime(1'700'000'000s + 123'456'789ns));
    CHECK(wall_time({9'223'372'035, 999'999'999}) == WallTime(9'223'372'035s + 999'999'999ns));
}

TEST_CASE("a time before 1970 is the epoch, and one after 2262 is the last that can be counted") {
    constexpr auto time_max = std::numeric_limits<std::time_t>::max();
    CHECK(wall_time({-1, 999'999'999}) == WallTime{});
    CHECK(wall_time({-time_max, 0}) == WallTime{});
    CHECK(wall_time({9'223'372'036, 0}) == WallTime::max());
    CHECK(wall_time({time_max, 999'999'999}) == WallTime::max());
}
