#include "source/publish_frame.hpp"

#include <utility>

namespace ringcast::source {

frame::FrameInfo frame_info(const jpeg::RepairedFrame& repaired, Instant captured_at,
                            WallTime captured) noexcept {
    frame::FrameInfo info;
    info.jpeg_offset = repaired.offset;
    info.jpeg_bytes = repaired.bytes;
    info.width = repaired.width;
    info.height = repaired.height;
    info.captured = captured;
    info.captured_at = captured_at;
    return info;
}

void publish_frame(FrameSink& sink, SourceCounters& counters, frame::WritableSlot slot,
                   const frame::FrameInfo& info, bool repaired) noexcept {
    ++counters.frames;
    counters.frames_repaired += repaired ? 1 : 0;
    counters.bytes += info.jpeg_bytes;
    sink.publish(std::move(slot), info);
}

} // namespace ringcast::source
