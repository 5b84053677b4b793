#pragma once
// Provides the lines of a raw picture's components in the form that libjpeg's raw interface takes:
// packed samples, padded to whole blocks, in JPEG's range and matrix. Lines that have this form in
// the picture's own memory are used there; others are gathered into buffers of a few lines. No I/O,
// no threads.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "encode/colour_transform.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

class ComponentLines {
public:
    static constexpr int block = 8; ///< samples, horizontally and vertically
    static constexpr std::size_t lines_max = 16;
    using Lines = std::array<const std::uint8_t*, lines_max>;

    /// Begins a picture, which must have no `problem_of` and not be RGB. Allocates only when it is
    /// wider than all earlier ones. False when memory is short.
    [[nodiscard]] bool begin(const RawPicture& picture) noexcept;

    /// Prepares `lines` lines of pixels, at most lines_max, starting at `top`; both even. Below the
    /// picture the last line is repeated.
    void gather(int top, int lines) noexcept;
    /// The prepared lines of a component. Subsampled components have fewer lines than pixels.
    [[nodiscard]] const Lines& lines(std::size_t component) const noexcept {
        return lines_[component];
    }

private:
    [[nodiscard]] std::span<std::uint8_t> buffer(std::size_t component, int line) noexcept;
    [[nodiscard]] int gather_component(std::size_t component, int top, int lines) noexcept;
    void transform(int luma_lines, int colour_lines) noexcept;

    RawPicture picture_;
    const PixelLayout* layout_ = nullptr;
    std::optional<ColourTransform> transform_;
    std::array<bool, 3> in_place_{}; ///< the component's lines need no copy
    std::size_t luma_bytes_ = 0;     ///< length of a luma line in a buffer, whole pairs of blocks
    std::size_t colour_bytes_ = 0;   ///< the same of Cb and Cr
    std::vector<std::uint8_t> buffers_;
    std::array<Lines, 3> lines_{};
};

} // namespace ringcast::encode
