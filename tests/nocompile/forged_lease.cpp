// Only an arena creates leases: a lease made elsewhere would release a reference that nobody took.
// expect: error: .*(is private within this context|calling a private constructor)
#include "frame/frame_arena.hpp"

ringcast::frame::FrameLease forge(ringcast::frame::FrameArena& arena);

ringcast::frame::FrameLease forge(ringcast::frame::FrameArena& arena) {
#ifdef FAULT
    return ringcast::frame::FrameLease(arena, {});
#else
    static_cast<void>(arena);
    return ringcast::frame::FrameLease();
#endif
}
