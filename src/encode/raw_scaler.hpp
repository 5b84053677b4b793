#pragma once
// Makes a smaller or turned picture of a raw picture, such as a camera's, whose memory is read from
// its beginning to its end, once. No I/O, no threads. One scaler may be used by one thread
// at a time.

#include "encode/picture_memory.hpp"
#include "encode/picture_transform.hpp"
#include "encode/plane_scaler.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

class RawScaler {
public:
    /// Returns the picture in the scaler's memory, valid until the next call: YUV as planar 4:2:0, RGB
    /// and grey in their own format, in the original's range and matrix. A picture that is to be
    /// neither scaled nor turned is returned as it is, in its own memory. Null when memory is short.
    /// Precondition: `picture` has no `problem_of`. Allocates nothing for a size and format that were
    /// scaled before.
    [[nodiscard]] const RawPicture* scale(const RawPicture& picture,
                                          const PictureTransform& transform) noexcept;

private:
    [[nodiscard]] bool begin(const RawPicture& picture, PictureSize scaled, ScaleRatio across,
                             ScaleRatio down) noexcept;
    [[nodiscard]] bool begin_component(const RawPicture& picture, std::size_t index,
                                       PictureSize scaled, ScaleRatio across,
                                       ScaleRatio down) noexcept;

    std::array<PlaneScaler, 3> scalers_; ///< for each component or colour
    PictureMemory scaled_;
    PictureMemory turned_;
    RawPicture unchanged_;
};

} // namespace ringcast::encode
