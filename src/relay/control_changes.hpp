#pragma once
// Changes of a camera's controls by PUT /NAME/controls: receives the body, starts the change, and
// keeps the request until the camera has answered. Sends nothing.

#include <optional>

#include "api/answers.hpp"
#include "api/routes.hpp"
#include "connection/connection.hpp"
#include "http/response.hpp"
#include "relay/settings.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

class ControlChanges {
public:
    /// Everything outlives this.
    ControlChanges(const RelaySettings& settings, stream::StreamTable& streams,
                   connection::ConnectionContext& context) noexcept
        : settings_(settings), streams_(streams), context_(context) {}

    /// Receives the body of a request that changes controls, if the head gives no reason to refuse
    /// it. Returns false if the body is on its way; the request is complete again when it has
    /// arrived. Throws std::bad_alloc.
    [[nodiscard]] bool read_body(connection::Connection& connection, const api::Route& route,
                                 const http::ReplyContext& reply);
    /// Starts the change that the complete request asks for. Returns the answer, or nothing if the
    /// connection waits for it. Throws std::bad_alloc.
    [[nodiscard]] std::optional<api::Answer> start(connection::Connection& connection,
                                                   const api::Route& route,
                                                   const http::ReplyContext& reply);
    /// The connections that wait: at most one for each camera.
    [[nodiscard]] stream::ConnectionList& waiters() noexcept { return waiters_; }
    /// The answer for a connection that waits, or nothing as long as the change is under way, except
    /// when it has waited too long. Throws std::bad_alloc.
    [[nodiscard]] std::optional<api::Answer> outcome(const connection::Connection& connection,
                                                     const api::Route& route,
                                                     const http::ReplyContext& reply) const;

private:
    [[nodiscard]] std::optional<api::Answer> refusal(const connection::Connection& connection,
                                                     const api::Route& route,
                                                     const http::ReplyContext& reply) const;

    const RelaySettings& settings_;
    stream::StreamTable& streams_;
    connection::ConnectionContext& context_;
    stream::ConnectionList waiters_;
};

} // namespace ringcast::relay
