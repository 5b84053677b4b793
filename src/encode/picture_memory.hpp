#pragma once
// Memory for one raw picture at a time, kept for the next one. No I/O, no threads.

#include <cstdint>
#include <vector>

#include "encode/raw_picture.hpp"

namespace ringcast::encode {

class PictureMemory {
public:
    /// Lays out a picture of full range and BT.601, whose contents are undefined. Allocates only when
    /// it needs more than all earlier ones. False when memory is short.
    [[nodiscard]] bool lay_out(PixelFormat format, int width, int height) noexcept;
    /// The picture, valid until the next `lay_out`.
    [[nodiscard]] const RawPicture& picture() const noexcept { return picture_; }
    [[nodiscard]] RawPicture& picture() noexcept { return picture_; }
    /// The first byte of a plane's first line.
    [[nodiscard]] std::uint8_t* plane(std::size_t index) noexcept;

private:
    std::vector<std::byte> bytes_;
    RawPicture picture_;
    std::array<std::size_t, 3> offsets_{}; ///< where each plane begins
};

} // namespace ringcast::encode
