#pragma once
// The emulated camera's frames: the JPEGs of a file in a loop, each with a new stamp
// (jpeg/stamp.hpp), or raw pictures with the test pattern's block (docs/pattern-block.md).
// Independent of USB.

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "draw/picture.hpp"
#include "uvc_camera/modes.hpp"

namespace ringcast::vm {

/// A frame and the metadata that the log contains.
struct Frame {
    std::uint64_t sequence = 0;
    WallTime captured{};
    ConstByteSpan bytes; ///< valid until the next frame is made
};

/// The concatenated JPEGs of a file.
class JpegFrames {
public:
    [[nodiscard]] static Result<JpegFrames> load(const std::string& path);

    /// Returns JPEG number `sequence` of the file, modulo their count; if `stamped`, with a stamp
    /// directly after SOI.
    [[nodiscard]] Frame make(std::uint64_t sequence, WallTime captured, bool stamped);

private:
    struct Jpeg {
        std::size_t begin = 0;
        std::size_t bytes = 0;
        std::uint32_t crc = 0; ///< of the bytes after SOI
    };

    JpegFrames() = default;

    std::vector<std::byte> file_;
    std::vector<Jpeg> jpegs_;
    std::vector<std::byte> frame_;
};

/// YUYV pictures: colour bars with the block drawn over them.
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
