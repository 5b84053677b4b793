// Copy assignment would release one reference and add another implicitly; use share() or move.
// expect: error: (use of deleted function|.* selected deleted operator|.* is implicitly deleted)
#include <utility>

#include "frame/frame_arena.hpp"

void replace(ringcast::frame::FrameLease& held, ringcast::frame::FrameLease& latest);

void replace(ringcast::frame::FrameLease& held, ringcast::frame::FrameLease& latest) {
#ifdef FAULT
    held = latest;
#else
    held = std::move(latest);
#endif
}
