#include "encode/picture_transform.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::encode {

namespace {

PictureSize fitted(PictureSize original, PictureSize box, Rotation rotate = Rotation::none) {
    return transformed_size(original, {TargetSize::fitted(box), 0, rotate, false});
}

} // namespace

TEST_CASE("a fraction of a size is rounded up") {
    const auto part = [](PictureSize size, int eighths) {
        return transformed_size(size, {TargetSize::of_eighths(eighths), 0, Rotation::none, false});
    };
    CHECK(part({1280, 720}, 4) == PictureSize{640, 360});
    CHECK(part({1280, 720}, 2) == PictureSize{320, 180});
    CHECK(part({1279, 719}, 4) == PictureSize{640, 360});
    CHECK(part({17, 9}, 3) == PictureSize{7, 4});
    CHECK(part({1, 1}, 1) == PictureSize{1, 1});
    CHECK(part({65500, 65500}, 8) == PictureSize{65500, 65500});
}

TEST_CASE(
    "a fitted picture touches two sides of its box, keeps its aspect ratio and is never larger "
    "than it was") {
    CHECK(fitted({1920, 1080}, {480, 270}) == PictureSize{480, 270});
    CHECK(fitted({1920, 1080}, {480, 480}) == PictureSize{480, 270});
    CHECK(fitted({1080, 1920}, {480, 480}) == PictureSize{270, 480});
    CHECK(fitted({1280, 960}, {480, 270}) == PictureSize{360, 270});
    CHECK(fitted({640, 480}, {1920, 1080}) == PictureSize{640, 480});
    CHECK(fitted({640, 480}, {640, 1}) == PictureSize{1, 1});
    CHECK(fitted({65500, 1}, {2, 2}) == PictureSize{2, 1});
    for (int width = 1; width < 200; width += 7) {
        for (int height = 1; height < 200; height += 11) {
            const PictureSize size = fitted({width, height}, {50, 30});
            CHECK(size.width <= 50);
            CHECK(size.height <= 30);
            CHECK((size == PictureSize{width, height} || size.width == 50 || size.height == 30));
        }
    }
}

TEST_CASE("a picture that is turned on its side fits into the box after that") {
    CHECK(fitted({1920, 1080}, {270, 480}, Rotation::by_90) == PictureSize{270, 480});
    CHECK(fitted({1920, 1080}, {480, 270}, Rotation::by_270) == PictureSize{152, 270});
    CHECK(fitted({1920, 1080}, {480, 270}, Rotation::by_180) == PictureSize{480, 270});
    CHECK(transformed_size({1279, 719}, {TargetSize::half(), 0, Rotation::by_90, true}) ==
          PictureSize{360, 640});
}

TEST_CASE("mirroring swaps left and right of the rotated picture") {
    const auto turn = [](Rotation rotate, bool mirror) {
        return turn_of({TargetSize::full(), 0, rotate, mirror});
    };
    CHECK(turn(Rotation::none, false) == Turn{});
    CHECK(turn(Rotation::none, true) == Turn{false, true, false});
    CHECK(turn(Rotation::by_90, true) == Turn{true, false, false});
    CHECK(turn(Rotation::by_180, true) == Turn{false, false, true});
    CHECK(turn(Rotation::by_270, true) == Turn{true, true, true});
}

} // namespace ringcast::encode
