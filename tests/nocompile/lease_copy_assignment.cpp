// Assigning a lease would drop one share and make another out of nothing.
// expect: error: (use of deleted function|.* selected deleted operator|.*because its copy
// assignment operator is) type) .*(FrameLease|'=')
#include <utility>

#include "ringcast/frame/frame_arena.hpp"

void replace(ringcast::frame::FrameLease& held, ringcast::frame::FrameLease& latest);

void replace(ringcast::frame::FrameLease& held, ringcast::frame::FrameLease& latest) {
#ifdef FAULT
    held = latest;
#else
    held = std::move(latest);
#endif
}
