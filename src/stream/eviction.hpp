#pragma once
// Chooses the viewers to disconnect when the slots of a stream run short, so that its source
// always finds a free one. The choice is a function of the holders of each slot; only counting them
// looks at connections.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "connection/connection.hpp"
#include "frame/frame_arena.hpp"

namespace ringcast::stream {

/// The viewers that hold the frame in one slot.
struct SlotHolders {
    std::uint64_t sequence = 0; ///< of the frame
    std::uint32_t count = 0;
    std::uint32_t aborting = 0;    ///< of these, already being disconnected
    std::uint32_t stuck = 0;       ///< known to make no progress
    std::uint32_t progressing = 0; ///< known to make progress
};

/// The slot whose holders are to be disconnected next: first one whose holders are all stuck, then
/// one of which none is known to progress, then any other; in each case the oldest frame. Empty
/// when no slot but that of the frame `newest` has holders that are not aborting.
[[nodiscard]] std::optional<std::size_t> slot_to_free(std::span<const SlotHolders> slots,
                                                      std::uint64_t newest) noexcept;

class Eviction {
public:
    /// `slots_reserve`: slots that are kept free for the source besides the newest frame.
    Eviction(const frame::FrameArena& arena, std::uint16_t slots_reserve);

    /// True while slow viewers are deferred, and all sends are by copy.
    [[nodiscard]] bool slots_short() const noexcept;
    /// True while slots may soon be short: the kernel is asked which viewers are stuck.
    [[nodiscard]] bool slots_halved() const noexcept;

    /// At the reserve: appends to `evictions`, as far as its capacity, the connections to abort.
    /// `newest`: number of the stream's newest frame. `period`: time between its frames.
    void choose(connection::ConnectionContext& context, connection::ConnectionSlab& connections,
                connection::InFlightList& in_flight, std::uint64_t newest, Duration period,
                std::vector<connection::ConnectionId>& evictions) noexcept;

private:
    void count_holders(connection::ConnectionContext& context,
                       connection::ConnectionSlab& connections, connection::InFlightList& in_flight,
                       Duration period) noexcept;

    const frame::FrameArena& arena_;
    std::uint16_t slots_reserve_;
    std::vector<SlotHolders> holders_; ///< by slot; filled only at the reserve
};

} // namespace ringcast::stream
