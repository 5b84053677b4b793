#pragma once
// A connection's memory while it speaks HTTP: a PROXY header, the request, the reply, and a
// snapshot's options.
// Freed when a stream begins.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "access/gate.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "connection/frame_send.hpp"
#include "connection/proxy_header_reader.hpp"
#include "connection/shared_text.hpp"
#include "http/request.hpp"
#include "io/token.hpp"

namespace ringcast::connection {

/// Options of a snapshot's request.
struct SnapshotOptions {
    io::StreamId stream;
    bool placeholder = false;        ///< the "no signal" picture is acceptable
    Instant asked_at{};              ///< the frame must be newer ...
    std::optional<WallTime> after{}; ///< ... or, instead, captured later than this
};

/// The sharpest picture so far, for a request that wants that of several. A copy: a frame that is held
/// for long would be missing to the source.
struct SharpestPicture {
    std::shared_ptr<const void> place; ///< counts the requests of this kind
    std::uint32_t left = 0;            ///< pictures that have not come yet
    std::uint64_t seen = 0;            ///< FrameLease::sequence of the last one
    std::string jpeg{};                ///< empty: none has come
    WallTime captured{};
    Instant captured_at{};
};

/// A request that waits until a password has been verified.
struct Verification {
    access::Ticket ticket = 0;
    Instant deadline = never;
    std::optional<access::Refusal> refusal; ///< set when the password was wrong
};

struct Exchange {
    ProxyHeaderReader proxy_header;
    std::string text;  ///< the reply, or its head
    SharedText shared; ///< the body behind `text` if other replies have the same one; an event
    bool shared_due = false; ///< nothing of `shared` has been sent
    ConstByteSpan unsent;    ///< the rest of `text`, then of `shared`
    SendId body;             ///< a snapshot's JPEG, sent after the text; invalid without one
    SnapshotOptions snapshot;
    std::unique_ptr<SharpestPicture> sharpest;
    bool input_ended = false;     ///< the peer sends no more: it has left, or waits for the rest
    bool follows_events = false;  ///< the reply consists of events, until one side ends it
    std::uint64_t next_event = 0; ///< ... and this is the next one that it has to be sent
    access::Caller caller;        ///< who sent the request, as the relay has found out
    Verification verification;
    std::size_t drained = 0; ///< bytes received and discarded after the request
    http::RequestReader reader;
    std::array<std::byte, 1024> drain_into;
};

} // namespace ringcast::connection
