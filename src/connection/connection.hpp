#pragma once
// One connection: its state, what it has under way in the engine, its send_path, and how fresh its frames
// are. It knows neither routes nor other viewers: the relay decides what to answer, when a frame is
// offered and who yields; the viewer carries it out and joins every operation before it is freed.
//
//   free -> reading -> (replying -> reading | idle | draining) | waiting -> replying
//   idle <-> sending;  any -> aborting -> closing -> free;  draining -> closing -> free

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "container/intrusive_list.hpp"
#include "container/slab.hpp"
#include "frame/frame_arena.hpp"
#include "http/request.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

enum class ConnectionState : std::uint8_t {
    free,
    reading,  ///< a request head is being received, or the next one is awaited
    waiting,  ///< a snapshot waits for a frame; nothing is under way in the engine
    replying, ///< a response other than live frames is being sent
    idle,     ///< streaming; ready for the next frame
    sending,  ///< streaming; a frame's bytes are not all in the socket yet
    draining, ///< everything is sent; what the peer still sends is thrown away, so no reset eats it
    aborting, ///< terminated; its operations are being joined
    closing,  ///< the descriptor is being closed
};

enum class SendPath : std::uint8_t { copy, zero_copy };
enum class SendPathPolicy : std::uint8_t { automatic, zero_copy, copy };

/// Bounds of one connection. Where they come from: docs/architecture.md.
struct ConnectionSettings {
    Duration stall_timeout = std::chrono::seconds(10);
    Duration head_timeout = std::chrono::seconds(5); ///< absolute, from the first moment
    Duration keep_alive_timeout = std::chrono::seconds(15);
    Duration drain_timeout = std::chrono::seconds(1);
    std::size_t drain_bytes_max = 64UL * 1024UL;
    /// Frames that one viewer may pin; measured: four keep the rate over a 100 ms round trip.
    std::uint32_t pinned_per_viewer_max = 4;
    SendPathPolicy send_path_policy = SendPathPolicy::automatic;
    /// After this a demoted viewer tries zero-copy again: a packet capture must not demote for
    /// ever.
    Duration zero_copy_probe_interval = std::chrono::minutes(1);
};

/// Frames that a viewer was not sent, by reason; they only grow.
struct SkipCounters {
    std::uint64_t busy = 0;   ///< its socket was full
    std::uint64_t rate = 0;   ///< not wanted: fps=N
    std::uint64_t memory = 0; ///< held back together with others while slots were short
    std::uint64_t late = 0;   ///< the loop came too late

    [[nodiscard]] std::uint64_t sum() const noexcept { return busy + rate + memory + late; }
    friend bool operator==(const SkipCounters&, const SkipCounters&) noexcept = default;
};

/// Counters of all viewers of one stream; they only grow.
struct SendCounters {
    std::uint64_t frames_sent_copy = 0;
    std::uint64_t frames_sent_zero_copy = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t notifications = 0;
    std::uint64_t notifications_copied = 0;
    SkipCounters skipped;
};

class Connection;
using ConnectionId = Handle<Connection>;

struct InFlightTag;
/// A frame on its way to one viewer. Lives until its bytes are done and no notification is due. The
/// kernel answers one send's result before its notification; those of different sends come in any
/// order.
struct FrameSend : container::TaggedHook<InFlightTag> {
    ConnectionId viewer;
    std::uint32_t stream = 0;
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

/// A stream's frames on their way, oldest first: who pins what is read from here.
using InFlightList = container::IntrusiveList<FrameSend, InFlightTag>;

/// What the viewers of one stream share.
struct StreamSends {
    InFlightList in_flight;
    SendCounters counters;
};

/// What a viewer works with; borrowed for each call.
struct ConnectionContext {
    io::Engine& engine;
    SendSlab& sends;
    std::span<StreamSends> streams; ///< by index of the stream
    const ConnectionSettings& settings;
};

/// What the relay has to look at after an answer of the kernel. Nothing is called back: the
/// viewer's own state has changed already.
enum class ConnectionEvent : std::uint8_t {
    none,
    request,     ///< a complete request stands in `request()`
    bad_request, ///< answer `request_error()` and close
    streaming,   ///< the stream's head is out: the viewer is idle and wants frames
    frame_done,  ///< a live frame's bytes are in the socket: the viewer is idle
    closed,      ///< everything is joined and the descriptor is gone: free the slot
};

/// How a viewer watches its stream; fixed by its request.
struct StreamOptions {
    std::uint32_t stream = 0;
    http::Variant variant = http::Variant::standard;
    Duration period_min{}; ///< 1/fps of `?fps=N`; zero: every frame
};

/// How a snapshot was asked for.
struct SnapshotOptions {
    std::uint32_t stream = 0;
    bool placeholder = false; ///< the "no signal" picture will do
    Instant asked_at{};       ///< the frame must be newer
    Instant deadline{};
};

struct ConnectionListTag;
class Connection : public container::TaggedHook<ConnectionListTag> {
public:
    // --- connection ------------------------------------------------------------------------------

    void open(ConnectionContext& context, ConnectionId self, int socket, const io::Peer& peer);
    /// The answer to a receive.
    [[nodiscard]] ConnectionEvent on_receive(ConnectionContext& context,
                                             std::int32_t result) noexcept;
    /// The answer to a send of a reply's text.
    [[nodiscard]] ConnectionEvent on_reply(ConnectionContext& context,
                                           std::int32_t result) noexcept;
    /// The peer has left, or the poll that watches for it was cancelled.
    void on_hangup(ConnectionContext& context) noexcept;
    /// The answer to an abort or a shutdown.
    void on_ended(ConnectionContext& context) noexcept;
    [[nodiscard]] ConnectionEvent on_close() noexcept;

    /// Sends `text` and then reads on (`keep_alive`) or drains and closes.
    void reply(ConnectionContext& context, std::string text, bool keep_alive) noexcept;
    /// Sends `text` and then the frame's JPEG behind it.
    void reply_with_jpeg(ConnectionContext& context, std::string text, frame::FrameLease frame,
                         std::uint32_t stream, bool keep_alive) noexcept;
    /// Lays a snapshot's request by until a frame comes; the relay answers it later.
    void wait_for_frame(const SnapshotOptions& options) noexcept;
    /// Sends a stream's response head; `frame_follows` says that a frame will be sent at once.
    void start_stream(ConnectionContext& context, std::string head, const StreamOptions& options,
                      bool frame_follows) noexcept;

    /// Ends everything under way. The slot is freed after the join, by ConnectionEvent::closed.
    void abort(ConnectionContext& context) noexcept;
    /// An orderly end: shuts down for writing, throws away what the peer still sends, and closes
    /// when everything that was answered has left our hands. For connections that are between two
    /// things.
    void drain(ConnectionContext& context) noexcept;
    /// The time for draining is over: closes, and what the kernel still has goes on to the peer.
    void end_drain(ConnectionContext& context) noexcept;
    /// A reply under way is the last one.
    void end_keep_alive() noexcept { keep_alive_ = false; }

    // --- frames ----------------------------------------------------------------------------------

    /// Idle only. Sends the frame in the send_path that fits; while `slots_short` by copy, which pins a
    /// frame for the shortest time.
    void start_send(ConnectionContext& context, const frame::FrameLease& frame,
                    bool slots_short) noexcept;
    /// Both answers of a send. Erases its slot when nothing of it is left.
    [[nodiscard]] ConnectionEvent on_send(ConnectionContext& context, SendId id,
                                          const io::Completion& completion) noexcept;
    /// Asks the kernel how far the peer has come. Cheap, yet a system call.
    void sample_progress(ConnectionContext& context) noexcept;
    /// Called when the stream has a newer frame, for the reasons of skips: `latest` is the newest
    /// sequence at the moment when this viewer became idle.
    void note_idle_from(std::uint64_t latest) noexcept { idle_from_sequence_ = latest; }
    /// Held back while slots were short, to be served together with others.
    void note_deferred() noexcept { deferred_ = true; }
    /// Under `fps=N`: true when a frame may be sent now.
    [[nodiscard]] bool is_due(Instant now) const noexcept { return due_ <= now; }

    // --- what is known ---------------------------------------------------------------------------

    [[nodiscard]] ConnectionState state() const noexcept { return state_; }
    [[nodiscard]] ConnectionId id() const noexcept { return self_; }
    [[nodiscard]] const io::Peer& peer() const noexcept { return peer_; }
    [[nodiscard]] const http::Request& request() const noexcept;
    [[nodiscard]] const http::RequestError& request_error() const noexcept;
    [[nodiscard]] const StreamOptions& options() const noexcept { return options_; }
    [[nodiscard]] const SnapshotOptions& snapshot_options() const noexcept {
        return exchange_->snapshot;
    }
    [[nodiscard]] bool streaming() const noexcept { return streaming_; }
    /// True exactly while it is new: its first reply is not out yet, and neither waits for a frame
    /// nor for a peer that says nothing.
    [[nodiscard]] bool handshaking() const noexcept { return handshaking_; }
    void end_handshaking() noexcept { handshaking_ = false; }
    /// True exactly when not a byte of a request has come: there is nobody to answer.
    [[nodiscard]] bool request_awaited() const noexcept { return exchange_->reader.idle(); }
    /// Frames per second, measured over the last seconds.
    [[nodiscard]] double frame_rate() const noexcept { return frame_rate_; }
    void measure_rate(Instant now) noexcept;
    [[nodiscard]] SendPath send_path(const ConnectionContext& context) const noexcept;
    /// When reading, waiting or draining is over; `never` in all other states.
    [[nodiscard]] Instant deadline() const noexcept { return deadline_; }
    [[nodiscard]] Instant due() const noexcept { return due_; }
    [[nodiscard]] bool slow() const noexcept { return slow_; }
    void judge_slow(bool slow) noexcept { slow_ = slow; }
    [[nodiscard]] Instant last_progress() const noexcept { return last_progress_; }
    /// When the kernel was last asked how far the peer has come.
    [[nodiscard]] Instant sampled_at() const noexcept { return sampled_at_; }
    /// Known to make no progress: watched since before `since`, and none since then.
    [[nodiscard]] bool stuck(Instant since) const noexcept {
        return progress_known_ && watched_since_ <= since && last_progress_ <= since;
    }
    /// Known to make progress: seen twice, and further the second time.
    [[nodiscard]] bool progressing() const noexcept {
        return progress_known_ && last_progress_ > watched_since_;
    }
    [[nodiscard]] std::uint32_t frames_pinned() const noexcept { return sends_; }
    [[nodiscard]] std::uint64_t last_sequence() const noexcept { return last_sequence_; }
    [[nodiscard]] std::uint64_t frames_sent() const noexcept { return frames_sent_; }
    [[nodiscard]] const SkipCounters& skipped() const noexcept { return skipped_; }
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
    [[nodiscard]] Instant opened() const noexcept { return opened_; }
    /// When the newest frame that the peer's kernel is known to have was captured; `never` if none.
    [[nodiscard]] Instant delivered_captured_at() const noexcept { return delivered_captured_at_; }

private:
    /// What a connection needs while it speaks HTTP; freed when a stream begins.
    struct Exchange {
        std::string text;          ///< the reply
        std::size_t text_sent = 0; ///< bytes of it that are in the socket
        SendId body; ///< a snapshot's JPEG, sent when the text is out; invalid when there is none
        SnapshotOptions snapshot;
        std::size_t drained = 0; ///< bytes thrown away after the reply
        http::RequestReader reader;
        std::array<std::byte, 1024> drain_into;
    };
    /// A frame whose last byte has this position in the stream of bytes to the peer.
    struct Milestone {
        std::uint64_t bytes_end = 0;
        Instant captured_at = never;
    };
    /// So many frames back it is known which one was acknowledged last: half a second at 30
    /// frames/s.
    static constexpr std::size_t milestones_max = 16;

    [[nodiscard]] io::OpToken token(io::OpKind kind) const noexcept;
    void leave_list() noexcept;
    void receive(ConnectionContext& context, ByteSpan into) noexcept;
    void send_text(ConnectionContext& context, bool more_follows) noexcept;
    void watch_for_hangup(ConnectionContext& context) noexcept;
    [[nodiscard]] ConnectionEvent finish_reply(ConnectionContext& context) noexcept;
    void begin_reply(ConnectionContext& context, std::string text, bool keep_alive,
                     bool more_follows) noexcept;
    void join(ConnectionContext& context) noexcept;
    void submit_frame(ConnectionContext& context, SendId id, FrameSend& send) noexcept;
    [[nodiscard]] SendId insert_send(ConnectionContext& context, frame::FrameLease frame,
                                     ConstByteSpan bytes, bool zero_copy) noexcept;
    void erase_send(ConnectionContext& context, SendId id, FrameSend& send) noexcept;
    void finish_draining(ConnectionContext& context) noexcept;
    void close_when_delivered(ConnectionContext& context) noexcept;
    void close(ConnectionContext& context) noexcept;
    [[nodiscard]] ConnectionEvent on_send_result(ConnectionContext& context, SendId id,
                                                 FrameSend& send, std::int32_t result) noexcept;
    void on_send_notification(ConnectionContext& context, const FrameSend& send,
                              const io::Completion& completion) noexcept;
    [[nodiscard]] SkipCounters find_skips(std::uint64_t sequence) noexcept;
    void count_skips(ConnectionContext& context, std::uint64_t sequence) noexcept;
    void note_delivered(Instant captured_at) noexcept;
    void note_frame_queued(const frame::FrameLease& frame) noexcept;
    [[nodiscard]] bool wants_zero_copy(const ConnectionContext& context,
                                       const frame::FrameLease& frame,
                                       std::size_t bytes) const noexcept;

    ConnectionState state_ = ConnectionState::free;
    bool streaming_ = false;
    bool handshaking_ = true;
    bool keep_alive_ = false;
    bool receiving_ = false;
    bool drained_ = false; ///< draining, and nothing more is taken from the peer
    bool hangup_watched_ = false;
    bool slow_ = false;
    bool deferred_ = false;
    bool progress_known_ = false; ///< `bytes_acked_` has been asked once
    std::uint8_t copied_in_a_row_ = 0;
    int socket_ = -1;
    std::uint32_t operations_ = 0; ///< under way with a token of this viewer
    std::uint32_t sends_ = 0;      ///< entries in the slab of sends
    ConnectionId self_;
    StreamOptions options_;
    Instant opened_{};
    Instant deadline_ = never;
    Instant due_{};
    Instant last_progress_{};
    Instant watched_since_{}; ///< the first time that the kernel was asked
    Instant sampled_at_{};
    Instant demoted_until_{};
    Instant delivered_captured_at_ = never;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t idle_from_sequence_ = 0;
    std::uint64_t frames_sent_ = 0;
    SkipCounters skipped_;
    Instant rate_since_{}; ///< where the window of the measured rate begins
    std::uint64_t rate_frames_ = 0;
    double frame_rate_ = 0;
    std::uint64_t bytes_sent_ = 0; ///< in the socket, all replies included
    std::uint64_t bytes_acked_ = 0;
    std::array<Milestone, milestones_max> milestones_{};
    std::uint8_t milestone_next_ = 0;
    std::unique_ptr<Exchange> exchange_;
    io::Peer peer_;
};

using ConnectionSlab = container::Slab<Connection>;

} // namespace ringcast::connection
