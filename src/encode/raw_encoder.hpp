#pragma once
// Encodes a raw picture with libjpeg, directly from its memory into the caller's. YUV is passed
// without colour conversion and keeps its chroma subsampling; lines that the library can't take as
// they are pass through buffers of a few lines. Knows no slots and no threads. One encoder may be
// used by one thread at a time.

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.hpp"
#include "encode/raw_picture.hpp"

namespace ringcast::encode {

struct EncodeSettings {
    int quality = 80; ///< 1 to 100, libjpeg's scale
    /// MCUs from one restart marker to the next, at most 65535; 0 for none.
    unsigned restart_interval = 0;
    /// Payload of a COM segment directly behind SOI, filled with zeroes that the caller overwrites;
    /// 0 for no segment.
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

    /// Writes a baseline JPEG to the beginning of `into` and returns its length in bytes. None when
    /// it does not fit, memory is short or the picture has a `problem_of`; the contents of `into`
    /// are then undefined. Reads nothing behind a plane's last line. Allocates nothing for a format and size
    /// that were encoded before.
    [[nodiscard]] std::optional<std::size_t>
    encode(const RawPicture& picture, const EncodeSettings& settings, ByteSpan into) noexcept;
    /// True exactly when memory was short for the last picture.
    [[nodiscard]] bool out_of_memory() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Size in pixels of one MCU in a JPEG that is encoded from a given format.
struct McuSize {
    int width = 0;
    int height = 0;
};
[[nodiscard]] McuSize mcu_size(PixelFormat format) noexcept;

} // namespace ringcast::encode
