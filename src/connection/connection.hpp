#pragma once
// One connection: its HTTP exchange, its state, and every operation that it has under way in the
// engine. It knows neither routes nor other connections: the relay decides what to answer, when a
// frame is offered and who is evicted; the connection carries it out, and joins all its operations
// before its slot is freed.
//
//   free -> reading_proxy_header | reading;  reading_proxy_header -> reading
//   reading -> (replying -> reading | idle | draining) | waiting -> replying
//   replying <-> following -> draining;  idle <-> sending
//   any -> aborting -> closing -> free;  draining -> closing -> free

#include <cstdint>
#include <memory>
#include <string>

#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "connection/connection_state.hpp"
#include "connection/context.hpp"
#include "connection/exchange.hpp"
#include "connection/frame_sender.hpp"
#include "container/intrusive_list.hpp"
#include "container/slab.hpp"
#include "http/request.hpp"
#include "io/engine.hpp"

namespace ringcast::connection {

struct ConnectionListTag;
// Limits: one function for each completion and for each decision of the relay.
class Connection : public container::TaggedHook<ConnectionListTag>, public PlaceHolder {
public:
    /// Reads a request from an accepted socket, behind a PROXY header if the endpoint has one.
    /// Changes nothing if it throws std::bad_alloc.
    void open(ConnectionContext& context, const Endpoint& endpoint);

    // --- completions -----------------------------------------------------------------------------

    [[nodiscard]] ConnectionEvent on_receive(ConnectionContext& context,
                                             std::int32_t result) noexcept;
    /// Result of sending a reply's text.
    [[nodiscard]] ConnectionEvent on_reply(ConnectionContext& context,
                                           std::int32_t result) noexcept;
    /// Result or notification of sending a frame.
    [[nodiscard]] ConnectionEvent on_frame_send(ConnectionContext& context, SendId id,
                                                FrameSend& send,
                                                const io::Completion& completion) noexcept;
    /// Result of the poll for a hang-up: its events, or an error such as that of a cancel.
    void on_hangup(ConnectionContext& context, std::int32_t result) noexcept;
    /// The result of an abort or a shutdown.
    void on_ended(ConnectionContext& context, std::int32_t result) noexcept;
    [[nodiscard]] ConnectionEvent on_close(ConnectionContext& context) noexcept;

    // --- what the relay decides ------------------------------------------------------------------

    /// Begins to receive the body of the request, in its own time-out; after an interim response if
    /// the client may wait for that. Returns true if all of it has arrived already; else
    /// ConnectionEvent::request follows. Changes nothing if it throws std::bad_alloc. See
    /// http::RequestReader::read_body.
    [[nodiscard]] bool read_body(ConnectionContext& context);
    /// The request is complete: determines its client (Endpoint::client). From here on the
    /// connection counts for that client's address. Changes nothing if it throws std::bad_alloc.
    void identify_client(ConnectionContext& context);
    /// Sends `text` and `body` behind it, if that is valid, and then reads the next request
    /// (`keep_alive`) or drains and closes.
    void reply(ConnectionContext& context, std::string text, bool keep_alive,
               SharedText body = {}) noexcept;
    /// Sends `text` and behind it the frame's JPEG.
    void reply_with_jpeg(ConnectionContext& context, std::string text, frame::FrameLease frame,
                         io::StreamId stream, bool keep_alive) noexcept;
    /// Sends the head of an answer that consists of events, the first of which is number `next_event`.
    void start_events(ConnectionContext& context, std::string head,
                      std::uint64_t next_event) noexcept;
    /// Following only. Sends an event, or a sign of life.
    void send_event(ConnectionContext& context, SharedText text, bool more_follows) noexcept;
    /// Keeps a request, for a snapshot or anything else, until the relay answers it, by `deadline`.
    void wait(ConnectionContext& context, Instant deadline,
              const SnapshotOptions& snapshot = {}) noexcept;
    /// Sends a stream's response head. `frame_follows`: a frame will be sent at once.
    void start_stream(ConnectionContext& context, std::string head, const StreamOptions& options,
                      bool frame_follows) noexcept;
    /// A viewer watches another stream from now on, with the same options, when the part that is under
    /// way has been sent. An idle one is in no list of viewers then.
    void move_to_stream(ConnectionContext& context, io::StreamId stream) noexcept;
    /// Idle only. Sends the frame as the stream's next part; by copy while `slots_short`.
    void send_part(ConnectionContext& context, const frame::FrameLease& frame,
                   bool slots_short) noexcept;

    /// Ends everything under way. ConnectionEvent::closed follows after the join.
    void abort(ConnectionContext& context) noexcept;
    /// Ends in order: shuts down for writing, discards what the peer still sends, and closes when
    /// everything that was sent has been taken. For states between two sends.
    void drain(ConnectionContext& context) noexcept;
    /// The time for draining is over: closes. What the kernel still holds goes on to the peer.
    void end_drain(ConnectionContext& context) noexcept;
    /// Gives up its place: closes in order when all is said, so that the last reply still arrives,
    /// and aborts otherwise. Not for streams.
    void evict(ConnectionContext& context) noexcept;
    /// The reply under way is the last one, also if it is an interim one; a stream ends in order
    /// with the part under way.
    void end_soon() noexcept {
        keep_alive_ = false;
        ending_ = true;
    }
    /// Counts as handshaking no longer, because the peer has sent nothing for a while.
    void end_handshaking(ConnectionContext& context) noexcept {
        if (handshaking_) {
            handshaking_ = false;
            --context.counts.handshaking;
        }
    }

    /// The loop took no completions for so long: that time counts for no time-out. A request that
    /// waits for its answer is not made to wait longer.
    void excuse(Duration time) noexcept {
        if (deadline_ != never && state_ != ConnectionState::waiting) {
            deadline_ += time;
        }
        frames_.delivery().excuse(time);
    }

    // --- state -----------------------------------------------------------------------------------

    [[nodiscard]] ConnectionState state() const noexcept { return state_; }
    [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }
    /// Not of a streaming connection, which has freed it.
    [[nodiscard]] Exchange& exchange() noexcept {
        RINGCAST_ASSERT(exchange_ != nullptr);
        return *exchange_;
    }
    [[nodiscard]] const Exchange& exchange() const noexcept {
        RINGCAST_ASSERT(exchange_ != nullptr);
        return *exchange_;
    }
    [[nodiscard]] bool streaming() const noexcept { return streaming_; }
    /// It has been answered with events.
    [[nodiscard]] bool follows_events() const noexcept {
        return exchange_ != nullptr && exchange_->follows_events;
    }
    /// See `end_handshaking`.
    [[nodiscard]] bool handshaking() const noexcept { return handshaking_; }
    [[nodiscard]] bool aborting() const noexcept { return state_ == ConnectionState::aborting; }
    [[nodiscard]] Instant opened() const noexcept { return opened_; }
    /// When reading, waiting or draining is over; `never` in all other states.
    [[nodiscard]] Instant deadline() const noexcept { return deadline_; }
    [[nodiscard]] FrameSender& frames() noexcept { return frames_; }
    [[nodiscard]] const FrameSender& frames() const noexcept { return frames_; }

private:
    void receive(ConnectionContext& context, ByteSpan into) noexcept;
    [[nodiscard]] ConnectionEvent on_parsed(ConnectionContext& context,
                                            http::ParseState state) noexcept;
    void await_body(ConnectionContext& context) noexcept;
    void begin_reply(ConnectionContext& context, std::string text, bool keep_alive,
                     bool more_follows) noexcept;
    void send_text(ConnectionContext& context, bool more_follows) noexcept;
    [[nodiscard]] ConnectionEvent finish_reply(ConnectionContext& context) noexcept;
    [[nodiscard]] ConnectionEvent follow(ConnectionContext& context) noexcept;
    void join(ConnectionContext& context) noexcept;
    [[nodiscard]] ConnectionEvent discard_received(ConnectionContext& context,
                                                   std::int32_t result) noexcept;
    void finish_draining(ConnectionContext& context) noexcept;
    void close(ConnectionContext& context) noexcept;

    ConnectionState state_ = ConnectionState::free;
    bool streaming_ = false;
    /// True exactly while it is new: its first reply is not complete, and it waits neither for its
    /// answer nor for a silent peer.
    bool handshaking_ = false;
    bool keep_alive_ = false;
    bool ending_ = false;  ///< with what is being sent
    bool interim_ = false; ///< the reply under way is 100 (Continue): the body follows it
    bool receiving_ = false;
    bool drained_ = false; ///< draining, and nothing more is received from the peer
    bool hangup_watched_ = false;
    bool abort_failed_ = false;    ///< its operations are ended by a shutdown instead
    std::uint32_t operations_ = 0; ///< under way with a token of this connection
    Endpoint endpoint_;
    Instant opened_{};
    Instant deadline_ = never;
    FrameSender frames_;
    std::unique_ptr<Exchange> exchange_;
};

using ConnectionSlab = container::Slab<Connection>;

} // namespace ringcast::connection
