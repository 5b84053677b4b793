#pragma once
// Iterates over the segments of a frame's header, from after SOI to the first SOS. Only for frames
// that FrameScanner has found to be whole: their structure is not checked again.

#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "jpeg/markers.hpp"

namespace ringcast::jpeg {

/// Offsets from the frame's SOI, bytes.
struct Segment {
    std::size_t begin = 0;  ///< its fill bytes (T.81, B.1.1.2) if any, else its marker
    std::size_t marker = 0; ///< 0xFF, followed by `code`
    std::size_t end = 0;
    std::uint8_t code = 0;

    [[nodiscard]] std::size_t bytes() const noexcept { return end - begin; }
};

class HeaderWalk {
public:
    explicit HeaderWalk(ConstByteSpan jpeg) noexcept : jpeg_(jpeg) {}

    /// The next segment. The last one is SOS; do not call it again after that.
    [[nodiscard]] Segment next() noexcept {
        Segment segment;
        segment.begin = position_;
        segment.marker = position_;
        RINGCAST_ASSERT(segment.marker + 4 <= jpeg_.size());
        while (byte_at(jpeg_, segment.marker + 1) == marker_prefix) {
            ++segment.marker;
            RINGCAST_ASSERT(segment.marker + 4 <= jpeg_.size());
        }
        segment.code = byte_at(jpeg_, segment.marker + 1);
        segment.end = segment.marker + 2U + word_at(jpeg_, segment.marker + 2);
        position_ = segment.end;
        return segment;
    }

private:
    ConstByteSpan jpeg_;
    std::size_t position_ = 2; ///< after SOI
};

} // namespace ringcast::jpeg
