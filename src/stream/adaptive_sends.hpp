#pragma once
// What the fan-out of a stream asks about viewers that adapt to their links.

#include <cstdint>

#include "base/immovable.hpp"
#include "connection/connection.hpp"

namespace ringcast::stream {

class Stream;

class AdaptiveSends : private Immovable {
public:
    virtual ~AdaptiveSends() = default;

    enum class Offered : std::uint8_t {
        sent,  ///< a send has begun, of the frame or of another rendition's
        moved, ///< the viewer watches another rendition from now on
        held,  ///< it is not sent this frame
    };
    /// `stream` has a frame that is new for its viewer, who is idle and due.
    virtual Offered offer(Stream& stream, connection::Connection& viewer) noexcept = 0;
};

} // namespace ringcast::stream
