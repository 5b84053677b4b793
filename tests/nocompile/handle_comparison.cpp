// Handles of different kinds index different tables, so comparing them is meaningless.
// expect: error: (no match for .operator==.|invalid operands to binary expression)
#include "base/strong_id.hpp"

struct ViewerTag;
struct SendTag;

bool same(ringcast::Handle<ViewerTag> viewer, ringcast::Handle<SendTag> send);

bool same(ringcast::Handle<ViewerTag> viewer, ringcast::Handle<SendTag> send) {
#ifdef FAULT
    return viewer == send;
#else
    return viewer == viewer && send == send;
#endif
}
