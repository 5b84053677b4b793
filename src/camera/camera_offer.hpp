#pragma once
// What a camera makes, and the choice from it. Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::camera {

/// Any size between two, in steps.
struct SizeRange {
    config::PictureSize min;
    config::PictureSize max;
    std::uint16_t step_horizontal = 1;
    std::uint16_t step_vertical = 1;
};

struct FormatOffer {
    std::string name;                       ///< libcamera's: "MJPEG", "YUYV"
    std::vector<config::PictureSize> sizes; ///< those that it lists
    std::optional<SizeRange> range;         ///< beside these, any size in it
};

inline constexpr std::string_view mjpeg_format = "MJPEG";
/// What is taken when the configuration names no size: the largest up to this one.
inline constexpr config::PictureSize automatic_size{1280, 720};

struct CameraChoice {
    std::string format;
    config::PictureSize size;
};

/// `format` empty: the first of `camera_format_names` that the camera has (in `size`, if that is
/// given). The error lists what the camera has.
[[nodiscard]] Result<CameraChoice> choose_offer(std::span<const FormatOffer> offers,
                                                std::string_view format,
                                                std::optional<config::PictureSize> size);

/// "640x480, 1280x720", or "64x64 to 1920x1080".
[[nodiscard]] std::string sizes_text(const FormatOffer& offer);

} // namespace ringcast::camera
