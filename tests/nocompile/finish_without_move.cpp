// A finished frame is never written again, so finishing takes the right to write.
// expect: error: (use of deleted function|call to deleted constructor of) .*WritableSlot
#include <utility>

#include "frame/frame_arena.hpp"

ringcast::frame::FrameLease finish(ringcast::frame::FrameArena& arena,
                                   ringcast::frame::WritableSlot& slot);

ringcast::frame::FrameLease finish(ringcast::frame::FrameArena& arena,
                                   ringcast::frame::WritableSlot& slot) {
#ifdef FAULT
    return arena.finish(slot, {}, 1);
#else
    return arena.finish(std::move(slot), {}, 1);
#endif
}
