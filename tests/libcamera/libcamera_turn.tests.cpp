#include "libcamera/libcamera_turn.hpp"

#include <catch2/catch_test_macros.hpp>

namespace ringcast::capture {

TEST_CASE(
    "a camera that can't turn its pictures leaves all of the turn, one that can leaves none") {
    for (const Rotation rotate :
         {Rotation::none, Rotation::by_90, Rotation::by_180, Rotation::by_270}) {
        for (const bool mirror : {false, true}) {
            const PictureTurn turn{rotate, mirror};
            const libcamera::Orientation wanted = orientation_of(turn);
            CHECK(turn_between(libcamera::Orientation::Rotate0, wanted) == turn);
            CHECK(turn_between(wanted, wanted) == PictureTurn{});
        }
    }
}

TEST_CASE("a camera that is mounted upside down and can't turn its pictures is made up for") {
    using libcamera::Orientation;
    CHECK(turn_between(Orientation::Rotate180, Orientation::Rotate0) ==
          PictureTurn{Rotation::by_180, false});
    CHECK(turn_between(Orientation::Rotate90, Orientation::Rotate0) ==
          PictureTurn{Rotation::by_270, false});
    CHECK(turn_between(Orientation::Rotate90, Orientation::Rotate180) ==
          PictureTurn{Rotation::by_90, false});
    CHECK(turn_between(Orientation::Rotate0Mirror, Orientation::Rotate0) ==
          PictureTurn{Rotation::none, true});
}

} // namespace ringcast::capture
