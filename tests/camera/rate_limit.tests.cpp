#include "camera/rate_limit.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

namespace ringcast::camera {

namespace {

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;

constexpr std::uint32_t seconds = 100;
/// The time of the first frame.
constexpr Duration begin = std::chrono::hours(1);

Instant at(double seconds_since_begin) {
    return Instant(begin + std::chrono::duration_cast<Duration>(
                               std::chrono::duration<double>(seconds_since_begin)));
}

/// Pseudo-random between -1 and 1, the same in each run.
double tremble(std::uint32_t number) {
    return static_cast<double>((number * 2654435761U) >> 16U) / 32767.5 - 1;
}

struct Passed {
    std::vector<double> times;
    [[nodiscard]] double rate() const { return static_cast<double>(times.size()) / seconds; }
    [[nodiscard]] double widest_gap() const {
        double widest = 0;
        for (std::size_t i = 1; i < times.size(); ++i) {
            widest = std::max(widest, times[i] - times[i - 1]);
        }
        return widest;
    }
};

/// `jitter`: deviation of the frames' times, in periods of the camera.
Passed run(double asked, double made, double jitter = 0) {
    RateLimit limit;
    limit.begin(asked);
    Passed passed;
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(made * seconds); ++i) {
        const double time = (i + jitter * tremble(i)) / made;
        if (limit.take(at(time))) {
            passed.times.push_back(time);
        }
    }
    return passed;
}

} // namespace

TEST_CASE("frames of a faster camera pass at the configured rate, evenly spaced") {
    for (const auto& [asked, made] : {std::pair{5.0, 30.0},
                                      {5.0, 30.3},
                                      {20.0, 30.0},
                                      {29.0, 30.0},
                                      {0.1, 30.0},
                                      {7.5, 10.0},
                                      {30.0, 60.0},
                                      {24.0, 25.0}}) {
        for (const double jitter : {0.0, 0.1, 0.4}) {
            CAPTURE(asked, made, jitter);
            const Passed passed = run(asked, made, jitter);
            CHECK(passed.rate() == Approx(asked).epsilon(0.001).margin(1.0 / seconds));
            CHECK(passed.widest_gap() < 1 / asked + 2.01 / made);
        }
    }
}

TEST_CASE("all frames of a camera that is slower, or as fast, pass") {
    for (const double made : {30.0, 29.97, 25.0, 10.0, 1.0}) {
        CAPTURE(made);
        CHECK(run(30, made).times.size() == static_cast<std::size_t>(made * seconds));
        CHECK(run(30, made, 0.1).times.size() == static_cast<std::size_t>(made * seconds));
    }
}

TEST_CASE("without a limit every frame passes") {
    RateLimit limit;
    limit.begin(5);
    CHECK(limit.take(at(0)));
    CHECK(!limit.take(at(0.01)));
    limit.begin(0);
    CHECK(limit.take(at(0.02)));
    CHECK(limit.take(at(0.03)));
}

TEST_CASE("frames do not pass faster after a pause to compensate for it") {
    RateLimit limit;
    limit.begin(10);
    CHECK(limit.take(at(0)));
    std::size_t passed = 0;
    for (int i = 0; i < 100; ++i) {
        passed += limit.take(at(5 + 0.01 * i)) ? 1U : 0U;
    }
    // One second's frames, one late frame, and one that is slightly early.
    CHECK(passed <= 12);
}

TEST_CASE("the first frame of a reopened camera passes, whatever its time") {
    RateLimit limit;
    limit.begin(1);
    CHECK(limit.take(at(50)));
    limit.begin(1);
    CHECK(limit.take(at(50.1)));
    CHECK(!limit.take(at(50.2)));
    limit.begin(1);
    CHECK(limit.take(at(10)));
}

TEST_CASE("a limit is planned for a camera whose rate is more than one percent too high") {
    CHECK(plan_rate(30, 30).limit == 0);
    CHECK(plan_rate(30, 30).note.empty());
    CHECK(plan_rate(30, 30.2).limit == 0);
    CHECK(plan_rate(29.97, 30).note.empty());
    CHECK(plan_rate(5, 30).limit == 5);
    CHECK_THAT(plan_rate(5, 30).note, ContainsSubstring("makes 30 frames/s") &&
                                          ContainsSubstring("5 of them are passed on"));
    CHECK(plan_rate(30, 15).limit == 0);
    CHECK_THAT(plan_rate(30, 15).note,
               ContainsSubstring("makes 15") && ContainsSubstring("not 30"));
}

TEST_CASE("a camera with an unknown rate is limited to the configured one") {
    CHECK(plan_rate(12.5, std::nullopt).limit == 12.5);
    CHECK_THAT(plan_rate(12.5, std::nullopt).note,
               ContainsSubstring("can't be set") && ContainsSubstring("at most 12.5"));
}

} // namespace ringcast::camera
