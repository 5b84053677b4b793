#include "libcamera/libcamera_turn.hpp"

#include <libcamera/transform.h>

#include "base/assert.hpp"

namespace ringcast::capture {

libcamera::Orientation orientation_of(const PictureTurn& turn) noexcept {
    using libcamera::Orientation;
    switch (turn.rotate) {
    case Rotation::none:
        return turn.mirror ? Orientation::Rotate0Mirror : Orientation::Rotate0;
    case Rotation::by_90:
        return turn.mirror ? Orientation::Rotate90Mirror : Orientation::Rotate90;
    case Rotation::by_180:
        return turn.mirror ? Orientation::Rotate180Mirror : Orientation::Rotate180;
    case Rotation::by_270:
        return turn.mirror ? Orientation::Rotate270Mirror : Orientation::Rotate270;
    }
    assertion_failed("the rotation is known", __FILE__, __LINE__);
}

PictureTurn turn_between(libcamera::Orientation from, libcamera::Orientation to) noexcept {
    using libcamera::Transform;
    switch (to / from) {
    case Transform::Identity:
        return {Rotation::none, false};
    case Transform::HFlip:
        return {Rotation::none, true};
    case Transform::VFlip:
        return {Rotation::by_180, true};
    case Transform::Rot180:
        return {Rotation::by_180, false};
    case Transform::Transpose:
        return {Rotation::by_90, true};
    case Transform::Rot90:
        return {Rotation::by_90, false};
    case Transform::Rot270:
        return {Rotation::by_270, false};
    case Transform::Rot180Transpose:
        return {Rotation::by_270, true};
    }
    assertion_failed("libcamera's transform is known", __FILE__, __LINE__);
}

} // namespace ringcast::capture
