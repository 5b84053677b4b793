#pragma once
// The formats and sizes that a camera offers, and the choice among them. No I/O.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"

namespace ringcast::camera {

/// All sizes between two, in steps.
struct SizeRange {
    config::PictureSize min;
    config::PictureSize max;
    std::uint16_t step_horizontal = 1;
    std::uint16_t step_vertical = 1;
};

struct FormatOffer {
    std::string name;                       ///< libcamera's: "MJPEG", "YUYV"
    std::vector<config::PictureSize> sizes; ///< discrete sizes
    std::optional<SizeRange> range;         ///< in addition, any size in this range
};

inline constexpr std::string_view mjpeg_format = "MJPEG";
/// Without a configured size the largest one up to this is chosen.
inline constexpr config::PictureSize automatic_size{1280, 720};

/// The number of buffers to ask for; a pipeline handler may raise it. JPEG: one holds the newest
/// frame, one was just filled, two are the camera's; more would be locked in memory without a
/// benefit. Raw: two are encoded or wait for it, and "6 buffers is better than 4" for video
/// (raspberrypi/rpicam-apps, core/rpicam_app.cpp).
[[nodiscard]] unsigned buffer_count(std::string_view format) noexcept;

struct CameraChoice {
    std::string format;
    config::PictureSize size;
};

/// If `format` is empty: the first of `camera_format_names` that the camera offers (in `size`, if
/// present). The error lists what the camera offers.
[[nodiscard]] Result<CameraChoice> choose_offer(std::span<const FormatOffer> offers,
                                                std::string_view format,
                                                std::optional<config::PictureSize> size);

/// "640x480, 1280x720", or "64x64 to 1920x1080".
[[nodiscard]] std::string sizes_text(const FormatOffer& offer);

} // namespace ringcast::camera
