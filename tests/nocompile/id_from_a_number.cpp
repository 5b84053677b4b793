// An integer does not convert to an id implicitly, because it does not say which kind it is.
// expect: error: (could not convert|no viable conversion)
#include "frame/frame_arena.hpp"

ringcast::frame::SlotIndex first();

ringcast::frame::SlotIndex first() {
#ifdef FAULT
    return 0;
#else
    return ringcast::frame::SlotIndex{0};
#endif
}
