// Publishing transfers ownership of the slot: a source that kept it could overwrite a frame that is
// being sent.
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
