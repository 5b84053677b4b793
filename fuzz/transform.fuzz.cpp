// A transform of any JPEG ends with a failure that has a reason, or with one whole baseline JPEG of the
// size that was announced, within its memory, which can be transformed itself. The same input has the
// same result whatever was transformed before.
//
// Input: four bytes that choose the transform, then the JPEG.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "encode/jpeg_transformer.hpp"
#include "jpeg/inspect.hpp"

using namespace ringcast;
using namespace ringcast::encode;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t pixels_max = 65'536; // so that one input takes milliseconds
constexpr std::size_t room_unit = 64;      // of the memory for the result

PictureTransform transform_of(std::span<const std::uint8_t, 4> chosen) {
    PictureTransform transform;
    constexpr std::uint8_t fitted = 8;
    if (chosen[0] < fitted) {
        transform.target = TargetSize::of_eighths(chosen[0] + 1);
    } else {
        transform.target = TargetSize::fitted({chosen[0], 1 + chosen[3]});
    }
    transform.quality = chosen[1] % 101;
    transform.rotate = static_cast<Rotation>(chosen[2] % 4);
    transform.mirror = chosen[2] % 8 >= 4;
    return transform;
}

/// One for all inputs, as for the frames of a stream, and a new one for each.
JpegTransformer& lasting_transformer() {
    static JpegTransformer transformer(pixels_max);
    return transformer;
}

void check_picture(ConstByteSpan jpeg, const TransformedPicture& made,
                   const PictureTransform& transform) {
    const auto info = jpeg::inspect(jpeg);
    RINGCAST_ASSERT(info.has_value());
    RINGCAST_ASSERT(info->bytes == jpeg.size());
    RINGCAST_ASSERT(info->width == made.width);
    RINGCAST_ASSERT(info->height == made.height);
    RINGCAST_ASSERT(!info->progressive);
    RINGCAST_ASSERT(info->has_huffman_tables);
    if (made.how == TransformedPicture::How::lossless) {
        RINGCAST_ASSERT(transform.quality == 0);
        return; // coefficients of any value, which a decoder may call damaged
    }
    std::vector<std::byte> memory(jpeg.size() + 65'536);
    const TransformResult again = lasting_transformer().transform(
        jpeg, {TargetSize::half(), 80, Rotation::by_90, true}, memory);
    RINGCAST_ASSERT(again.has_value());
    RINGCAST_ASSERT(again->width == (made.height + 1) / 2);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> input(data, size);
    constexpr std::size_t head = 4;
    if (input.size() < head) {
        return 0;
    }
    const PictureTransform transform = transform_of(input.first<head>());
    const ConstByteSpan jpeg = std::as_bytes(input.subspan(head));
    std::vector<std::byte> memory(room_unit * (1 + std::size_t{input[3]} * std::size_t{input[3]}));
    const TransformResult result = lasting_transformer().transform(jpeg, transform, memory);

    JpegTransformer fresh(pixels_max);
    std::vector<std::byte> other(memory.size());
    const TransformResult wanted = fresh.transform(jpeg, transform, other);
    RINGCAST_ASSERT(result.has_value() == wanted.has_value());
    if (!result.has_value()) {
        RINGCAST_ASSERT(!result.error().reason.empty());
        RINGCAST_ASSERT(result.error().failure == wanted.error().failure);
        return 0;
    }
    RINGCAST_ASSERT(result->bytes <= memory.size());
    RINGCAST_ASSERT(result->bytes == wanted->bytes);
    const auto end = memory.begin() + static_cast<std::ptrdiff_t>(result->bytes);
    RINGCAST_ASSERT(std::equal(memory.begin(), end, other.begin()));
    check_picture(ConstByteSpan(memory).first(result->bytes), *result, transform);
    return 0;
}
