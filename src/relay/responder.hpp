#pragma once
// Answers requests: from the route to the bytes that a connection sends. api/answers makes the
// replies without a picture; this class adds frames, waiting snapshots and the limits of viewers.

#include <cstdint>
#include <functional>
#include <string_view>

#include "api/answers.hpp"
#include "api/routes.hpp"
#include "api/status.hpp"
#include "base/log_throttle.hpp"
#include "connection/connection.hpp"
#include "http/response.hpp"
#include "relay/settings.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

/// Everything outlives the responder.
struct ResponderParts {
    const RelaySettings& settings;
    stream::StreamTable& streams;
    connection::ConnectionSlab& connections;
    connection::ConnectionContext& context;
    api::RelayCounters& counters;
    /// Gathers the status, with this part of the list of viewers.
    std::function<api::StatusSnapshot(const api::ViewerPage& page)> status;
};

class Responder {
public:
    explicit Responder(ResponderParts parts) : parts_(std::move(parts)) {}

    /// Sets the stream whose URLs are served at the root too.
    void set_default_stream(io::StreamId stream) noexcept { default_stream_ = stream; }
    /// From now on every reply is the last one of its connection.
    void stop() noexcept { stopping_ = true; }

    /// Answers a complete request.
    void answer(connection::Connection& connection) noexcept;
    /// Answers a request that the parser has rejected.
    void answer_bad_request(connection::Connection& connection) noexcept;
    /// Answers a request that was not complete in time.
    void answer_timeout(connection::Connection& connection) noexcept;
    /// Answers the waiting snapshots whose stream has a frame for them or no signal, and those that
    /// have waited long enough.
    void answer_snapshot_waiters() noexcept;
    /// True when the last call of `answer_snapshot_waiters` left some for the next turn.
    [[nodiscard]] bool snapshots_pending() const noexcept { return snapshots_pending_; }

private:
    void answer_route(connection::Connection& connection, const api::Route& route,
                      const http::ReplyContext& reply);
    void answer_stream(connection::Connection& connection, const api::Route& route,
                       const http::ReplyContext& reply);
    void answer_snapshot(connection::Connection& connection, const api::Route& route,
                         const http::ReplyContext& reply);
    void answer_status(connection::Connection& connection, const api::Route& route,
                       const http::ReplyContext& reply);
    void answer_controls(connection::Connection& connection, stream::Stream& stream,
                         const http::ReplyContext& reply);
    /// Returns false if the snapshot must wait further, which it does not when it is `late`.
    bool answer_snapshot_waiter(connection::Connection& connection, stream::Stream& stream,
                                bool late) noexcept;
    void send(connection::Connection& connection, api::Answer answer) noexcept;
    void send_snapshot(connection::Connection& connection, const stream::Stream& stream,
                       const http::ReplyContext& reply);
    void count_response(int status) noexcept;
    [[nodiscard]] bool refuse_viewer(connection::Connection& connection,
                                     const http::ReplyContext& reply);
    void report_refused_origin(const http::Request& request) noexcept;
    [[nodiscard]] http::ReplyContext
    reply_context(const connection::Connection& connection) const noexcept;

    ResponderParts parts_;
    io::StreamId default_stream_;
    bool stopping_ = false;
    bool snapshots_pending_ = false;
    bool origin_reported_ = false;
    LogThrottle refusal_throttle_{std::chrono::minutes(1)};
};

} // namespace ringcast::relay
