#pragma once
// Builds response heads and small complete replies as text; sends nothing. These functions
// allocate: they are called once per request, never per frame.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/multipart.hpp"
#include "http/request.hpp"

namespace ringcast::http {

/// The properties of a request that its reply depends on.
struct ReplyContext {
    bool head_only = false;  ///< HEAD: the same head, no body
    bool http_1_0 = false;   ///< such a client needs "Connection: keep-alive"
    bool keep_alive = false; ///< if not, the reply says "Connection: close"
    /// For Access-Control-Allow-Origin: the matching origin, "*", or empty for none.
    std::string_view allow_origin{};
    WallTime now{}; ///< for Date, which RFC 9110, 6.6.1, requires of servers with a clock
    std::string_view version{}; ///< of ringcast, for Server
};
/// The context of the reply to `request`.
[[nodiscard]] ReplyContext reply_context(const Request& request, std::string_view allow_origin,
                                         WallTime now) noexcept;

/// The head of a stream and the beginning of its body: the first delimiter and, in the advance
/// variant, the first part's headers, so that a frame's span can follow directly. Always has
/// "Connection: close", because proxies pass on such a body without delay. `via` is the value of
/// X-Ringcast-Via (http/via.hpp); empty: none.
[[nodiscard]] std::string stream_head(const Boundary& boundary, Variant variant,
                                      const ReplyContext& context, std::string_view via = {});

/// The head of an answer with events (WHATWG HTML, 9.2), which follow one by one until the end of the
/// connection.
[[nodiscard]] std::string events_head(const ReplyContext& context);

/// The head of a single picture, which was captured `age` ago; the JPEG follows, unless
/// `context.head_only`. `via` as above.
[[nodiscard]] std::string snapshot_head(const PartInfo& picture, Duration age,
                                        const ReplyContext& context, std::string_view via = {});

enum class ContentType : std::uint8_t { text, json, html, metrics, style, script };

/// Headers that few replies have.
struct ReplyOptions {
    std::uint32_t retry_after_seconds = 0;      ///< Retry-After; 0: none
    std::string_view content_security_policy{}; ///< empty: none
    std::string_view authenticate{};            ///< WWW-Authenticate; empty: none
    /// The body never changes at this address, and has a compressed form.
    bool immutable = false;
    bool gzip = false; ///< the body is compressed (Content-Encoding)
};

/// The head of a complete reply with a body of `body_bytes`, which follows unless
/// `context.head_only`.
[[nodiscard]] std::string reply_head(int status, ContentType type, std::size_t body_bytes,
                                     const ReplyContext& context, const ReplyOptions& options = {});
/// A complete reply.
[[nodiscard]] std::string reply(int status, ContentType type, std::string_view body,
                                const ReplyContext& context, const ReplyOptions& options = {});
/// An error whose body is `line`, which should say what to do; control characters in it become
/// blanks. Status 405 adds the allowed methods.
[[nodiscard]] std::string error_reply(int status, std::string_view line,
                                      const ReplyContext& context,
                                      const ReplyOptions& options = {});
/// Who may send PUT, besides GET, HEAD and OPTIONS.
struct PutPolicy {
    bool put = false;        ///< the resource has it
    bool put_across = false; ///< so may pages of the request's origin
};
/// The reply to OPTIONS: 204, the methods, and the answer to a browser's CORS preflight.
[[nodiscard]] std::string options_reply(const ReplyContext& context, PutPolicy policy = {});

/// The client may send the body of its request (RFC 9110, 15.2.1).
inline constexpr std::string_view interim_reply = "HTTP/1.1 100 Continue\r\n\r\n";

/// "Not Found" for 404.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

} // namespace ringcast::http
