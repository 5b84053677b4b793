#include "encode/picture_transform.hpp"

#include <algorithm>
#include <utility>

#include "base/assert.hpp"

namespace ringcast::encode {

namespace {

PictureSize swapped(PictureSize size) noexcept {
    return {size.height, size.width};
}

PictureSize fit(PictureSize original, PictureSize box) noexcept {
    RINGCAST_ASSERT(box.width >= 1);
    RINGCAST_ASSERT(box.height >= 1);
    if (original.width <= box.width && original.height <= box.height) {
        return original;
    }
    const auto scale = [](int side, int target, int source) {
        const std::int64_t product = std::int64_t{side} * target;
        return static_cast<int>(std::max<std::int64_t>((product + source / 2) / source, 1));
    };
    // The side that is larger in relation to the box becomes as long as the box.
    if (std::int64_t{original.width} * box.height >= std::int64_t{original.height} * box.width) {
        return {box.width, scale(original.height, box.width, original.width)};
    }
    return {scale(original.width, box.height, original.height), box.height};
}

} // namespace

Turn turn_of(const PictureTransform& transform) noexcept {
    Turn turn;
    switch (transform.rotate) {
    case Rotation::none:
        break;
    case Rotation::by_90:
        turn = {true, true, false};
        break;
    case Rotation::by_180:
        turn = {false, true, true};
        break;
    case Rotation::by_270:
        turn = {true, false, true};
        break;
    }
    turn.swap_columns = turn.swap_columns != transform.mirror;
    return turn;
}

PictureSize scaled_size(PictureSize original, const PictureTransform& transform) noexcept {
    RINGCAST_ASSERT(original.width >= 1);
    RINGCAST_ASSERT(original.height >= 1);
    const TargetSize& target = transform.target;
    switch (target.kind) {
    case TargetSize::Kind::full:
        return original;
    case TargetSize::Kind::fraction: {
        RINGCAST_ASSERT(target.eighths >= 1);
        RINGCAST_ASSERT(target.eighths <= 8);
        const auto scale = [&target](int side) { return (side * target.eighths + 7) / 8; };
        return {scale(original.width), scale(original.height)};
    }
    case TargetSize::Kind::fit:
        // The box is that of the rotated picture.
        return fit(original, turn_of(transform).transpose ? swapped(target.box) : target.box);
    }
    assertion_failed("the kind of target is known", __FILE__, __LINE__);
}

PictureSize transformed_size(PictureSize original, const PictureTransform& transform) noexcept {
    const PictureSize scaled = scaled_size(original, transform);
    return turn_of(transform).transpose ? swapped(scaled) : scaled;
}

} // namespace ringcast::encode
