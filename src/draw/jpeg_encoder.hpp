#pragma once
// Encodes drawn pictures and stamps them. Knows no slots and no threads. One encoder may be used by
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
    /// Writes a baseline JPEG to the beginning of `into` and returns its length in bytes. None when
    /// it does not fit or memory is short; the contents of `into` are then undefined. `quality` is 1
    /// to 100, libjpeg's scale. The stamp is written directly behind SOI with its checksum filled
    /// in.
    [[nodiscard]] std::optional<std::size_t> encode(const Picture& picture, int quality,
                                                    const std::optional<jpeg::Stamp>& stamp,
                                                    ByteSpan into) noexcept;
    /// True exactly when memory was short for the last picture: it may fit after all.
    [[nodiscard]] bool out_of_memory() const noexcept { return encoder_.out_of_memory(); }

private:
    encode::RawEncoder encoder_;
};

} // namespace ringcast::draw
