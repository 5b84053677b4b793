// A slot has one writer: two would corrupt the frame.
// expect: error: (use of deleted function|call to deleted constructor of) .*WritableSlot
#include <utility>

#include "frame/frame_arena.hpp"

ringcast::frame::WritableSlot second(ringcast::frame::WritableSlot& slot);

ringcast::frame::WritableSlot second(ringcast::frame::WritableSlot& slot) {
#ifdef FAULT
    ringcast::frame::WritableSlot other = slot;
#else
    ringcast::frame::WritableSlot other = std::move(slot);
#endif
    return other;
}
