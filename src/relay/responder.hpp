#pragma once
// Answers requests: from the route to the bytes that a connection sends. api/answers makes the
// replies without a picture; this class adds frames, waiting snapshots and the limits of viewers.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "api/answers.hpp"
#include "api/routes.hpp"
#include "api/status.hpp"
#include "base/log_throttle.hpp"
#include "connection/connection.hpp"
#include "connection/shared_text.hpp"
#include "http/response.hpp"
#include "relay/client_log.hpp"
#include "relay/control_changes.hpp"
#include "relay/event_followers.hpp"
#include "relay/event_watch.hpp"
#include "relay/page_assets.hpp"
#include "relay/renditions.hpp"
#include "relay/reports.hpp"
#include "relay/router.hpp"
#include "relay/settings.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

/// Everything outlives the responder.
struct ResponderParts {
    const RelaySettings& settings;
    stream::StreamTable& streams;
    connection::ConnectionContext& context;
    api::RelayCounters& counters;
    ClientLog& client_log;
    Router& router;
    Renditions& renditions;
    EventWatch& events;
    /// Gathers the status, with this part of the list of viewers.
    std::function<api::StatusSnapshot(const api::ViewerPage& page)> status;
};

// Limits: one function for each kind of request, and for each that may have to wait.
class Responder {
public:
    explicit Responder(ResponderParts parts)
        : parts_(std::move(parts)), replies_left_(parts_.settings.stream.submit_batch),
          control_changes_(parts_.settings, parts_.streams, parts_.context),
          reports_(parts_.settings.report_shared_for, parts_.settings.report_bytes_max),
          followers_(parts_.events.log(), parts_.router, parts_.context) {}

    /// See Relay::set_draining.
    void set_draining(bool draining) noexcept { draining_ = draining; }
    [[nodiscard]] bool draining() const noexcept { return draining_; }
    /// From now on every request is refused, and every reply is the last one of its connection.
    void stop() noexcept { stopping_ = true; }

    // If memory is short for an answer, the connection of the request is aborted.

    /// A request is complete, or rejected by the parser. Answers it now, or after those that wait.
    void on_request(connection::Connection& connection) noexcept;
    /// Once per turn: answers requests that wait, except snapshots, and sends events. In one turn as
    /// many replies are begun as frames in a fan-out, for the same reason.
    void answer_waiting() noexcept;
    /// The clients that follow events.
    [[nodiscard]] EventFollowers& followers() noexcept { return followers_; }
    /// A completion of the password checker.
    void on_password_checked(const io::Completion& completion) noexcept;
    /// After `stop`: answers a request that waits.
    void answer_ending(connection::Connection& connection) noexcept;
    /// Answers a request that was not complete in time.
    void answer_timeout(connection::Connection& connection) noexcept;
    /// Answers the waiting snapshots whose stream has a frame for them or no signal, and those that
    /// have waited long enough.
    void answer_snapshot_waiters() noexcept;
    /// When requests that wait can be answered, if not because of a completion or a frame.
    [[nodiscard]] Instant deadline() noexcept;
    /// Memory of the reports that are kept and those that are being sent.
    [[nodiscard]] std::size_t report_bytes() const noexcept { return reports_.bytes(); }

private:
    static constexpr int status_ok = 200;

    /// Runs `answer`, and aborts the connection if it throws std::bad_alloc.
    template <typename Answer>
    void answer_or_abort(connection::Connection& connection, Answer answer) noexcept;
    void answer_request(connection::Connection& connection) noexcept;
    void answer_bad_request(connection::Connection& connection) noexcept;
    void resolve_and_answer(connection::Connection& connection);
    void answer_route(connection::Connection& connection, const api::Route& route,
                      const http::ReplyContext& reply);
    void answer_stream(connection::Connection& connection, const api::Route& route,
                       const http::ReplyContext& reply);
    void answer_snapshot(connection::Connection& connection, const api::Route& route,
                         const http::ReplyContext& reply);
    void answer_report(connection::Connection& connection, const api::Route& route, ReportKind kind,
                       const http::ReplyContext& reply);
    void answer_changed() noexcept;
    void send_changed(connection::Connection& connection, const api::Route& route,
                      api::Answer answer);
    void answer_report_waiters() noexcept;
    /// Returns false if the request must wait further. Renders a report only if it `may_try`.
    bool answer_report_waiter(connection::Connection& connection, ReportKind kind, bool& may_try);
    [[nodiscard]] bool may_render(Instant now) noexcept;
    [[nodiscard]] std::string report_text(const connection::Connection& connection,
                                          const api::Route& route);
    [[nodiscard]] connection::SharedText render(const connection::Connection& connection,
                                                const api::Route& route, ReportKind kind);
    void send_report(connection::Connection& connection, api::RouteKind kind,
                     connection::SharedText report, const http::ReplyContext& reply);
    [[nodiscard]] bool refuse_single(connection::Connection& connection, const api::Route& route,
                                     const http::ReplyContext& reply);
    /// Returns false if the snapshot must wait further, which it does not when it is `late`.
    bool answer_snapshot_waiter(connection::Connection& connection, stream::Stream& stream,
                                bool late);
    bool answer_sharpest_waiter(connection::Connection& connection, const stream::Stream& stream,
                                bool late);
    bool end_waiting(connection::Connection& connection, const stream::Stream& stream, bool late);
    [[nodiscard]] bool suits(const stream::Stream& stream, const api::Route& route) const noexcept;
    [[nodiscard]] api::Answer health(const api::Route& route,
                                     const http::ReplyContext& reply) const;
    void send(connection::Connection& connection, api::Answer answer) noexcept;
    void send_snapshot(connection::Connection& connection, const stream::Stream& stream,
                       const http::ReplyContext& reply);
    [[nodiscard]] bool refuse_loop(connection::Connection& connection, const stream::Stream& stream,
                                   const http::ReplyContext& reply);
    [[nodiscard]] std::string via_of(const stream::Stream& stream) const;
    [[nodiscard]] bool refuse_while_draining(connection::Connection& connection,
                                             const http::ReplyContext& reply);
    [[nodiscard]] bool refuse_viewer(connection::Connection& connection,
                                     const http::ReplyContext& reply);
    void refuse(connection::Connection& connection, const access::Refusal& refusal);
    void answer_late_logins() noexcept;
    void answer_link(connection::Connection& connection, const api::Route& route,
                     const http::ReplyContext& reply);
    [[nodiscard]] http::ReplyContext
    reply_context(const connection::Connection& connection) const noexcept;

    ResponderParts parts_;
    bool stopping_ = false;
    bool draining_ = false;
    bool snapshots_pending_ = false;
    /// Shared by the requests that wait for the sharpest of several pictures.
    std::shared_ptr<const bool> sharpest_requests_ = std::make_shared<const bool>();
    std::uint32_t replies_left_;      ///< that may be begun before the next submission
    stream::ConnectionList requests_; ///< requests that wait because no replies were left
    ControlChanges control_changes_;
    Reports reports_;
    EventFollowers followers_;
    PageAssets assets_;
    LogThrottle report_throttle_{std::chrono::minutes(1)};
    LogThrottle refusal_throttle_{std::chrono::minutes(1)};
    LogThrottle memory_throttle_{std::chrono::minutes(1)};
};

} // namespace ringcast::relay
