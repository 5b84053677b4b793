#pragma once
// Rotates and mirrors a JPEG without decoding its pixels: blocks of coefficients are moved and
// transposed, and signs change. No information is lost. No I/O, no threads.

#include <memory>

#include <tl/expected.hpp>

#include "base/bytes.hpp"
#include "encode/jpeg_decoder.hpp"
#include "encode/picture_transform.hpp"

namespace ringcast::encode {

class CoefficientTurner {
public:
    /// Throws std::bad_alloc.
    CoefficientTurner();
    CoefficientTurner(CoefficientTurner&&) noexcept;
    CoefficientTurner& operator=(CoefficientTurner&&) noexcept;
    CoefficientTurner(const CoefficientTurner&) = delete;
    CoefficientTurner& operator=(const CoefficientTurner&) = delete;
    ~CoefficientTurner();

    /// True exactly when the whole picture can be turned: an edge that ends within an MCU must stay
    /// at the right or at the bottom. `header` is that of an open decoder.
    [[nodiscard]] static bool can_turn(const jpeg_decompress_struct& header,
                                       const Turn& turn) noexcept;
    /// Writes a baseline JPEG to the beginning of `into` and returns its length in bytes.
    /// Preconditions: `decoder` has read its coefficients, and `can_turn`.
    [[nodiscard]] tl::expected<std::size_t, TransformError>
    turn(const JpegDecoder& decoder, const Turn& turn, ByteSpan into) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ringcast::encode
