#pragma once
// The modes of the emulated camera: sizes in each of its formats, and rates.

#include <cstdint>
#include <vector>

namespace ringcast::vm {

struct Size {
    int width = 0;
    int height = 0;
};

enum class Format : std::uint8_t { mjpeg, yuyv };

/// One size of one format.
struct Mode {
    Format format = Format::mjpeg;
    std::size_t size = 0; ///< index in Modes::sizes(format)
};

struct Modes {
    std::vector<Size> mjpeg;
    std::vector<Size> yuyv;
    /// Frame intervals in UVC's unit of 100 ns, the shortest first.
    std::vector<std::uint32_t> intervals;

    [[nodiscard]] const std::vector<Size>& sizes(Format format) const noexcept {
        return format == Format::mjpeg ? mjpeg : yuyv;
    }
    /// The formats that have sizes. UVC numbers them from 1 in this order.
    [[nodiscard]] std::vector<Format> formats() const;
};

/// The frame intervals of `fastest` and of the common frame rates below it, in units of 100 ns.
[[nodiscard]] std::vector<std::uint32_t> intervals_up_to(double fastest);

/// The maximum frame size that the camera reports.
[[nodiscard]] constexpr std::uint32_t frame_bytes_max(Size size) noexcept {
    return static_cast<std::uint32_t>(size.width) * static_cast<std::uint32_t>(size.height) * 2;
}

} // namespace ringcast::vm
