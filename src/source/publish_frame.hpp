#pragma once
// Describes, counts and publishes a frame: the last step of every source.

#include "base/time.hpp"
#include "frame/frame_arena.hpp"
#include "frame/slot.hpp"
#include "jpeg/repair.hpp"
#include "source/frame_source.hpp"

namespace ringcast::source {

/// Describes a JPEG as repair has left it in a slot's memory.
[[nodiscard]] frame::FrameInfo frame_info(const jpeg::RepairedFrame& repaired, Instant captured_at,
                                          WallTime captured) noexcept;

/// Counts the frame and hands it to the stream. `repaired`: its header was changed.
void publish_frame(FrameSink& sink, SourceCounters& counters, frame::WritableSlot slot,
                   const frame::FrameInfo& info, bool repaired) noexcept;

} // namespace ringcast::source
