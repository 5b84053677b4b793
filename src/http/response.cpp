#include "http/response.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/core.h>

#include "base/assert.hpp"

namespace ringcast::http {
namespace {

constexpr std::string_view allowed_methods = "GET, HEAD, OPTIONS";
constexpr std::string_view allowed_methods_and_put = "GET, HEAD, OPTIONS, PUT";

void add_header(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

/// "Sun, 06 Nov 1994 08:49:37 GMT". RFC 9110, 5.6.7.
std::string date_text(WallTime time) {
    constexpr std::array weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_time<Duration> since_epoch(time.time_since_epoch());
    const auto day = std::chrono::floor<std::chrono::days>(since_epoch);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(since_epoch - day));
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        weekdays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
        months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

// The beginning of every head.
void add_status_line(std::string& head, int status, const ReplyContext& context) {
    // RFC 9112, 2.3: the version is the server's own, for HTTP/1.0 clients too.
    head.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
    head.append(reason_phrase(status)).append("\r\n");
    add_header(head, "Date", date_text(context.now));
    head.append("Server: ringcast/").append(context.version).append("\r\n");
    add_header(head, "X-Content-Type-Options", "nosniff");
}

// Who may use a reply that it can't read, as a page uses the picture of an <img>. Pictures are for
// pages anywhere, even for those that embed nothing without this header; everything else is for
// this server's own page. Scripts that may read a reply (CORS) are not affected.
void add_resource_policy(std::string& head, std::string_view policy) {
    add_header(head, "Cross-Origin-Resource-Policy", policy);
}

void add_connection(std::string& head, const ReplyContext& context) {
    if (!context.keep_alive) {
        add_header(head, "Connection", "close");
    } else if (context.http_1_0) {
        add_header(head, "Connection", "keep-alive");
    }
}

void add_cors(std::string& head, const ReplyContext& context) {
    // A reply without Access-Control-Allow-Origin depends on the request's origin, too.
    if (context.allow_origin != "*") {
        add_header(head, "Vary", "Origin");
    }
    if (context.allow_origin.empty()) {
        return;
    }
    add_header(head, "Access-Control-Allow-Origin", context.allow_origin);
    // Without this, scripts of another origin can't read these headers.
    add_header(head, "Access-Control-Expose-Headers",
               "X-Timestamp, X-Ringcast-Age, X-Ringcast-Rendition, X-Ringcast-Signal, "
               "X-Ringcast-Reason");
}

// Live pictures must be neither cached nor transformed. Pragma and Expires are for HTTP/1.0 caches.
void add_live(std::string& head) {
    add_header(head, "Cache-Control", "no-store, no-cache, must-revalidate, no-transform");
    add_header(head, "Pragma", "no-cache");
    add_header(head, "Expires", "0");
}

// Without this, nginx and proxies that honour the same header buffer the body.
void add_unbuffered(std::string& head) {
    add_header(head, "X-Accel-Buffering", "no");
}

void add_via(std::string& head, std::string_view via) {
    if (!via.empty()) {
        add_header(head, "X-Ringcast-Via", via);
    }
}

void add_caching(std::string& head, const ReplyOptions& options) {
    if (!options.immutable) {
        return add_header(head, "Cache-Control", "no-store");
    }
    add_header(head, "Cache-Control", "public, max-age=31536000, immutable"); // a year
    add_header(head, "Vary", "Accept-Encoding");
    if (options.gzip) {
        add_header(head, "Content-Encoding", "gzip");
    }
}

std::string_view content_type_text(ContentType type) noexcept {
    switch (type) {
    case ContentType::text:
        return "text/plain; charset=utf-8";
    case ContentType::json:
        return "application/json";
    case ContentType::html:
        return "text/html; charset=utf-8";
    case ContentType::metrics:
        return "text/plain; version=0.0.4; charset=utf-8";
    case ContentType::style:
        return "text/css; charset=utf-8";
    case ContentType::script:
        return "text/javascript; charset=utf-8";
    }
    return {};
}

} // namespace

ReplyContext reply_context(const Request& request, std::string_view allow_origin,
                           WallTime now) noexcept {
    return {.head_only = request.method == Method::head,
            .http_1_0 = request.http_1_0,
            .keep_alive = request.keep_alive,
            .allow_origin = allow_origin,
            .now = now};
}

std::string stream_head(const Boundary& boundary, Variant variant, const ReplyContext& context,
                        std::string_view via) {
    std::string head;
    head.reserve(768);
    add_status_line(head, 200, context);
    // Neither Content-Length nor chunks: the end of the connection ends the body. Proxies that
    // decode chunks hold back each frame until the next one arrives.
    add_header(head, "Connection", "close");
    head.append("Content-Type: multipart/x-mixed-replace; boundary=")
        .append(boundary.text())
        .append("\r\n");
    add_live(head);
    add_unbuffered(head);
    add_via(head, via);
    add_resource_policy(head, "cross-origin");
    add_cors(head, context);
    head.append("\r\n");
    if (!context.head_only) {
        head.append("--").append(boundary.text()).append("\r\n");
        if (variant == Variant::advance) {
            head.append(PartTail::advance_headers);
        }
    }
    return head;
}

std::string events_head(const ReplyContext& context) {
    std::string head;
    add_status_line(head, 200, context);
    add_header(head, "Connection", "close"); // as of a stream, and for the same reason
    add_header(head, "Content-Type", "text/event-stream");
    add_header(head, "Cache-Control", "no-store");
    add_unbuffered(head);
    add_resource_policy(head, "same-origin");
    add_cors(head, context);
    return head.append("\r\n");
}

std::string snapshot_head(const PartInfo& picture, Duration age, const ReplyContext& context,
                          std::string_view via) {
    std::string head;
    head.reserve(768);
    add_status_line(head, 200, context);
    add_connection(head, context);
    add_live(head);
    add_via(head, via);
    add_header(head, "X-Ringcast-Age",
               fmt::format("{:.3f}", std::chrono::duration<double>(age).count()));
    add_resource_policy(head, "cross-origin");
    add_cors(head, context);
    // The rest is the same as a part header, including the empty line.
    std::array<std::byte, part_header_bytes_max> part{};
    const std::size_t bytes = write_part_header(part, picture);
    return head.append(as_text(ConstByteSpan(part).last(bytes)));
}

std::string reply_head(int status, ContentType type, std::size_t body_bytes,
                       const ReplyContext& context, const ReplyOptions& options) {
    std::string head;
    head.reserve(1024);
    add_status_line(head, status, context);
    add_connection(head, context);
    add_header(head, "Content-Type", content_type_text(type));
    add_header(head, "Content-Length", std::to_string(body_bytes));
    add_caching(head, options);
    add_resource_policy(head, "same-origin");
    if (type == ContentType::html) {
        add_header(head, "Referrer-Policy", "no-referrer"); // an address may contain a token
    }
    if (!options.content_security_policy.empty()) {
        add_header(head, "Content-Security-Policy", options.content_security_policy);
    }
    if (!options.authenticate.empty()) {
        add_header(head, "WWW-Authenticate", options.authenticate);
    }
    if (status == 405) {
        add_header(head, "Allow", allowed_methods);
    }
    if (options.retry_after_seconds > 0) {
        add_header(head, "Retry-After", std::to_string(options.retry_after_seconds));
    }
    add_cors(head, context);
    return head.append("\r\n");
}

std::string reply(int status, ContentType type, std::string_view body, const ReplyContext& context,
                  const ReplyOptions& options) {
    std::string text = reply_head(status, type, body.size(), context, options);
    if (!context.head_only) {
        text.append(body);
    }
    return text;
}

std::string error_reply(int status, std::string_view line, const ReplyContext& context,
                        const ReplyOptions& options) {
    RINGCAST_ASSERT(status >= 400);
    std::string body(line);
    // The reason for a lost signal may be text from outside and must stay on one line.
    std::replace_if(
        body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    body += '\n';
    return reply(status, ContentType::text, body, context, options);
}

std::string options_reply(const ReplyContext& context, PutPolicy policy) {
    std::string text;
    add_status_line(text, 204, context);
    add_connection(text, context);
    add_header(text, "Allow", policy.put ? allowed_methods_and_put : allowed_methods);
    add_cors(text, context);
    if (!context.allow_origin.empty()) {
        add_header(text, "Access-Control-Allow-Methods",
                   policy.put && policy.put_across ? "GET, HEAD, PUT" : "GET, HEAD");
        // "*" does not include Authorization (Fetch standard, CORS-non-wildcard request-header name).
        add_header(text, "Access-Control-Allow-Headers", "*, Authorization");
        // Two hours, the most that browsers accept. Without it, each poll for a snapshot is
        // preceded by a preflight request.
        add_header(text, "Access-Control-Max-Age", "7200");
    }
    return text.append("\r\n");
}

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 421:
        return "Misdirected Request";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    case 508:
        return "Loop Detected"; // RFC 5842, 7.2
    default:
        return "Unknown"; // RFC 9112, 4: clients should ignore the phrase
    }
}

} // namespace ringcast::http
