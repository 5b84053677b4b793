// A buffer id does not convert to a slot index.
// expect: error: (could not convert|no viable conversion)
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"

ringcast::frame::SlotIndex slot_of(ringcast::io::BufferId buffer);

ringcast::frame::SlotIndex slot_of(ringcast::io::BufferId buffer) {
#ifdef FAULT
    return buffer;
#else
    return ringcast::frame::SlotIndex{buffer.value};
#endif
}
