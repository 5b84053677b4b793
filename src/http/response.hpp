#pragma once
// Builds response heads and small whole replies. Pure: text in, text out; who sends it is not known
// here. These allocate: they are made once per request, never per frame.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/multipart.hpp"
#include "http/request.hpp"

namespace ringcast::http {

/// What every reply has to know of its request.
struct ReplyContext {
    bool head_only = false;  ///< HEAD: the same head, no body
    bool http_1_0 = false;   ///< keep-alive must be spelled out to such a client
    bool keep_alive = false; ///< else the reply says that the connection is closed
    /// For Access-Control-Allow-Origin: the matching origin, "*", or empty for none.
    std::string_view allow_origin{};
    WallTime now{}; ///< for Date, which RFC 9110, 6.6.1, wants of every server with a clock
};
/// For the reply to `request`; `keep_alive` as the request wishes.
[[nodiscard]] ReplyContext reply_context(const Request& request, std::string_view allow_origin,
                                         WallTime now) noexcept;

/// The head of a stream and the beginning of its body: the first delimiter and, for the advance
/// variant, the first part's headers, so that the first span of frames can follow directly. Always
/// says that the connection closes at the end: proxies pass such a body on without delay.
[[nodiscard]] std::string stream_head(const Boundary& boundary, Variant variant,
                                      const ReplyContext& context);

/// The head of a single picture; the JPEG follows, unless `context.head_only`.
[[nodiscard]] std::string snapshot_head(const PartInfo& picture, const ReplyContext& context);

enum class ContentType : std::uint8_t { text, json, html, metrics };

/// A whole reply. `retry_after_seconds` above 0 adds Retry-After.
[[nodiscard]] std::string reply(int status, ContentType type, std::string_view body,
                                const ReplyContext& context, std::uint32_t retry_after_seconds = 0);
/// An error with a body of one line, which says what to do; control characters in it become blanks.
/// 405 lists the methods that are allowed.
[[nodiscard]] std::string error_reply(int status, std::string_view line,
                                      const ReplyContext& context,
                                      std::uint32_t retry_after_seconds = 0);
/// The answer to OPTIONS: 204, the methods, and what a browser asks before a cross-origin request.
[[nodiscard]] std::string options_reply(const ReplyContext& context);

/// "Not Found" for 404.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

} // namespace ringcast::http
