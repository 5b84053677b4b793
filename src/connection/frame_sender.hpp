#pragma once
// Sends frames to one peer: the send path, results and notifications, skips, and what is known of
// the delivery. The connection decides when a frame may be sent; this class knows no state of it.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "access/rules.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "connection/adaptation.hpp"
#include "connection/context.hpp"
#include "connection/delivery.hpp"
#include "connection/frame_rate.hpp"
#include "connection/frame_send.hpp"
#include "connection/pacing.hpp"
#include "connection/send_path.hpp"
#include "frame/frame_arena.hpp"
#include "http/multipart.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

/// How a viewer watches its stream. Fixed by its request.
struct StreamOptions {
    io::StreamId stream;
    http::Variant variant = http::Variant::standard;
    Duration period_min{};                             ///< 1/fps of `?fps=N`; zero: every frame
    bool adapts = false;                               ///< to its link: see Adaptation
    access::Identity caller = access::Identity::guest; ///< who watches
    WallTime ends_at = WallTime::max();                ///< when a link expires
};

enum class SendOutcome : std::uint8_t {
    pending,       ///< more of the send is under way
    frame_sent,    ///< all bytes of a live frame are in the socket
    snapshot_sent, ///< all bytes of a snapshot's JPEG are in the socket
    failed,        ///< the connection is of no use any more
};

class FrameSender {
public:
    void begin(const Endpoint& endpoint, Instant now) noexcept;
    /// The connection becomes a viewer of a stream. It does not adapt if there is no memory for that.
    void set_options(const StreamOptions& options) noexcept;
    /// It becomes a viewer of another one, with the same options. Sends that are under way belong to
    /// the earlier one.
    void set_stream(io::StreamId stream) noexcept {
        options_.stream = stream;
        pacing_.begin_again();
    }

    /// Sends the next part of the stream. Always by copy while `slots_short`, which pins the frame
    /// for the shortest time.
    void send_part(ConnectionContext& context, const Endpoint& endpoint,
                   const frame::FrameLease& frame, bool slots_short) noexcept;
    /// Holds the frame for the body of a snapshot of `stream`, to be sent by `send_body`. From here
    /// on it counts as held by this connection, so that it can be evicted.
    [[nodiscard]] SendId hold_body(ConnectionContext& context, const Endpoint& endpoint,
                                   frame::FrameLease frame, io::StreamId stream) noexcept;
    void send_body(ConnectionContext& context, const Endpoint& endpoint, SendId body) noexcept;
    /// Releases a body that was never sent.
    void drop_body(ConnectionContext& context, SendId body) noexcept;

    /// The result or the notification of a send. `aborting`: the connection is being aborted, and
    /// results mean nothing any more. Followed by `settle`.
    [[nodiscard]] SendOutcome on_completion(ConnectionContext& context, const Endpoint& endpoint,
                                            SendId id, FrameSend& send,
                                            const io::Completion& completion,
                                            bool aborting) noexcept;
    /// Releases the send's frame when neither result nor notification is due; true then.
    bool settle(ConnectionContext& context, SendId id, FrameSend& send) noexcept {
        if (send.result_due || send.notification_due) {
            return false;
        }
        erase(context, id, send);
        return true;
    }

    /// Asks the kernel how far the peer has received: a system call.
    io::SocketProgress sample_delivery(ConnectionContext& context,
                                       const Endpoint& endpoint) noexcept;
    void update_rate(Instant now) noexcept { rate_.update(frames_sent_, now); }
    /// The viewer's last send took longer than a frame period.
    void set_slow(bool slow) noexcept { slow_ = slow; }

    [[nodiscard]] const StreamOptions& options() const noexcept { return options_; }
    /// Null unless the viewer adapts.
    [[nodiscard]] Adaptation* adaptation() const noexcept { return adaptation_.get(); }
    [[nodiscard]] Pacing& pacing() noexcept { return pacing_; }
    [[nodiscard]] const Pacing& pacing() const noexcept { return pacing_; }
    /// FrameLease::sequence of the newest frame that was sent; 0 before the first.
    [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
    [[nodiscard]] Delivery& delivery() noexcept { return delivery_; }
    [[nodiscard]] const Delivery& delivery() const noexcept { return delivery_; }
    [[nodiscard]] SendPath send_path(const ConnectionContext& context,
                                     const Endpoint& endpoint) const noexcept;
    /// Sends in the table; each pins a frame.
    [[nodiscard]] std::uint32_t pinned() const noexcept { return sends_; }
    [[nodiscard]] std::uint64_t frames_sent() const noexcept { return frames_sent_; }
    /// Frames per second, measured over the last seconds.
    [[nodiscard]] double frame_rate() const noexcept { return rate_.per_second(); }
    [[nodiscard]] bool slow() const noexcept { return slow_; }

private:
    [[nodiscard]] bool wants_zero_copy(const ConnectionContext& context, const Endpoint& endpoint,
                                       const frame::FrameLease& frame,
                                       std::size_t bytes) const noexcept;
    [[nodiscard]] SendId insert(ConnectionContext& context, const Endpoint& endpoint,
                                frame::FrameLease frame, ConstByteSpan bytes, bool zero_copy,
                                io::StreamId stream) noexcept;
    void submit(ConnectionContext& context, const Endpoint& endpoint, SendId id,
                FrameSend& send) noexcept;
    [[nodiscard]] SendOutcome on_result(ConnectionContext& context, const Endpoint& endpoint,
                                        SendId id, FrameSend& send, std::int32_t result) noexcept;
    void on_notification(ConnectionContext& context, const FrameSend& send, bool copied,
                         bool aborting) noexcept;
    void erase(ConnectionContext& context, SendId id, FrameSend& send) noexcept;

    StreamOptions options_;
    SendPathChoice path_;
    Pacing pacing_;
    std::uint64_t last_sequence_ = 0;
    Delivery delivery_;
    FrameRate rate_;
    std::unique_ptr<Adaptation> adaptation_;
    std::uint32_t sends_ = 0;
    std::uint64_t frames_sent_ = 0;
    bool slow_ = false;
};

} // namespace ringcast::connection
