// Publishing gives the slot away; a source that kept it would write into a frame on the wire.
// expect: error: (use of deleted function|call to deleted constructor of) .*WritableSlot
#include <utility>

#include "source/frame_source.hpp"

void publish(ringcast::source::FrameSink& sink, ringcast::frame::WritableSlot& slot);

void publish(ringcast::source::FrameSink& sink, ringcast::frame::WritableSlot& slot) {
#ifdef FAULT
    sink.publish(slot, {});
#else
    sink.publish(std::move(slot), {});
#endif
}
