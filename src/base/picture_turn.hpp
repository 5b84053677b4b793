#pragma once
// How a picture is turned before it is shown. Plain data.

#include <cstdint>

namespace ringcast {

/// Clockwise.
enum class Rotation : std::uint8_t { none, by_90, by_180, by_270 };

struct PictureTurn {
    Rotation rotate = Rotation::none;
    bool mirror = false; ///< swaps left and right, after the rotation
    friend bool operator==(const PictureTurn&, const PictureTurn&) = default;
};

/// Width and height change places.
[[nodiscard]] constexpr bool is_sideways(const PictureTurn& turn) noexcept {
    return turn.rotate == Rotation::by_90 || turn.rotate == Rotation::by_270;
}

} // namespace ringcast
