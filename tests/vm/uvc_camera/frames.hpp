#pragma once
// The pictures that the emulated camera shows: JPEG files over and over, each stamped anew
// (ringcast/jpeg/stamp.hpp), or raw pictures with the pattern's block (docs/pattern-block.md).
// Knows nothing of USB.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "draw/picture.hpp"
#include "uvc_camera/modes.hpp"

namespace ringcast::vm {

/// A frame that was made: what is sent and what is told of it.
struct Frame {
    std::uint64_t sequence = 0;
    WallTime captured{};
    ConstByteSpan bytes; ///< valid until the next one is made
};

/// JPEGs one behind another in a file.
class JpegFrames {
public:
    [[nodiscard]] static Result<JpegFrames> load(const std::string& path);

    /// The file's next JPEG by `sequence`; with `stamped` a stamp right behind SOI.
    [[nodiscard]] Frame make(std::uint64_t sequence, WallTime captured, bool stamped);

private:
    struct Jpeg {
        std::size_t begin = 0;
        std::size_t bytes = 0;
        std::uint32_t crc = 0; ///< of what a stamp would stand before
    };

    JpegFrames() = default;

    std::vector<std::byte> file_;
    std::vector<Jpeg> jpegs_;
    std::vector<std::byte> frame_;
};

/// YUYV: colour bars under the block.
class RawFrames {
public:
    explicit RawFrames(Size size);

    [[nodiscard]] Frame make(std::uint64_t sequence, WallTime captured);

private:
    void convert(const draw::Rectangle& area);

    draw::Picture picture_;
    std::vector<std::byte> frame_;
};

} // namespace ringcast::vm
