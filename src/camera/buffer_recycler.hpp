#pragma once
// The way back of a camera's buffers. A frame's last lease calls `frame::SlotOwner::recycle`, which
// `CameraPool` implements; the pool, like everything else that has finished with a buffer, calls
// `BufferRecycler::recycle`; its implementation queues the buffer to the camera.

#include <cstdint>

#include "base/immovable.hpp"

namespace ringcast::camera {

class BufferRecycler : private Immovable {
public:
    virtual ~BufferRecycler() = default;

    /// Nobody uses this buffer of the open camera any more, so the camera may fill it again. Called
    /// in the middle of a connection's or a stream's work: implementations must not call back into
    /// either, or into the caller.
    virtual void recycle(std::uint32_t buffer) noexcept = 0;
};

} // namespace ringcast::camera
