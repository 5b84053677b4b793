#pragma once
// Says in the log why connections are closed while all places are taken: at once, and then once a
// minute for as long as that goes on. No clock.

#include <cstdint>

#include "base/time.hpp"
#include "connection/request_places.hpp"

namespace ringcast::relay {

class EvictionLog {
public:
    /// `yielding` is about to be closed. `places`: how many there are in all.
    void note(Instant now, const connection::RequestPlaces::Yielding& yielding,
              std::uint32_t places) noexcept;

private:
    Instant next_{};              ///< no line before this
    std::uint64_t evictions_ = 0; ///< since the last line
};

} // namespace ringcast::relay
