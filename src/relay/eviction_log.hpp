#pragma once
// Says in the log why connections are closed while all places are taken, or memory for frames is
// short. No clock.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/log_throttle.hpp"
#include "base/time.hpp"
#include "connection/request_places.hpp"

namespace ringcast::relay {

class EvictionLog {
public:
    /// All `places` are taken, and `yielding` is about to be closed. Logs at once, and then once a
    /// minute for as long as that goes on.
    void note(Instant now, const connection::RequestPlaces::Yielding& yielding,
              std::uint32_t places) noexcept;
    /// A viewer of the stream is about to be closed. Logs once until that has ended for a minute.
    void note_for_memory(Instant now, std::string_view stream) noexcept;

private:
    Instant next_{};              ///< no line before this
    std::uint64_t evictions_ = 0; ///< since the last line
    LogThrottle memory_throttle_{std::chrono::minutes(1)};
};

} // namespace ringcast::relay
