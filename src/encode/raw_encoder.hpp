#pragma once
// Encodes pictures straight from the memory that they are in to the memory that it is given, by
// libjpeg. YUV goes in without colour conversion, at the resolution that its colour has; lines that
// the library can't take as they are pass through buffers of a few lines. Knows no slots and no
// threads; one encoder is used by one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

struct EncodeSettings {
    int quality = 80; ///< 1 to 100, as libjpeg has it
    /// MCUs from one restart marker to the next, at most 65535; 0 for none.
    unsigned restart_interval = 0;
    /// What a COM segment right behind SOI holds: zeroes, which are the caller's to fill in; 0 for
    /// no segment.
    std::size_t comment_bytes = 0;
};

class RawEncoder {
public:
    RawEncoder();
    RawEncoder(RawEncoder&&) noexcept;
    RawEncoder& operator=(RawEncoder&&) noexcept;
    RawEncoder(const RawEncoder&) = delete;
    RawEncoder& operator=(const RawEncoder&) = delete;
    ~RawEncoder();

    /// Writes a baseline JPEG to the beginning of `into` and returns how many bytes it has; none
    /// when it does not fit or the picture has a `problem_of`, and then what is in `into` is no
    /// JPEG. Nothing behind a plane's last line is read. Allocates nothing for a picture of a
    /// format and size that it has seen.
    [[nodiscard]] std::optional<std::size_t>
    encode(const RawPicture& picture, const EncodeSettings& settings, ByteSpan into) noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The pixels that one MCU covers, in a JPEG made from that format.
struct McuSize {
    int width = 0;
    int height = 0;
};
[[nodiscard]] McuSize mcu_size(PixelFormat format) noexcept;

} // namespace ringcast::encode
