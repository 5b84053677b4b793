#include "rendition/choice.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::rendition;
using stream::RenditionSpec;

namespace {

const RenditionSpec half{.name = "half", .target = {.eighths = 4}};
const RenditionSpec quarter{.name = "quarter", .target = {.eighths = 2}};
const RenditionSpec wall{.name = "wall", .target = {.width = 480, .height = 270}};
const std::vector<RenditionSpec> all{half, quarter, wall};

std::string chosen(Size full, std::uint32_t width) {
    const RenditionSpec* const spec = smallest_of_width(all, full, width);
    return spec == nullptr ? "full" : spec->name;
}

} // namespace

TEST_CASE("a part of a picture has its sides, rounded up") {
    CHECK(size_of(half.target, {1280, 720}) == Size{640, 360});
    CHECK(size_of(quarter.target, {1281, 721}) == Size{321, 181});
    CHECK(size_of(half.target, {1, 1}) == Size{1, 1});
}

TEST_CASE("a picture is fitted into a size, keeps its proportions, and is never enlarged") {
    CHECK(size_of(wall.target, {1280, 720}) == Size{480, 270});
    CHECK(size_of(wall.target, {640, 480}) == Size{360, 270});
    CHECK(size_of(wall.target, {1920, 480}) == Size{480, 120});
    CHECK(size_of(wall.target, {320, 240}) == Size{320, 240});
    CHECK(size_of(wall.target, {480, 270}) == Size{480, 270});
    CHECK(size_of(wall.target, {10000, 1}) == Size{480, 1});
}

TEST_CASE("a width chooses the smallest rendition that is at least so wide") {
    const Size full{1280, 720};
    CHECK(chosen(full, 1) == "quarter");
    CHECK(chosen(full, 320) == "quarter");
    CHECK(chosen(full, 321) == "wall");
    CHECK(chosen(full, 480) == "wall");
    CHECK(chosen(full, 481) == "half");
    CHECK(chosen(full, 640) == "half");
    CHECK(chosen(full, 641) == "full");
    CHECK(chosen(full, 1280) == "full");
    CHECK(chosen(full, 5000) == "full");
}

TEST_CASE("a rendition that is as large as the stream is not chosen, nor one of an unknown size") {
    CHECK(chosen({400, 300}, 390) == "full"); // the wall is 360 wide
    CHECK(chosen({300, 200}, 300) == "full"); // the wall is not smaller
    CHECK(chosen({0, 0}, 1) == "full");
}

TEST_CASE("a message lists all names") {
    CHECK(names_text(all) == "full, half, quarter or wall");
    CHECK(names_text({}) == "full");
}
