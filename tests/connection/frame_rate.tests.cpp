#include "connection/frame_rate.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using connection::FrameRate;

namespace {

constexpr Instant start{std::chrono::seconds(1000)};
constexpr Duration second = std::chrono::seconds(1);

FrameRate rate_from_start() {
    FrameRate rate;
    rate.begin(start);
    return rate;
}

} // namespace

TEST_CASE("a viewer's frame rate is zero until its first window is over") {
    FrameRate rate = rate_from_start();
    CHECK(rate.per_second() == 0);
    rate.update(30, start + second);
    CHECK(rate.per_second() == 0);
    rate.update(60, start + 2 * second);
    CHECK(rate.per_second() == 30);
}

TEST_CASE("a viewer's frame rate is measured over the time that has really passed") {
    FrameRate rate = rate_from_start();
    rate.update(60, start + 4 * second);
    CHECK(rate.per_second() == 15);
}

TEST_CASE("each window of a viewer's frame rate counts its own frames only") {
    FrameRate rate = rate_from_start();
    rate.update(60, start + 2 * second);
    rate.update(70, start + 3 * second);
    CHECK(rate.per_second() == 30); // until the second window is over
    rate.update(80, start + 4 * second);
    CHECK(rate.per_second() == 10);
    rate.update(80, start + 6 * second);
    CHECK(rate.per_second() == 0);
}
