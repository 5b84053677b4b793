#include "http/response.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

struct Parsed {
    std::string status_line;
    std::string headers; ///< "\r\nName: value\r\n...": each between line ends, for searching
    std::string body;
};

Parsed parse(const std::string& text) {
    const std::size_t first = text.find("\r\n");
    const std::size_t end = text.find("\r\n\r\n");
    REQUIRE(end != std::string::npos);
    return {text.substr(0, first), text.substr(first, end + 2 - first), text.substr(end + 4)};
}

bool has(const Parsed& reply, const std::string& header) {
    return reply.headers.find("\r\n" + header + "\r\n") != std::string::npos;
}
bool names(const Parsed& reply, const std::string& name) {
    return reply.headers.find("\r\n" + name + ": ") != std::string::npos;
}

const Boundary boundary(3, 4);
const std::string delimiter = "--" + std::string(boundary.text()) + "\r\n";
const ReplyContext persistent{.keep_alive = true};

} // namespace

TEST_CASE("a stream's head says close, no caching and no buffering, and has no length") {
    const Parsed reply = parse(stream_head(boundary, Variant::standard, persistent));
    CHECK(reply.status_line == "HTTP/1.1 200 OK");
    CHECK(has(reply, "Connection: close"));
    CHECK(has(reply,
              "Content-Type: multipart/x-mixed-replace; boundary=" + std::string(boundary.text())));
    CHECK(has(reply, "Cache-Control: no-store, no-cache, must-revalidate, no-transform"));
    CHECK(has(reply, "Pragma: no-cache"));
    CHECK(has(reply, "X-Accel-Buffering: no"));
    CHECK(!names(reply, "Content-Length"));
    CHECK(!names(reply, "Transfer-Encoding"));
    CHECK(!names(reply, "Access-Control-Allow-Origin"));
}

TEST_CASE("an answer with events is neither buffered nor kept, and ends with the connection") {
    const Parsed reply = parse(events_head(persistent));
    CHECK(reply.status_line == "HTTP/1.1 200 OK");
    CHECK(has(reply, "Connection: close"));
    CHECK(has(reply, "Content-Type: text/event-stream"));
    CHECK(has(reply, "Cache-Control: no-store"));
    CHECK(has(reply, "X-Accel-Buffering: no"));
    CHECK(has(reply, "Cross-Origin-Resource-Policy: same-origin"));
    CHECK(!names(reply, "Content-Length"));
    CHECK(reply.body.empty());
}

TEST_CASE("a stream's body begins with the delimiter, and in the advance variant with headers") {
    CHECK(parse(stream_head(boundary, Variant::standard, {})).body == delimiter);
    CHECK(parse(stream_head(boundary, Variant::advance, {})).body ==
          delimiter + "Content-Type: image/jpeg\r\n\r\n");
}

TEST_CASE("HEAD has the same head and no body") {
    ReplyContext head = persistent;
    head.head_only = true;
    const Parsed stream = parse(stream_head(boundary, Variant::advance, head));
    CHECK(stream.body.empty());
    CHECK(stream.headers == parse(stream_head(boundary, Variant::advance, persistent)).headers);

    const Parsed status = parse(reply(200, ContentType::json, "{}", head));
    CHECK(status.body.empty());
    CHECK(has(status, "Content-Length: 2"));
}

TEST_CASE("a snapshot's head has the same headers as a part") {
    const WallTime captured(std::chrono::milliseconds(1'500));
    const Parsed reply = parse(
        snapshot_head({4711, captured, false}, std::chrono::microseconds(1'234'567), persistent));
    CHECK(reply.status_line == "HTTP/1.1 200 OK");
    CHECK(has(reply, "Content-Type: image/jpeg"));
    CHECK(has(reply, "Content-Length: 4711"));
    CHECK(has(reply, "X-Timestamp: 1.500000"));
    CHECK(has(reply, "X-Ringcast-Age: 1.235"));
    CHECK(has(reply, "Cache-Control: no-store, no-cache, must-revalidate, no-transform"));
    CHECK(!names(reply, "X-Ringcast-Signal"));
    CHECK(!names(reply, "Connection"));
    CHECK(reply.body.empty());
    const Parsed without_signal = parse(snapshot_head({1, captured, true, "unplugged"}, {}, {}));
    CHECK(has(without_signal, "X-Ringcast-Signal: none"));
    CHECK(has(without_signal, "X-Ringcast-Reason: unplugged"));
}

TEST_CASE("the heads of pictures list the servers that they come through") {
    CHECK(has(parse(stream_head(boundary, Variant::standard, persistent, "a, b")),
              "X-Ringcast-Via: a, b"));
    CHECK(has(parse(snapshot_head({}, {}, persistent, "a, b")), "X-Ringcast-Via: a, b"));
    CHECK(!names(parse(stream_head(boundary, Variant::standard, persistent)), "X-Ringcast-Via"));
    CHECK(!names(parse(snapshot_head({}, {}, persistent)), "X-Ringcast-Via"));
}

TEST_CASE("the Connection header follows keep-alive and the client's HTTP version") {
    CHECK(!names(parse(reply(200, ContentType::text, "", {.keep_alive = true})), "Connection"));
    CHECK(has(parse(reply(200, ContentType::text, "", {.http_1_0 = true, .keep_alive = true})),
              "Connection: keep-alive"));
    CHECK(has(parse(reply(200, ContentType::text, "", {.http_1_0 = true})), "Connection: close"));
    CHECK(has(parse(reply(200, ContentType::text, "", {})), "Connection: close"));
}

TEST_CASE("replies have their type, length and body") {
    const Parsed json = parse(reply(200, ContentType::json, "{\"a\":1}", persistent));
    CHECK(has(json, "Content-Type: application/json"));
    CHECK(has(json, "Content-Length: 7"));
    CHECK(has(json, "Cache-Control: no-store"));
    CHECK(json.body == "{\"a\":1}");
    CHECK(has(parse(reply(200, ContentType::html, "", {})),
              "Content-Type: text/html; charset=utf-8"));
    CHECK(has(parse(reply(200, ContentType::metrics, "", {})),
              "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
}

TEST_CASE("an error is one line of text") {
    const Parsed error = parse(error_reply(404, "There is no such stream.", {}));
    CHECK(error.status_line == "HTTP/1.1 404 Not Found");
    CHECK(has(error, "Content-Type: text/plain; charset=utf-8"));
    CHECK(error.body == "There is no such stream.\n");
    CHECK(!names(error, "Allow"));
    CHECK(!names(error, "Retry-After"));
}

TEST_CASE("an error is one line even if its text contains control characters") {
    CHECK(parse(error_reply(503, "no signal: a\r\nb\tc", {})).body == "no signal: a  b c\n");
}

TEST_CASE("405 lists the allowed methods, and 503 has Retry-After") {
    CHECK(has(parse(error_reply(405, "No.", {})), "Allow: GET, HEAD, OPTIONS"));
    const Parsed busy = parse(error_reply(503, "Full.", {}, {.retry_after_seconds = 5}));
    CHECK(busy.status_line == "HTTP/1.1 503 Service Unavailable");
    CHECK(has(busy, "Retry-After: 5"));
}

TEST_CASE("every reply names the server and its version") {
    ReplyContext context = persistent;
    context.version = "1.2.3";
    for (const std::string& text :
         {stream_head(boundary, Variant::standard, context), snapshot_head({}, {}, context),
          reply(200, ContentType::json, "{}", context), error_reply(400, "No.", context),
          options_reply(context)}) {
        CHECK(has(parse(text), "Server: ringcast/1.2.3"));
    }
}

TEST_CASE("every reply forbids browsers to guess its type") {
    for (const std::string& text :
         {stream_head(boundary, Variant::standard, persistent), snapshot_head({}, {}, persistent),
          reply(200, ContentType::json, "{}", persistent), error_reply(400, "No.", persistent),
          options_reply(persistent)}) {
        CHECK(has(parse(text), "X-Content-Type-Options: nosniff"));
    }
}

TEST_CASE("pages of any origin may embed pictures, and no other reply") {
    for (const std::string& text : {stream_head(boundary, Variant::standard, persistent),
                                    snapshot_head({}, {}, persistent)}) {
        CHECK(has(parse(text), "Cross-Origin-Resource-Policy: cross-origin"));
    }
    for (const std::string& text : {reply(200, ContentType::json, "{}", persistent),
                                    error_reply(503, "No signal.", persistent)}) {
        CHECK(has(parse(text), "Cross-Origin-Resource-Policy: same-origin"));
    }
}

TEST_CASE("a reply has a content security policy when it is given one") {
    CHECK(!names(parse(reply(200, ContentType::html, "", persistent)), "Content-Security-Policy"));
    CHECK(has(parse(reply(200, ContentType::html, "", persistent,
                          {.content_security_policy = "default-src 'none'"})),
              "Content-Security-Policy: default-src 'none'"));
}

TEST_CASE("a reply that never changes may be kept for a year, in either form") {
    const std::string plain = reply_head(200, ContentType::style, 7, {}, {.immutable = true});
    CHECK(plain.find("Content-Type: text/css; charset=utf-8\r\n") != std::string::npos);
    CHECK(plain.find("Cache-Control: public, max-age=31536000, immutable\r\n") !=
          std::string::npos);
    CHECK(plain.find("Vary: Accept-Encoding\r\n") != std::string::npos);
    CHECK(plain.find("no-store") == std::string::npos);
    CHECK(plain.find("Content-Encoding") == std::string::npos);
    const std::string compressed =
        reply_head(200, ContentType::script, 7, {}, {.immutable = true, .gzip = true});
    CHECK(compressed.find("Content-Type: text/javascript; charset=utf-8\r\n") != std::string::npos);
    CHECK(compressed.find("Content-Encoding: gzip\r\n") != std::string::npos);
    CHECK(compressed.find("Vary: Accept-Encoding\r\n") != std::string::npos);
}

TEST_CASE("an allowed origin is named in the reply; a wildcard needs no Vary") {
    ReplyContext context = persistent;
    context.allow_origin = "http://ui.example";
    for (const std::string& text :
         {stream_head(boundary, Variant::standard, context), snapshot_head({}, {}, context),
          reply(200, ContentType::json, "{}", context), options_reply(context)}) {
        CHECK(has(parse(text), "Access-Control-Allow-Origin: http://ui.example"));
        CHECK(has(parse(text), "Vary: Origin"));
    }
    // A cache must not reuse the reply to a request without origin for one with an origin.
    CHECK(has(parse(snapshot_head({}, {}, persistent)), "Vary: Origin"));
    CHECK(has(parse(error_reply(404, "None.", persistent)), "Vary: Origin"));
    context.allow_origin = "*";
    const Parsed open = parse(stream_head(boundary, Variant::standard, context));
    CHECK(has(open, "Access-Control-Allow-Origin: *"));
    CHECK(!names(open, "Vary"));
}

TEST_CASE("OPTIONS is answered without a body, with CORS headers only for an allowed origin") {
    const Parsed plain = parse(options_reply(persistent));
    CHECK(plain.status_line == "HTTP/1.1 204 No Content");
    CHECK(has(plain, "Allow: GET, HEAD, OPTIONS"));
    CHECK(!names(plain, "Content-Length")); // RFC 9110, 8.6: not allowed with 204
    CHECK(!names(plain, "Access-Control-Allow-Methods"));
    CHECK(plain.body.empty());

    ReplyContext context = persistent;
    context.allow_origin = "http://ui.example";
    CHECK(has(parse(options_reply(context)), "Access-Control-Allow-Methods: GET, HEAD"));
}

TEST_CASE("OPTIONS lists PUT where the resource has it, for pages that may send it") {
    ReplyContext context = persistent;
    context.allow_origin = "http://ui.example";
    const Parsed own = parse(options_reply(context, {.put = true}));
    CHECK(has(own, "Allow: GET, HEAD, OPTIONS, PUT"));
    CHECK(has(own, "Access-Control-Allow-Methods: GET, HEAD"));
    const Parsed listed = parse(options_reply(context, {.put = true, .put_across = true}));
    CHECK(has(listed, "Access-Control-Allow-Methods: GET, HEAD, PUT"));
    const Parsed without = parse(options_reply(context, {.put_across = true}));
    CHECK(has(without, "Allow: GET, HEAD, OPTIONS"));
    CHECK(has(without, "Access-Control-Allow-Methods: GET, HEAD"));
}

TEST_CASE("the context of a reply is taken from its request") {
    Request request;
    request.method = Method::head;
    request.http_1_0 = true;
    request.keep_alive = true;
    const ReplyContext context = reply_context(request, "*", {});
    CHECK(context.head_only);
    CHECK(context.http_1_0);
    CHECK(context.keep_alive);
    CHECK(context.allow_origin == "*");
}

} // namespace ringcast::http

TEST_CASE("every reply has a Date header") {
    using namespace ringcast::http;
    ReplyContext context;
    context.now = ringcast::WallTime(std::chrono::seconds(784'111'777));
    constexpr std::string_view date = "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    CHECK(reply(200, ContentType::text, "ok", context).find(date) != std::string::npos);
    CHECK(options_reply(context).find(date) != std::string::npos);
    context.now =
        ringcast::WallTime(std::chrono::seconds(951'782'400) + std::chrono::milliseconds(999));
    constexpr std::string_view leap_day = "\r\nDate: Tue, 29 Feb 2000 00:00:00 GMT\r\n";
    CHECK(reply(200, ContentType::text, "ok", context).find(leap_day) != std::string::npos);
    // The ends of the range that the engine's clock is limited to.
    context.now = ringcast::WallTime{};
    constexpr std::string_view first = "\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    CHECK(reply(200, ContentType::text, "ok", context).find(first) != std::string::npos);
    context.now = ringcast::WallTime::max();
    constexpr std::string_view last = "\r\nDate: Fri, 11 Apr 2262 23:47:16 GMT\r\n";
    CHECK(reply(200, ContentType::text, "ok", context).find(last) != std::string::npos);
}
