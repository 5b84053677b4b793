#pragma once
// What a picture is made to, and its size. No I/O, no codec.

#include <cstdint>

#include "base/picture_turn.hpp"
#include "base/time.hpp"
#include "config/overlay_config.hpp"

namespace ringcast::encode {

struct PictureSize {
    int width = 0; ///< pixels
    int height = 0;
    friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

/// How large the transformed picture is.
struct TargetSize {
    enum class Kind : std::uint8_t { full, fraction, fit };
    Kind kind = Kind::full;
    int eighths = 8; ///< fraction: of each side, 1 to 8; sizes are rounded up, as libjpeg does
    /// fit: the picture, after rotation, becomes as large as fits into this with its own aspect
    /// ratio, but never larger than it was.
    PictureSize box;

    [[nodiscard]] static constexpr TargetSize full() noexcept { return {}; }
    [[nodiscard]] static constexpr TargetSize half() noexcept { return of_eighths(4); }
    [[nodiscard]] static constexpr TargetSize quarter() noexcept { return of_eighths(2); }
    [[nodiscard]] static constexpr TargetSize of_eighths(int eighths) noexcept {
        return {Kind::fraction, eighths, {}};
    }
    [[nodiscard]] static constexpr TargetSize fitted(PictureSize box) noexcept {
        return {Kind::fit, 8, box};
    }
    friend bool operator==(const TargetSize&, const TargetSize&) = default;
};

using ringcast::Rotation;

struct PictureTransform {
    TargetSize target;
    /// 1 to 100, libjpeg's scale. 0: a JPEG that keeps its size also keeps its quality, where it
    /// can be rotated and mirrored without decoding; any other picture is encoded with
    /// `default_quality`.
    int quality = 0;
    Rotation rotate = Rotation::none;
    bool mirror = false;                            ///< swaps left and right, after the rotation
    const config::OverlayConfig* overlay = nullptr; ///< drawn into the result; null: none
    WallTime captured{};                            ///< for the overlay
    friend bool operator==(const PictureTransform&, const PictureTransform&) = default;
};
inline constexpr int default_quality = 80;

/// A rotation and mirroring as three steps, in this order.
struct Turn {
    bool transpose = false; ///< swaps rows and columns
    bool swap_columns = false;
    bool swap_rows = false;
    friend bool operator==(const Turn&, const Turn&) = default;
};
[[nodiscard]] Turn turn_of(const PictureTransform& transform) noexcept;

/// Size of a transformed picture before it is rotated; `original` has at least one pixel.
[[nodiscard]] PictureSize scaled_size(PictureSize original,
                                      const PictureTransform& transform) noexcept;
/// Size of the transformed picture.
[[nodiscard]] PictureSize transformed_size(PictureSize original,
                                           const PictureTransform& transform) noexcept;

} // namespace ringcast::encode
