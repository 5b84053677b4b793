#pragma once
// What follows a stream: a rendition, which is made of its frames. No I/O.

#include "container/intrusive_list.hpp"

namespace ringcast::stream {

struct FollowerListTag;

class Follower : public container::TaggedHook<FollowerListTag> {
public:
    virtual ~Follower() = default;

    // Called in the middle of the stream's work: implementations must not call back into it.

    /// The stream has a new frame, `Stream::latest`.
    virtual void on_frame() noexcept = 0;
    /// The state of the stream's signal or the reason for its loss has changed, without a new frame.
    virtual void on_signal() noexcept = 0;
};

using FollowerList = container::IntrusiveList<Follower, FollowerListTag>;

} // namespace ringcast::stream
