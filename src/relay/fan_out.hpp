#pragma once
// What the relay remembers of a fan-out until the next one.

#include <cstdint>

namespace ringcast::relay {

struct FanOut {
    std::uint32_t completions_expected = 0; ///< of sends of the newest frames
    std::uint64_t frames_seen = 0;          ///< frames that were published, at the last one
    std::uint32_t next_stream = 0;          ///< the first in the next one
};

} // namespace ringcast::relay
