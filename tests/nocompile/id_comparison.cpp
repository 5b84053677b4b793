// Ids of different types can't be compared.
// expect: error: (no match for .operator==.|invalid operands to binary expression)
#include "frame/frame_arena.hpp"
#include "io/engine.hpp"

bool same(ringcast::frame::SlotIndex slot, ringcast::io::BufferId buffer);

bool same(ringcast::frame::SlotIndex slot, ringcast::io::BufferId buffer) {
#ifdef FAULT
    return slot == buffer;
#else
    return slot.value == buffer.value;
#endif
}
