#pragma once
// Encodes drawn pictures, and stamps them. Knows no slots and no threads; one encoder is used by
// one thread at a time.

#include <cstddef>
#include <optional>

#include "base/bytes.hpp"
#include "draw/picture.hpp"
#include "encode/raw_encoder.hpp"
#include "jpeg/stamp.hpp"

namespace ringcast::draw {

class JpegEncoder {
public:
    /// Writes a baseline JPEG to the beginning of `into` and returns how many bytes it has; none
    /// when it does not fit, and then what is in `into` is no JPEG. `quality` is 1 to 100, as
    /// libjpeg has it. A stamp is written right behind SOI, its checksum filled in.
    [[nodiscard]] std::optional<std::size_t> encode(const Picture& picture, int quality,
                                                    const std::optional<jpeg::Stamp>& stamp,
                                                    ByteSpan into) noexcept;

private:
    encode::RawEncoder encoder_;
};

} // namespace ringcast::draw
