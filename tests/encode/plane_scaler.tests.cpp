#include "encode/plane_scaler.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "encode/jpeg_samples.hpp"

namespace ringcast::encode {

namespace {

using test::area_average;
using test::GuardedBytes;
using test::Samples;

/// Noise, which shows every wrong sample.
Samples noise(int width, int height) {
    Samples made{width, height, {}};
    std::mt19937 random(3);
    made.values.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    std::ranges::generate(made.values, [&random] { return static_cast<std::uint8_t>(random()); });
    return made;
}

/// Scales `from`, laid out with `step`; an access beyond its last sample crashes.
Samples scaled(PlaneScaler& scaler, const Samples& from, int step, ScaleRatio across,
               ScaleRatio down, int width, int height, int target_step) {
    const std::size_t stride =
        static_cast<std::size_t>(from.width) * static_cast<std::size_t>(step) + 3;
    const std::size_t last =
        static_cast<std::size_t>(from.width - 1) * static_cast<std::size_t>(step);
    const GuardedBytes memory(static_cast<std::size_t>(from.height - 1) * stride + last + 1);
    auto* const first = reinterpret_cast<std::uint8_t*>(memory.span().data());
    for (int y = 0; y < from.height; ++y) {
        for (int x = 0; x < from.width; ++x) {
            first[static_cast<std::size_t>(y) * stride +
                  static_cast<std::size_t>(x) * static_cast<std::size_t>(step)] = from.at(x, y);
        }
    }
    const std::size_t target_stride =
        static_cast<std::size_t>(width) * static_cast<std::size_t>(target_step);
    std::vector<std::uint8_t> target(target_stride * static_cast<std::size_t>(height));
    REQUIRE(scaler.begin({first, stride, step, from.width, from.height}, across, down,
                         {target.data(), target_stride, target_step, width, height}));
    for (int y = 0; y < height; y += 5) {
        scaler.make_lines(y, 5);
    }
    Samples made{width, height, {}};
    for (std::size_t i = 0; i < target.size(); i += static_cast<std::size_t>(target_step)) {
        made.values.push_back(target[i]);
    }
    return made;
}

int largest_difference(const Samples& one, const Samples& other) {
    REQUIRE(one.values.size() == other.values.size());
    int largest = 0;
    for (std::size_t i = 0; i < one.values.size(); ++i) {
        largest = std::max(largest, std::abs(one.values[i] - other.values[i]));
    }
    return largest;
}

} // namespace

TEST_CASE("each sample is the average of its area at whole ratios, at any size and step") {
    PlaneScaler scaler;
    for (const int width : {1, 2, 3, 5, 16, 33, 64, 131}) {
        for (const int height : {1, 2, 7, 20}) {
            const Samples from = noise(width, height);
            for (const int across : {1, 2, 4}) {
                for (const int down : {1, 2, 4}) {
                    const int made_width = (width + across - 1) / across;
                    const int made_height = (height + down - 1) / down;
                    const Samples wanted =
                        area_average(from, made_width, made_height, across, down);
                    for (const int step : {1, 2, 3, 4}) {
                        CAPTURE(width, height, across, down, step);
                        // The same ratio, not in lowest terms.
                        const Samples made =
                            scaled(scaler, from, step, {across * 3, 3}, {down * 5, 5}, made_width,
                                   made_height, step == 3 ? 3 : 1);
                        CHECK(largest_difference(made, wanted) <= 0);
                    }
                }
            }
        }
    }
}

TEST_CASE("each sample is the average of its area at any ratio, but for rounding") {
    PlaneScaler scaler;
    for (const int width : {1, 3, 40, 131}) {
        for (const int height : {1, 2, 57}) {
            const Samples from = noise(width, height);
            for (const ScaleRatio across : {ScaleRatio{8, 3}, {8, 5}, {8, 7}, {131, 100}, {8, 1}}) {
                for (const ScaleRatio down : {ScaleRatio{8, 3}, {57, 50}, {2, 1}, {1, 1}}) {
                    const auto part = [](int side, ScaleRatio ratio) {
                        return static_cast<int>((side * ratio.target + ratio.source - 1) /
                                                ratio.source);
                    };
                    const auto value = [](ScaleRatio ratio) {
                        return static_cast<double>(ratio.source) /
                               static_cast<double>(ratio.target);
                    };
                    CAPTURE(width, height, across.source, across.target, down.source, down.target);
                    const int made_width = part(width, across);
                    const int made_height = part(height, down);
                    const Samples wanted =
                        area_average(from, made_width, made_height, value(across), value(down));
                    const Samples made =
                        scaled(scaler, from, 1, across, down, made_width, made_height, 1);
                    CHECK(largest_difference(made, wanted) <= 1);
                }
            }
        }
    }
}

TEST_CASE("an area of one colour keeps it, also the brightest one") {
    PlaneScaler scaler;
    constexpr std::array<std::uint8_t, 5> values{0, 1, 128, 254, 255};
    for (const std::uint8_t value : values) {
        Samples from{101, 67, std::vector<std::uint8_t>(std::size_t{101} * 67, value)};
        for (const ScaleRatio ratio : {ScaleRatio{2, 1}, {4, 1}, {101, 97}, {8, 3}, {20, 1}}) {
            const Samples made = scaled(scaler, from, 1, ratio, ratio, 5, 4, 1);
            CHECK(std::ranges::all_of(made.values, [&](std::uint8_t v) { return v == value; }));
        }
    }
}

TEST_CASE("a ratio below 1 repeats samples") {
    PlaneScaler scaler;
    const Samples from = noise(20, 10);
    const Samples made = scaled(scaler, from, 1, {1, 2}, {1, 2}, 40, 20, 1);
    for (int y = 0; y < 20; ++y) {
        for (int x = 0; x < 40; ++x) {
            REQUIRE(made.at(x, y) == from.at(x / 2, y / 2));
        }
    }
}

} // namespace ringcast::encode
