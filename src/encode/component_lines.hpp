#pragma once
// The lines of a raw picture's components as an encoder of blocks takes them: side by side, as long
// as whole blocks, brightness and colour as JPEG means them. What lies in the picture's own memory
// like that is left there; the rest is gathered into buffers of a few lines. Pure.

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
    static constexpr int block = 8; ///< samples, either way
    static constexpr std::size_t lines_max = 16;
    using Lines = std::array<const std::uint8_t*, lines_max>;

    /// From now on it is about this one, which has no `problem_of` and is not RGB. Allocates only
    /// when no earlier picture was as wide.
    void begin(const RawPicture& picture);

    /// Makes `lines` lines of pixels from `top` on ready, at most lines_max; both even. Below the
    /// last line it goes on and on.
    void gather(int top, int lines) noexcept;
    /// What was made ready of a component: so many lines as it has for those lines of pixels.
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
    std::array<bool, 3> in_place_{}; ///< the component's lines are used where they are
    std::size_t luma_bytes_ = 0;     ///< a luma line in a buffer: whole pairs of blocks
    std::vector<std::uint8_t> buffers_;
    std::array<Lines, 3> lines_{};
};

} // namespace ringcast::encode
