#pragma once
// Makes a smaller or turned JPEG of a JPEG. It is scaled while it is decoded, without colour
// conversion; a picture that only has to be turned is turned without decoding, where that is
// possible. The input may come from anywhere. Knows no slots and no threads. One transformer may be
// used by one thread at a time.

#include <cstddef>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "encode/coefficient_turner.hpp"
#include "encode/jpeg_decoder.hpp"
#include "encode/picture_memory.hpp"
#include "encode/picture_transform.hpp"
#include "encode/plane_scaler.hpp"
#include "encode/raw_encoder.hpp"

namespace ringcast::encode {

struct TransformedPicture {
    enum class How : std::uint8_t {
        lossless,     ///< the picture's own coefficients, moved
        recompressed, ///< decoded, or raw, and encoded
    };
    std::size_t bytes = 0; ///< length of the JPEG
    int width = 0;         ///< pixels
    int height = 0;
    How how = How::recompressed;
};
using TransformResult = tl::expected<TransformedPicture, TransformError>;

class JpegTransformer {
public:
    /// Pictures of more than `pixels_max` pixels are refused. Throws std::bad_alloc.
    explicit JpegTransformer(std::size_t pixels_max);

    /// Writes a baseline JPEG without restart markers to the beginning of `into`; after a failure its
    /// contents are undefined. `jpeg` and `into` do not overlap. 4:2:0, 4:2:2, 4:4:4, 4:4:0 and grey
    /// stay what they are (4:2:2 and 4:4:0 change places when transposed); other subsamplings become
    /// 4:2:0 when the picture is decoded. Allocates nothing for a size and kind of picture that was
    /// transformed before.
    [[nodiscard]] TransformResult transform(ConstByteSpan jpeg, const PictureTransform& transform,
                                            ByteSpan into) noexcept;

private:
    [[nodiscard]] TransformResult turn_coefficients(const Turn& turn, ByteSpan into) noexcept;
    [[nodiscard]] TransformResult recompress(PictureSize scaled, const PictureTransform& transform,
                                             ByteSpan into) noexcept;
    [[nodiscard]] bool collect(PixelFormat format, PictureSize scaled, ScaleRatio across,
                               ScaleRatio down) noexcept;

    std::size_t pixels_max_;
    JpegDecoder decoder_;
    CoefficientTurner coefficient_turner_;
    PlaneScaler scaler_;
    PictureMemory scaled_;
    PictureMemory turned_;
    RawEncoder encoder_;
};

} // namespace ringcast::encode
