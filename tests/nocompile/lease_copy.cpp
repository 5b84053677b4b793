// Leases are reference-counted; taking another reference must be explicit: share().
// expect: error: (use of deleted function|call to deleted constructor of) .*FrameLease
#include <utility>

#include "frame/frame_arena.hpp"

ringcast::frame::FrameLease keep(ringcast::frame::FrameLease& lease);

ringcast::frame::FrameLease keep(ringcast::frame::FrameLease& lease) {
#ifdef FAULT
    ringcast::frame::FrameLease other = lease;
#else
    ringcast::frame::FrameLease other = lease.share();
#endif
    return other;
}
