#pragma once
// A frame that is being sent to one viewer, and the counters of such sends. Plain data in tables
// that are allocated at start.

#include <cstdint>

#include "base/bytes.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "container/intrusive_list.hpp"
#include "container/slab.hpp"
#include "frame/frame_arena.hpp"
#include "io/token.hpp"

namespace ringcast::connection {

class Connection;
using ConnectionId = Handle<Connection>;

/// Frames that a viewer was not sent, by reason. Monotonic.
struct SkipCounters {
    std::uint64_t busy = 0;   ///< the previous frame was still being sent
    std::uint64_t rate = 0;   ///< beyond the rate that the viewer asked for (fps=N)
    std::uint64_t memory = 0; ///< the viewer was deferred while slots were short
    std::uint64_t late = 0;   ///< the loop offered the frame too late

    [[nodiscard]] std::uint64_t sum() const noexcept { return busy + rate + memory + late; }
    SkipCounters& operator+=(const SkipCounters& other) noexcept {
        busy += other.busy;
        rate += other.rate;
        memory += other.memory;
        late += other.late;
        return *this;
    }
    friend bool operator==(const SkipCounters&, const SkipCounters&) noexcept = default;
};

/// Counters of all viewers of one stream. Monotonic.
struct SendCounters {
    std::uint64_t frames_sent_copy = 0;
    std::uint64_t frames_sent_zero_copy = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t notifications = 0;
    std::uint64_t notifications_copied = 0;
    SkipCounters skipped;
    /// Viewers that adapt were moved to a smaller rendition, or to a larger one.
    std::uint64_t moves_down = 0;
    std::uint64_t moves_up = 0;

    SendCounters& operator+=(const SendCounters& other) noexcept {
        frames_sent_copy += other.frames_sent_copy;
        frames_sent_zero_copy += other.frames_sent_zero_copy;
        bytes_sent += other.bytes_sent;
        notifications += other.notifications;
        notifications_copied += other.notifications_copied;
        skipped += other.skipped;
        moves_down += other.moves_down;
        moves_up += other.moves_up;
        return *this;
    }
};

struct InFlightTag;
/// A frame on its way to one viewer, until all its bytes are in the socket and no notification is
/// due. The kernel delivers the result of a send before its notification; those of different sends
/// arrive in any order.
struct FrameSend : container::TaggedHook<InFlightTag> {
    ConnectionId connection;
    io::StreamId stream;
    frame::FrameLease lease;
    ConstByteSpan remaining;
    Instant started{};
    bool result_due = false;
    bool notification_due = false;
    bool zero_copy = false;
    bool snapshot = false; ///< the body of a snapshot, not a part of a stream
};
using SendSlab = container::Slab<FrameSend>;
using SendId = SendSlab::Id;

/// The frames of a stream that are on their way, oldest first.
using InFlightList = container::IntrusiveList<FrameSend, InFlightTag>;

/// Shared by the viewers of one stream.
struct StreamSends {
    InFlightList in_flight;
    SendCounters counters;
    std::uint32_t viewers = 0;           ///< right now
    std::uint32_t viewers_zero_copy = 0; ///< of these, as counted a moment ago
};

} // namespace ringcast::connection
