#pragma once
// What a request asks for, by who sends it: names of this server, callers and what they may know of,
// routes. Sends nothing.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/host_names.hpp"
#include "api/pages.hpp"
#include "api/routes.hpp"
#include "api/status.hpp"
#include "connection/connection.hpp"
#include "relay/authenticator.hpp"
#include "relay/reports.hpp"
#include "relay/settings.hpp"
#include "stream/stream_table.hpp"

namespace ringcast::relay {

/// Where a request leads; or why it leads nowhere, or not yet.
using Routing = std::variant<api::Route, access::Refusal, access::Pending>;

class Router {
public:
    /// `checker` may be null, see Authenticator. Everything outlives the router.
    Router(const RelaySettings& settings, const stream::StreamTable& streams,
           connection::ConnectionContext& context, PasswordChecker* checker)
        : settings_(settings), streams_(streams), host_names_(settings.hosts),
          authenticator_(settings, context, checker) {}

    /// Sets the stream whose URLs are served at the root too.
    void set_default_stream(io::StreamId stream) noexcept { default_stream_ = stream; }
    /// `RelaySettings::hosts` have changed to these.
    void set_hosts(std::vector<std::string> hosts) {
        host_names_ = api::HostNames(std::move(hosts));
    }
    [[nodiscard]] Authenticator& authenticator() noexcept { return authenticator_; }
    [[nodiscard]] const Authenticator& authenticator() const noexcept { return authenticator_; }

    /// Finds out who sends the complete request, and what it asks for. Sets the connection's caller.
    /// If the answer is access::Pending, the connection waits in the authenticator. Throws
    /// std::bad_alloc.
    [[nodiscard]] Routing route(connection::Connection& connection);
    /// What the request asks for, as `route` has answered. Throws std::bad_alloc.
    [[nodiscard]] api::Route route_of(const connection::Connection& connection) const;
    /// The streams that the caller may know of.
    [[nodiscard]] stream::Directory directory_for(const connection::Connection& connection) const;
    /// Whether the caller may know of viewers' addresses and cameras.
    [[nodiscard]] bool sees_everything(const connection::Connection& connection) const noexcept;
    /// Whether the caller may know of an event about this stream, or about none if the name is empty.
    /// `confidential`: it is for those who see everything, as is one of a stream that is gone.
    [[nodiscard]] bool may_know(const connection::Connection& connection, std::string_view stream,
                                bool confidential) const noexcept;
    /// `kind`, if the report is the same for everybody who asks as this caller does; else
    /// ReportKind::single.
    [[nodiscard]] ReportKind shared_kind(const connection::Connection& connection,
                                         ReportKind kind) const noexcept;
    [[nodiscard]] api::PageOptions page_options(const connection::Connection& connection) const;
    /// Whether the present rules still allow what the connection has begun.
    [[nodiscard]] bool may_stay(const connection::Connection& connection) const;

private:
    [[nodiscard]] std::string_view
    prefix_of(const connection::Connection& connection) const noexcept;

    const RelaySettings& settings_;
    const stream::StreamTable& streams_;
    io::StreamId default_stream_;
    api::HostNames host_names_;
    Authenticator authenticator_;
};

} // namespace ringcast::relay
