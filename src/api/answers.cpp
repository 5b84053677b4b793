#include "api/answers.hpp"

#include <algorithm>
#include <vector>

#include "api/status.hpp"
#include "base/assert.hpp"
#include "http/field_syntax.hpp"
#include "http/letter_case.hpp"
#include "http/via.hpp"

namespace ringcast::api {

namespace {

constexpr int status_ok = 200;
constexpr int status_no_content = 204;
constexpr int status_not_found = 404;
constexpr int status_timeout = 408;
constexpr int status_length_required = 411;
constexpr int status_too_large = 413;
constexpr int status_media_type = 415;
constexpr int status_unavailable = 503;
constexpr int status_loop = 508;

/// Retry-After, seconds.
constexpr std::uint32_t retry_when_full = 5;
constexpr std::uint32_t retry_when_busy = 2;
constexpr std::uint32_t retry_when_draining = 10;
/// A restart takes less.
constexpr std::uint32_t retry_when_ending = 1;
constexpr std::uint32_t retry_without_signal = 2;

/// With the signal's reason, or with `otherwise` when it has none.
Answer no_signal(const stream::Signal& signal, std::string_view otherwise,
                 const http::ReplyContext& reply) {
    std::string line = "no signal: ";
    line.append(signal.reason().empty() ? otherwise : signal.reason());
    return error(status_unavailable, line, reply, retry_without_signal);
}

} // namespace

Answer ok(http::ContentType type, std::string_view body, const http::ReplyContext& reply) {
    return {status_ok, http::reply(status_ok, type, body, reply), reply.keep_alive};
}

Answer error(int status, std::string_view line, const http::ReplyContext& reply,
             std::uint32_t retry_after_seconds) {
    return {status,
            http::error_reply(status, line, reply, {.retry_after_seconds = retry_after_seconds}),
            reply.keep_alive};
}

Answer bad_request(const http::RequestReader& reader, std::string_view version, WallTime now) {
    return error(reader.error().status, reader.error().text,
                 {.head_only = reader.head_only(), .now = now, .version = version});
}

Answer request_timeout(const http::RequestReader& reader, std::string_view version, WallTime now) {
    return error(status_timeout, "the request did not come whole in time",
                 {.head_only = reader.head_only(), .now = now, .version = version});
}

Answer refused(const access::Refusal& refusal, bool has_users, const http::ReplyContext& reply) {
    http::ReplyOptions options;
    options.retry_after_seconds = refusal.retry_after_seconds;
    switch (refusal.challenge) {
    case access::Challenge::none:
        break;
    case access::Challenge::login:
        options.authenticate =
            has_users ? R"(Basic realm="ringcast", charset="UTF-8")" : R"(Bearer realm="ringcast")";
        break;
    case access::Challenge::invalid_token:
        options.authenticate = R"(Bearer realm="ringcast", error="invalid_token")";
        break;
    }
    return {refusal.status, http::error_reply(refusal.status, refusal.message, reply, options),
            reply.keep_alive};
}

Answer options(const http::ReplyContext& reply, http::PutPolicy policy) {
    return {status_no_content, http::options_reply(reply, policy), reply.keep_alive};
}

Answer too_many_viewers(bool per_address, const http::ReplyContext& reply) {
    return error(status_unavailable,
                 per_address ? "too many viewers from this address" : "too many viewers", reply,
                 retry_when_full);
}

Answer link(const access::Link& link, std::string_view text, const http::ReplyContext& reply) {
    return ok(http::ContentType::json, link_json(link, text), reply);
}

Answer no_links(bool asks, const http::ReplyContext& reply) {
    return error(
        status_not_found,
        asks ? "This server has no key for links: run `ringcast link`, and let it read its "
               "files again (systemctl reload ringcast)."
             : "Everybody may watch here, so that no links are needed: they belong to servers with "
               "users or tokens.",
        reply);
}

Answer draining(const http::ReplyContext& reply) {
    return error(status_unavailable,
                 "draining for maintenance: no new viewers are admitted; use another server, or "
                 "try again later",
                 reply, retry_when_draining);
}

Answer ending(const http::ReplyContext& reply) {
    return error(status_unavailable, "ringcast is ending: try again in 1 s", reply,
                 retry_when_ending);
}

Answer busy(const http::ReplyContext& reply) {
    return error(status_unavailable, "too many requests at once: try again in 2 s", reply,
                 retry_when_busy);
}

Answer no_snapshot(const stream::Signal& signal, std::string_view source,
                   const http::ReplyContext& reply) {
    if (!signal.starting()) {
        return no_signal(signal, "the stream has ended", reply);
    }
    std::string line = source == "libcamera" ? "the camera" : "the stream";
    line.append(" is starting: try again in ")
        .append(std::to_string(retry_without_signal))
        .append(" s");
    return error(status_unavailable, line, reply, retry_without_signal);
}

Answer health(const stream::Signal* signal, const http::ReplyContext& reply) {
    if (signal != nullptr && !signal->healthy()) {
        return no_signal(*signal, "no picture has come yet", reply);
    }
    return ok(http::ContentType::text, "ok\n", reply);
}

std::optional<Answer> no_passing_on(const Chain& chain, std::string_view via,
                                    const http::ReplyContext& reply) {
    const std::vector<std::string> asking = http::parse_via(via);
    const auto is_upstream = [&chain](const std::string& id) {
        return id == chain.own || http::contains(chain.upstream, id);
    };
    if (std::ranges::any_of(asking, is_upstream)) {
        return error(status_loop,
                     "a loop of servers: this stream has come through the ringcast that asks for "
                     "it; let one of them read from the camera's own server",
                     reply);
    }
    static_assert(http::via_ids_max == 8);
    if (chain.upstream.size() + 1 > http::via_ids_max) {
        return error(status_loop,
                     "more than 8 servers in a row: let this ringcast read from a server that is "
                     "nearer to the camera",
                     reply);
    }
    return std::nullopt;
}

std::optional<Answer> no_controls(std::string_view stream_name, const stream::Signal& signal,
                                  const std::optional<source::CameraStatus>& camera,
                                  const http::ReplyContext& reply) {
    if (!camera) {
        std::string line = "Stream ";
        line.append(stream_name).append(" is no camera.");
        return error(status_not_found, line, reply);
    }
    if (camera->id.empty()) {
        return no_signal(signal, "the camera has not been opened yet", reply);
    }
    return std::nullopt;
}

std::optional<Answer> no_values(const http::Request& request, const http::ReplyContext& reply) {
    if (request.body != http::BodyKind::sized) {
        return error(status_length_required,
                     "Send the values as a JSON object, with its length in Content-Length.", reply);
    }
    const std::string_view type = request.content_type.substr(0, request.content_type.find(';'));
    if (!http::equal_ignoring_case(http::trimmed(type), "application/json")) {
        return error(status_media_type,
                     "Send the values as JSON, with Content-Type: application/json.", reply);
    }
    static_assert(http::RequestReader::body_bytes_max == 16384);
    if (request.body_bytes > http::RequestReader::body_bytes_max) {
        return error(status_too_large, "The values are too long: at most 16384 bytes are allowed.",
                     reply);
    }
    return std::nullopt;
}

Answer controls_busy(const http::ReplyContext& reply) {
    return error(status_unavailable,
                 "another change of the controls is under way: try again in 2 s", reply,
                 retry_when_busy);
}

Answer controls_late(const http::ReplyContext& reply) {
    return error(status_unavailable,
                 "the camera has not answered in time: GET the controls to see whether it has the "
                 "values now",
                 reply, retry_when_busy);
}

Answer controls_outcome(std::string_view stream_name, const source::ControlOutcome& outcome,
                        const std::optional<source::CameraStatus>& camera,
                        const http::ReplyContext& reply) {
    using Kind = source::ControlOutcome::Kind;
    RINGCAST_ASSERT(outcome.kind != Kind::under_way);
    if (outcome.kind == Kind::refused) {
        return error(bad_request_status, outcome.message, reply);
    }
    if (outcome.kind == Kind::unavailable) {
        return error(status_unavailable, outcome.message, reply, retry_when_busy);
    }
    RINGCAST_ASSERT(camera.has_value());
    return ok(http::ContentType::json,
              changed_controls_json(stream_name, *camera, outcome.kind == Kind::applied), reply);
}

} // namespace ringcast::api
