#include "draw/picture.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::draw;

namespace {

long count(const Picture& picture, Channel channel, int lines, std::uint8_t value) {
    long found = 0;
    for (int y = 0; y < lines; ++y) {
        found += std::ranges::count(picture.row(channel, y), value);
    }
    return found;
}

constexpr Colour paint = {200, 30, 90};

} // namespace

TEST_CASE("a picture is padded to whole blocks", "[encode]") {
    const Picture picture(65, 16);
    CHECK(picture.width() == 65);
    CHECK(picture.padded_width() == 80);
    CHECK(picture.padded_height() == 16);
    CHECK(picture.row(Channel::luma, 15).size() == 80);
    CHECK(picture.row(Channel::red, 7).size() == 40);
}

TEST_CASE("colours are converted as JFIF specifies", "[encode]") {
    constexpr std::array samples = {rgb(0, 0, 0), rgb(255, 255, 255), rgb(255, 0, 0),
                                    rgb(0, 0, 255)};
    constexpr std::array<std::array<int, 3>, 4> expected = {
        {{0, 128, 128}, {255, 128, 128}, {76, 84, 255}, {29, 255, 107}}};
    for (std::size_t i = 0; i < samples.size(); ++i) {
        INFO("colour " << i);
        CHECK(std::abs(samples[i].y - expected[i][0]) <= 1);
        CHECK(std::abs(samples[i].u - expected[i][1]) <= 1);
        CHECK(std::abs(samples[i].v - expected[i][2]) <= 1);
    }
}

TEST_CASE("a filled rectangle covers its pixels and no others", "[encode]") {
    Picture picture(48, 48);
    fill(picture, {4, 6, 10, 8}, paint);
    CHECK(count(picture, Channel::luma, 48, paint.y) == 80);
    CHECK(count(picture, Channel::blue, 24, paint.u) == 20);
    CHECK(count(picture, Channel::red, 24, paint.v) == 20);
    CHECK(picture.row(Channel::luma, 6)[4] == paint.y);
    CHECK(picture.row(Channel::luma, 13)[13] == paint.y);
    CHECK(picture.row(Channel::red, 6)[6] == paint.v);
}

TEST_CASE("shapes are clipped to the picture", "[encode]") {
    Picture picture(32, 32);
    fill(picture, {-5, -5, 7, 7}, paint);
    CHECK(count(picture, Channel::luma, 32, paint.y) == 4);
    fill(picture, {30, 30, 100, 100}, paint);
    CHECK(count(picture, Channel::luma, 32, paint.y) == 8);
    fill(picture, {100, 5, 5, 5}, paint);
    fill(picture, {-100, 5, 5, 5}, paint);
    CHECK(count(picture, Channel::luma, 32, paint.y) == 8);
}

TEST_CASE("copying takes a rectangle of all channels", "[encode]") {
    Picture source(32, 32);
    fill(source, {0, 0, 32, 32}, paint);
    Picture target(32, 32);
    copy(target, source, {8, 8, 4, 6});
    CHECK(count(target, Channel::luma, 32, paint.y) == 24);
    CHECK(count(target, Channel::blue, 16, paint.u) == 6);
    CHECK(count(target, Channel::red, 16, paint.v) == 6);
}
