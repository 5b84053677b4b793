#pragma once
// Encodes pictures straight into memory that it is given. Knows no slots and no threads; one
// encoder is used by one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>

#include "encode/picture.hpp"
#include "ringcast/base/bytes.hpp"
#include "ringcast/jpeg/stamp.hpp"

namespace ringcast::encode {

class JpegEncoder {
public:
    JpegEncoder();
    JpegEncoder(JpegEncoder&&) noexcept;
    JpegEncoder& operator=(JpegEncoder&&) noexcept;
    JpegEncoder(const JpegEncoder&) = delete;
    JpegEncoder& operator=(const JpegEncoder&) = delete;
    ~JpegEncoder();

    /// Writes a baseline JPEG to the beginning of `into` and returns how many bytes it has; none
    /// when it does not fit, and then what is in `into` is no JPEG. `quality` is 1 to 100, as
    /// libjpeg has it. A stamp is written right behind SOI, its checksum filled in.
    [[nodiscard]] std::optional<std::size_t> encode(const Picture& picture, int quality,
                                                    const std::optional<jpeg::Stamp>& stamp,
                                                    ByteSpan into) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace ringcast::encode
