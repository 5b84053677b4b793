#pragma once
// Complete replies, except for pictures. No I/O, no clock, no connections: the relay sends them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "access/gate.hpp"
#include "base/time.hpp"
#include "http/request.hpp"
#include "http/response.hpp"
#include "source/camera_status.hpp"
#include "source/control_change.hpp"
#include "stream/signal.hpp"

namespace ringcast::api {

struct Answer {
    int status = 0;
    std::string text; ///< head and body
    bool keep_alive = false;
};

[[nodiscard]] Answer ok(http::ContentType type, std::string_view body,
                        const http::ReplyContext& reply);
/// `line` says what is wrong and what to do about it. `retry_after_seconds` 0: not said.
[[nodiscard]] Answer error(int status, std::string_view line, const http::ReplyContext& reply,
                           std::uint32_t retry_after_seconds = 0);

/// A request whose head was rejected. `reader` is in state error; `version` is that of ringcast.
[[nodiscard]] Answer bad_request(const http::RequestReader& reader, std::string_view version,
                                 WallTime now);
/// A request that did not arrive completely in time.
[[nodiscard]] Answer request_timeout(const http::RequestReader& reader, std::string_view version,
                                     WallTime now);
/// Somebody who must prove who they are, or wait. `has_users`: with a name and a password; else with a
/// token.
[[nodiscard]] Answer refused(const access::Refusal& refusal, bool has_users,
                             const http::ReplyContext& reply);
[[nodiscard]] Answer options(const http::ReplyContext& reply, http::PutPolicy policy);
/// `per_address`: too many from one address; else too many in all.
[[nodiscard]] Answer too_many_viewers(bool per_address, const http::ReplyContext& reply);
/// For /NAME/link: the path of the link, with `text` as its token, and when it expires.
[[nodiscard]] Answer link(const access::Link& link, std::string_view text,
                          const http::ReplyContext& reply);
/// For /NAME/link without a key for links. `asks`: this listener asks for passwords.
[[nodiscard]] Answer no_links(bool asks, const http::ReplyContext& reply);
/// A viewer or a health check while the server is prepared for maintenance.
[[nodiscard]] Answer draining(const http::ReplyContext& reply);
/// Any request while the server ends.
[[nodiscard]] Answer ending(const http::ReplyContext& reply);
/// A report that could not be rendered in time, because too many others were asked for.
[[nodiscard]] Answer busy(const http::ReplyContext& reply);
/// A snapshot without a picture. `source`: the kind of the stream's source.
[[nodiscard]] Answer no_snapshot(const stream::Signal& signal, std::string_view source,
                                 const http::ReplyContext& reply);
/// `signal` is null when the request named no stream.
[[nodiscard]] Answer health(const stream::Signal* signal, const http::ReplyContext& reply);
/// The servers that a stream passes through, by their ids (http/via.hpp).
struct Chain {
    std::string_view own;                  ///< this server
    std::span<const std::string> upstream; ///< those between the stream's frames and this one
};
/// Why a stream or its snapshot can't be passed on to the client that sends `via`, the value of
/// X-Ringcast-Via: it would return to a server that it has passed through, or the chain of servers
/// is too long. Nothing if it can.
[[nodiscard]] std::optional<Answer> no_passing_on(const Chain& chain, std::string_view via,
                                                  const http::ReplyContext& reply);
/// Why a stream has no controls; nothing if it has some. `camera` is empty when the stream is no
/// camera's.
[[nodiscard]] std::optional<Answer> no_controls(std::string_view stream_name,
                                                const stream::Signal& signal,
                                                const std::optional<source::CameraStatus>& camera,
                                                const http::ReplyContext& reply);

// --- PUT /NAME/controls ---

inline constexpr int bad_request_status = 400;
/// Why the request has no values for controls, as its head says; nothing if it may have some.
[[nodiscard]] std::optional<Answer> no_values(const http::Request& request,
                                              const http::ReplyContext& reply);
/// Another change is under way.
[[nodiscard]] Answer controls_busy(const http::ReplyContext& reply);
/// The camera has not answered in time.
[[nodiscard]] Answer controls_late(const http::ReplyContext& reply);
/// `outcome` is that of a change which is not under way any more. `camera` is not empty.
[[nodiscard]] Answer controls_outcome(std::string_view stream_name,
                                      const source::ControlOutcome& outcome,
                                      const std::optional<source::CameraStatus>& camera,
                                      const http::ReplyContext& reply);

} // namespace ringcast::api
