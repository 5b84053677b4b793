#pragma once
// Decodes a JPEG of any origin with libjpeg: to planes at a fraction of its size, without colour
// conversion, or to coefficients. No input is trusted: a frame that violates the format is reported
// as damaged. No I/O, no threads. One decoder may be used by one thread at a time.

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <cstdio>

#include <jpeglib.h>

#include "base/bytes.hpp"
#include "encode/plane_scaler.hpp"
#include "encode/sample_lines.hpp"

namespace ringcast::encode {

enum class TransformFailure : std::uint8_t { damaged, unsupported, does_not_fit, out_of_memory };

struct TransformError {
    TransformFailure failure = TransformFailure::damaged;
    /// The rest of a sentence that begins with "the picture can't be transformed: "; static text.
    std::string_view reason;
};

/// A component as it was decoded.
struct DecodedPlane {
    SampleSource samples;
    /// How many of these samples there are for one pixel of the decoded picture, in each direction.
    ScaleRatio across;
    ScaleRatio down;
};

class JpegDecoder {
public:
    /// Throws std::bad_alloc.
    JpegDecoder();
    JpegDecoder(JpegDecoder&&) noexcept;
    JpegDecoder& operator=(JpegDecoder&&) noexcept;
    JpegDecoder(const JpegDecoder&) = delete;
    JpegDecoder& operator=(const JpegDecoder&) = delete;
    ~JpegDecoder();

    /// Reads the header of `jpeg`, which must stay unchanged until `close`. Refuses pictures of more
    /// than `pixels_max` pixels, and those whose components are neither grey nor YCbCr.
    [[nodiscard]] std::optional<TransformError> open(ConstByteSpan jpeg,
                                                     std::size_t pixels_max) noexcept;
    /// The header. Precondition for this and the following: `open` succeeded.
    [[nodiscard]] const jpeg_decompress_struct& header() const noexcept;
    /// Decodes at `eighths` eighths of the size of each side, 1 to 8; sizes are rounded up.
    [[nodiscard]] std::optional<TransformError> decode(int eighths) noexcept;
    /// The components, valid until the next `open`. Precondition: `decode` succeeded.
    [[nodiscard]] std::span<const DecodedPlane> planes() const noexcept;
    /// Reads all coefficients, valid until `close`. Does not look at their values.
    [[nodiscard]] std::optional<TransformError> read_coefficients() noexcept;
    /// Precondition: `read_coefficients` succeeded.
    [[nodiscard]] jvirt_barray_ptr* coefficients() const noexcept;
    /// Ends the use of the JPEG. No-op when none is open.
    void close() noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ringcast::encode
