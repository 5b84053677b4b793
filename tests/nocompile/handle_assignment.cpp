// A send's handle stored as a viewer's would close an unrelated connection.
// expect: error: (no match for .operator=.|no viable overloaded '=')
#include "base/strong_id.hpp"

struct ViewerTag;
struct SendTag;

void remember(ringcast::Handle<ViewerTag>& place, ringcast::Handle<ViewerTag> viewer,
              ringcast::Handle<SendTag> send);

void remember(ringcast::Handle<ViewerTag>& place, ringcast::Handle<ViewerTag> viewer,
              ringcast::Handle<SendTag> send) {
#ifdef FAULT
    place = send;
#else
    static_cast<void>(send);
    place = viewer;
#endif
}
