// A sealed frame is immutable, so sealing consumes the writable slot.
// expect: error: (use of deleted function|call to deleted constructor of) .*WritableSlot
#include <utility>

#include "frame/frame_arena.hpp"

ringcast::frame::FrameLease seal(ringcast::frame::FrameArena& arena,
                                 ringcast::frame::WritableSlot& slot);

ringcast::frame::FrameLease seal(ringcast::frame::FrameArena& arena,
                                 ringcast::frame::WritableSlot& slot) {
#ifdef FAULT
    return arena.seal(slot, {}, 1);
#else
    return arena.seal(std::move(slot), {}, 1);
#endif
}
