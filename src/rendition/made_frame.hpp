#pragma once
// The description of a frame that a worker has made of another one.

#include "frame/frame_arena.hpp"
#include "source/picture_workers.hpp"

namespace ringcast::rendition {

/// Of the picture in `slot`, which has the capture time of `original`.
[[nodiscard]] inline frame::FrameInfo made_frame(const frame::WritableSlot& slot,
                                                 const source::PictureAnswer& answer,
                                                 const frame::FrameInfo& original) noexcept {
    return {.jpeg_offset = slot.payload_offset(),
            .jpeg_bytes = answer.bytes,
            .width = answer.width,
            .height = answer.height,
            .captured = original.captured,
            .captured_at = original.captured_at};
}

} // namespace ringcast::rendition
