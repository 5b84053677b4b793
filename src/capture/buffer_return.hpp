#pragma once
// The way back of a camera's buffers.

#include <cstdint>

#include "base/immovable.hpp"

namespace ringcast::capture {

/// Takes back buffers that nobody needs any more: the camera may fill them again. Called from
/// wherever a viewer lets go of a frame, so it calls nothing of streams or viewers.
class BufferReturn : private Immovable {
public:
    virtual ~BufferReturn() = default;

    virtual void queue_buffer(std::uint32_t buffer) noexcept = 0;
};

} // namespace ringcast::capture
