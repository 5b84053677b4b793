#include "http/request.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

namespace ringcast::http {
namespace {

// Passes `bytes` to the reader in pieces of at most `chunk_bytes` until a head is complete or
// rejected; returns the bytes not passed.
std::string_view feed(RequestReader& reader, std::string_view bytes, std::size_t chunk_bytes) {
    while (!bytes.empty() && reader.state() == ParseState::need_more) {
        const ByteSpan space = reader.free_space();
        REQUIRE(!space.empty());
        const std::size_t count = std::min({bytes.size(), space.size(), chunk_bytes});
        std::memcpy(space.data(), bytes.data(), count);
        bytes.remove_prefix(count);
        reader.consume(count);
    }
    return bytes;
}

constexpr std::size_t whole = RequestReader::head_bytes_max;

int status_of(std::string_view bytes, std::size_t chunk_bytes) {
    RequestReader reader;
    feed(reader, bytes, chunk_bytes);
    switch (reader.state()) {
    case ParseState::need_more:
        return 0;
    case ParseState::complete:
        return 200;
    case ParseState::error:
        CHECK(!reader.error().text.empty());
        return reader.error().status;
    }
    return -1;
}

// The status of a rejected head, 200 for an accepted one, 0 when more bytes are needed. Checks that
// it does not depend on how the bytes are split.
int status_of(std::string_view bytes) {
    const int status = status_of(bytes, whole);
    for (const std::size_t chunk_bytes : {1U, 2U, 3U, 7U, 64U, 1000U, 4096U}) {
        CHECK(status_of(bytes, chunk_bytes) == status);
    }
    return status;
}

std::string with_headers(std::string_view headers) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

std::string with_target(std::string_view target) {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

} // namespace

TEST_CASE("method, target and headers are parsed however the request is split") {
    const std::size_t chunk_bytes = GENERATE(1U, 2U, 5U, 33U, whole);
    RequestReader reader;
    CHECK(reader.idle());
    feed(reader,
         "HEAD /printer/snapshot?max_age_ms=5&x=%20 HTTP/1.1\r\nHost: cam.local:8080\r\n"
         "ACCEPT:  image/avif,*/*;q=0.8 \t\r\nOrigin: http://a.example\r\nX-Other:\r\n"
         "User-Agent: test/1 (a; b)\r\nAccess-Control-Request-Method: GET\r\n"
         "x-ringcast-via: 0a, 1b\r\nLast-Event-ID: a-7\r\n\r\n",
         chunk_bytes);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(!reader.idle());
    const Request& request = reader.request();
    CHECK(request.method == Method::head);
    CHECK(request.path == "/printer/snapshot");
    CHECK(request.query == "max_age_ms=5&x=%20");
    CHECK(request.host == "cam.local:8080");
    CHECK(request.accept == "image/avif,*/*;q=0.8");
    CHECK(request.origin == "http://a.example");
    CHECK(request.user_agent == "test/1 (a; b)");
    CHECK(request.access_control_request_method == "GET");
    CHECK(request.via == "0a, 1b");
    CHECK(request.last_event_id == "a-7");
    CHECK(request.keep_alive);
    CHECK(!request.http_1_0);
}

TEST_CASE("absent headers are empty, and the first of repeated headers is used") {
    RequestReader reader;
    feed(reader, with_headers("Accept: one\r\nAccept: two\r\n"), whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.request().accept == "one");
    CHECK(reader.request().origin.empty());
    CHECK(reader.request().query.empty());
}

TEST_CASE("all values of Forwarded and X-Forwarded-For are kept in their order") {
    RequestReader reader;
    const std::string text = with_headers("X-Forwarded-For: 203.0.113.7, 198.51.100.1\r\n"
                                          "forwarded: for=_first\r\n"
                                          "X-FORWARDED-FOR:\r\n"
                                          "x-forwarded-for:  192.0.2.1 \r\n"
                                          "Forwarded: for=192.0.2.2\r\n");
    const std::size_t chunk_bytes = GENERATE(std::size_t{1}, whole);
    feed(reader, text, chunk_bytes);
    REQUIRE(reader.state() == ParseState::complete);
    using Values = std::vector<std::string_view>;
    const auto values = [](const HeaderValues& header) {
        return Values(header.all().begin(), header.all().end());
    };
    CHECK(values(reader.request().x_forwarded_for) ==
          Values{"203.0.113.7, 198.51.100.1", "192.0.2.1"});
    CHECK(values(reader.request().forwarded) == Values{"for=_first", "for=192.0.2.2"});
    // The next request has none.
    reader.next();
    feed(reader, with_headers(""), whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.request().forwarded.all().empty());
    CHECK(reader.request().x_forwarded_for.all().empty());
}

TEST_CASE("eight values of Forwarded or X-Forwarded-For are accepted, and nine are rejected") {
    const std::string name = GENERATE("Forwarded", "X-Forwarded-For");
    std::string headers;
    for (int i = 0; i < 8; ++i) {
        headers += name + ": unknown\r\n";
    }
    CHECK(status_of(with_headers(headers)) == 200);
    CHECK(status_of(with_headers(headers + "Via: 1.1 proxy\r\n")) == 200);
    CHECK(status_of(with_headers(headers + name + ": unknown\r\n")) == 400);
}

TEST_CASE("keep-alive follows version and Connection header") {
    const auto keep_alive = [](std::string_view bytes) {
        RequestReader reader;
        feed(reader, bytes, whole);
        REQUIRE(reader.state() == ParseState::complete);
        return reader.request().keep_alive;
    };
    CHECK(keep_alive(with_headers("")));
    CHECK(!keep_alive(with_headers("Connection: close\r\n")));
    CHECK(!keep_alive(with_headers("Connection: foo, Close\r\n")));
    CHECK(!keep_alive("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keep_alive("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
}

TEST_CASE("close wins over keep-alive in any order and in either version") {
    for (const std::string version : {"1.0", "1.1"}) {
        for (const std::string headers :
             {"Connection: keep-alive, close\r\n", "Connection: close, keep-alive\r\n",
              "Connection: keep-alive,CLOSE\r\n", "Connection: keep-alive\t,\tclose\r\n",
              "Connection: keep-alive\r\nConnection: close\r\n",
              "Connection: close\r\nConnection: keep-alive\r\n", "Connection: ,close,\r\n"}) {
            CAPTURE(version, headers);
            RequestReader reader;
            feed(reader, "GET / HTTP/" + version + "\r\nHost: a\r\n" + headers + "\r\n", whole);
            REQUIRE(reader.state() == ParseState::complete);
            CHECK(!reader.request().keep_alive);
        }
    }
}

TEST_CASE("a connection option is compared whole") {
    for (const std::string value : {"closed", "close;x", "not close", "\"close\"", "", ","}) {
        CAPTURE(value);
        RequestReader reader;
        feed(reader, with_headers("Connection: " + value + "\r\n"), whole);
        REQUIRE(reader.state() == ParseState::complete);
        CHECK(reader.request().keep_alive);
    }
}

TEST_CASE("a reader knows that a request is HEAD as soon as its method has been received") {
    const std::size_t chunk_bytes = GENERATE(1U, whole);
    const auto head_only = [chunk_bytes](std::string_view bytes) {
        RequestReader reader;
        feed(reader, bytes, chunk_bytes);
        return reader.head_only();
    };
    CHECK(head_only("HEAD /"));
    CHECK(head_only("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(head_only("\r\n\r\nHEAD / HTTP/1.1\r\nHost"));
    CHECK(head_only("HEAD / HTTP/1.1\r\n\r\n"));
    CHECK(head_only("HEAD / HTTP/2.0\r\n\r\n"));
    CHECK(head_only("HEAD x HTTP/1.1\r\n\r\n"));
    CHECK(head_only("HEAD /" + std::string(RequestReader::target_bytes_max + 100, 'a')));
    CHECK(!head_only("HEAD"));
    CHECK(!head_only("HEADS / HTTP/1.1\r\n\r\n"));
    CHECK(!head_only("GET /HEAD HTTP/1.1\r\nHEAD : a\r\n\r\n"));
    CHECK(!head_only("\r\nHEAX / HTTP/1.1\r\n\r\n"));
}

TEST_CASE("each of several pipelined requests is HEAD by its own method") {
    RequestReader reader;
    feed(reader, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nHEAD / ",
         whole);
    CHECK(reader.head_only());
    CHECK(reader.next() == ParseState::complete);
    CHECK(!reader.head_only());
    CHECK(reader.next() == ParseState::need_more);
    CHECK(reader.head_only());
}

TEST_CASE("HTTP/1.0 works without a Host header") {
    RequestReader reader;
    feed(reader, "GET /stream HTTP/1.0\r\n\r\n", whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.request().http_1_0);
    CHECK(reader.request().path == "/stream");
}

TEST_CASE("absolute targets lose their scheme and authority") {
    const auto path_and_query = [](std::string_view target) {
        RequestReader reader;
        feed(reader, with_target(target), whole);
        REQUIRE(reader.state() == ParseState::complete);
        return std::string(reader.request().path) + "|" + std::string(reader.request().query);
    };
    CHECK(path_and_query("http://cam:8080/stream?fps=5") == "/stream|fps=5");
    CHECK(path_and_query("HTTPS://cam") == "/|");
    CHECK(path_and_query("http://cam?action=stream") == "/|action=stream");
    CHECK(path_and_query("/?action=stream?x") == "/|action=stream?x");
    CHECK(path_and_query("//double") == "//double|");
    CHECK(status_of(with_target("ftp://cam/stream")) == 400);
    CHECK(status_of(with_target("stream")) == 400);
    CHECK(status_of(with_target("cam:80")) == 400);
}

TEST_CASE("the host of an absolute target replaces that of the Host header") {
    const auto host_for = [](std::string_view target) {
        RequestReader reader;
        feed(reader, with_target(target), whole);
        REQUIRE(reader.state() == ParseState::complete);
        return std::string(reader.request().host);
    };
    CHECK(host_for("/stream") == "a");
    CHECK(host_for("http://cam:8080/stream") == "cam:8080");
    CHECK(host_for("https://[::1]?x") == "[::1]");
}

TEST_CASE("a host that is invalid is rejected in the Host header and in an absolute target") {
    // What is valid is tested in authority.tests.cpp.
    struct Case {
        std::string host;
        int status;
    };
    const std::vector<Case> cases = {
        {"cam.local", 200},   {"cam.local:8080", 200}, {"cam.local.", 200}, {"[2001:db8::1]", 200},
        {"[::1]:80", 200},    {"[v1.a]", 200},         {"cam:", 200},       {"", 400},
        {".", 400},           {"cam..local", 400},     {"cam:0", 400},      {"cam:65536", 400},
        {"cam:80:80", 400},   {"[::1", 400},           {"x[::1]", 400},     {"[::1].", 400},
        {"[fe80::1%a]", 400}, {"user@cam", 400},       {"cam\\x", 400},     {"cam%41", 400},
    };
    for (const Case& one : cases) {
        CAPTURE(one.host);
        CHECK(status_of("GET / HTTP/1.1\r\nHost: " + one.host + "\r\n\r\n") == one.status);
        CHECK(status_of("GET / HTTP/1.0\r\nHost: " + one.host + "\r\n\r\n") == one.status);
        CHECK(status_of(with_target("http://" + one.host + "/stream")) == one.status);
        CHECK(status_of(with_target("http://" + one.host)) == one.status);
        CHECK(status_of(with_target("https://" + one.host + "?a=b")) == one.status);
    }
    // The Host header must be valid even where the target has a host.
    CHECK(status_of("GET http://cam/ HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
    CHECK(status_of("GET http://cam/ HTTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("an asterisk is a valid target for OPTIONS only") {
    CHECK(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    CHECK(status_of("GET * HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE(
    "known methods other than GET, HEAD, OPTIONS and PUT are rejected with 405, others with 501") {
    CHECK(status_of("PUT / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
    for (const std::string method : {"POST", "DELETE", "CONNECT", "TRACE", "PATCH"}) {
        CAPTURE(method);
        CHECK(status_of(method + " / HTTP/1.1\r\nHost: a\r\n\r\n") == 405);
    }
    CHECK(status_of("CONNECT cam:80 HTTP/1.1\r\nHost: a\r\n\r\n") == 405);
    for (const std::string method :
         {"BREW", "get", "GETS", "QUERY", "SOURCE", "PRI", "M-SEARCH", "PROPFIND"}) {
        CAPTURE(method);
        CHECK(status_of(method + " / HTTP/1.1\r\nHost: a\r\n\r\n") == 501);
    }
    CHECK(status_of("G(T / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("later minor versions of HTTP/1 are served like HTTP/1.1") {
    for (const std::string version : {"1.2", "1.3", "1.9"}) {
        CAPTURE(version);
        CHECK(status_of("GET / HTTP/" + version + "\r\nHost: a\r\n\r\n") == 200);
        CHECK(status_of("GET / HTTP/" + version + "\r\n\r\n") == 400); // Host is required
        RequestReader reader;
        feed(reader, "GET / HTTP/" + version + "\r\nHost: a\r\n\r\n", whole);
        REQUIRE(reader.state() == ParseState::complete);
        CHECK(!reader.request().http_1_0);
        CHECK(reader.request().keep_alive);
    }
}

TEST_CASE("other major versions are rejected") {
    CHECK(status_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
    CHECK(status_of("GET / HTTP/1.10\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/0.9\r\n\r\n") == 505);
    CHECK(status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
    CHECK(status_of("GET / HTTP/11\r\n\r\n") == 400);
    CHECK(status_of("GET / http/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / RTSP/1.0\r\n\r\n") == 400);
    CHECK(status_of("GET /\r\n\r\n") == 400);
}

TEST_CASE("a protocol other than HTTP is rejected at its first byte") {
    CHECK(status_of("\x16\x03\x01") == 400);
    CHECK(status_of(std::string(1, '\0')) == 400);
}

TEST_CASE("malformed request lines are rejected") {
    CHECK(status_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1 \r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of(" GET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of(with_target("/a b")) == 400);
    CHECK(status_of(with_target("/a\tb")) == 400);
    CHECK(status_of(with_target("/a\xC3\xA4")) == 400);
    CHECK(status_of(with_target("/a#b")) == 400);
}

TEST_CASE("line ends other than CR LF are rejected") {
    CHECK(status_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\n\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\rHost: a\r\r") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n") == 400);
}

TEST_CASE("empty lines before a request are ignored") {
    CHECK(status_of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 200);
}

TEST_CASE("control characters and NUL are rejected anywhere") {
    CHECK(status_of(with_headers(std::string("X: a\0b\r\n", 8))) == 400);
    CHECK(status_of(with_headers("X: a\x01\r\n")) == 400);
    CHECK(status_of(with_headers("X: a\x7F\r\n")) == 400);
    CHECK(status_of(with_headers("X: a\tb\r\n")) == 200);
    CHECK(status_of(with_headers("X: \xC3\xA4\r\n")) == 200);
}

TEST_CASE("malformed headers are rejected") {
    CHECK(status_of(with_headers("Name : value\r\n")) == 400);
    CHECK(status_of(with_headers("Na me: value\r\n")) == 400);
    CHECK(status_of(with_headers(": value\r\n")) == 400);
    CHECK(status_of(with_headers("no colon\r\n")) == 400);
    CHECK(status_of(with_headers("N\xC3\xA4me: value\r\n")) == 400);
    CHECK(status_of(with_headers("(Name): value\r\n")) == 400);
}

TEST_CASE("headers that continue on the next line are rejected") {
    CHECK(status_of(with_headers("X: a\r\n b\r\n")) == 400);
    CHECK(status_of(with_headers("X: a\r\n\tb\r\n")) == 400);
    CHECK(status_of(with_headers("X:\r\n b\r\n")) == 400);
    CHECK(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == 400);
}

TEST_CASE("an HTTP/1.1 request must have exactly one Host") {
    CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    CHECK(status_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("a request that announces a body is rejected") {
    CHECK(status_of(with_headers("Content-Length: 1\r\n")) == 413);
    CHECK(status_of(with_headers("Content-Length: 007\r\n")) == 413);
    CHECK(status_of(with_headers("Transfer-Encoding: chunked\r\n")) == 413);
    CHECK(status_of(with_headers("Transfer-Encoding: gzip\r\n")) == 413);
}

TEST_CASE("a Content-Length of zero is accepted") {
    CHECK(status_of(with_headers("Content-Length: 0\r\n")) == 200);
    CHECK(status_of(with_headers("Content-Length:0 \r\n")) == 200);
}

TEST_CASE("repeated, conflicting or non-numeric lengths are rejected as malformed") {
    CHECK(status_of(with_headers("Content-Length: 0\r\nContent-Length: 0\r\n")) == 400);
    CHECK(status_of(with_headers("Content-Length: 1\r\nContent-Length: 2\r\n")) == 400);
    CHECK(status_of(with_headers("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(with_headers("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")) == 400);
    CHECK(status_of(with_headers("Transfer-Encoding: chunked\r\n"
                                 "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")) == 400);
    for (const std::string value : {"", "+0", "-1", "0x0", "0, 0", "1 2", "99999999999999999999"}) {
        CAPTURE(value);
        CHECK(status_of(with_headers("Content-Length: " + value + "\r\n")) == 400);
    }
}

// --- bodies ---

namespace {

std::string put(std::string_view headers) {
    return "PUT /controls HTTP/1.1\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

} // namespace

TEST_CASE("a PUT is complete with its head, which says what body follows") {
    const std::size_t chunk_bytes = GENERATE(1U, 10U, whole);
    const auto read = [&](std::string_view bytes) {
        auto reader = std::make_unique<RequestReader>();
        feed(*reader, bytes, chunk_bytes);
        REQUIRE(reader->state() == ParseState::complete);
        CHECK(reader->request().method == Method::put);
        return reader;
    };
    auto reader = read(put("Content-Type: application/json; a=b\r\nContent-Length: 0012\r\n"
                           "Expect: 100-Continue\r\n"));
    CHECK(reader->request().body == BodyKind::sized);
    CHECK(reader->request().body_bytes == 12);
    CHECK(reader->request().content_type == "application/json; a=b");
    CHECK(reader->request().expects_continue);
    CHECK(reader->body_unread());
    reader = read(put("Content-Length: 0\r\n"));
    CHECK(reader->request().body == BodyKind::sized);
    CHECK(reader->request().body_bytes == 0);
    CHECK_FALSE(reader->request().expects_continue);
    CHECK_FALSE(reader->body_unread());
    CHECK(reader->body().empty());
    reader = read(put(""));
    CHECK(reader->request().body == BodyKind::none);
    CHECK_FALSE(reader->body_unread());
    for (const std::string_view encoding : {"chunked", "gzip", "gzip, chunked"}) {
        reader = read(put("Transfer-Encoding: " + std::string(encoding) + "\r\n"));
        CHECK(reader->request().body == BodyKind::chunked);
        CHECK(reader->body_unread());
    }
    reader = read(put("Content-Length: 18446744073709551615\r\n"));
    CHECK(reader->request().body_bytes > RequestReader::body_bytes_max);
    CHECK(reader->body_unread());
    reader = read("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    CHECK_FALSE(reader->request().expects_continue); // RFC 9110, 10.1.1
}

TEST_CASE("the lengths of a PUT are as strictly read as those of other requests") {
    CHECK(status_of(put("Content-Length: 1\r\nContent-Length: 1\r\n")) == 400);
    CHECK(status_of(put("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")) == 400);
    CHECK(status_of(put("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")) == 400);
    CHECK(status_of(put("Content-Length: 1, 1\r\n")) == 400);
    CHECK(status_of(put("Content-Length: 0x1\r\n")) == 400);
    CHECK(status_of(put("Content-Length: 18446744073709551616\r\n")) == 400);
}

TEST_CASE("a body ends where the head says, wherever the receives are split") {
    const std::string body = "GET /body HTTP/1.1\r\nHost: b\r\n\r\n\n\x01{}";
    const std::string bytes = put("Content-Length: " + std::to_string(body.size()) + "\r\n") +
                              body + "GET /behind HTTP/1.1\r\nHost: c\r\n\r\n";
    for (std::size_t split = 0; split < bytes.size(); ++split) {
        CAPTURE(split);
        RequestReader reader;
        std::string_view first = std::string_view(bytes).substr(0, split);
        std::string_view second = std::string_view(bytes).substr(split);
        const auto feed_both = [&] {
            first = feed(reader, first, whole);
            if (first.empty()) {
                second = feed(reader, second, whole);
            }
        };
        feed_both();
        REQUIRE(reader.state() == ParseState::complete);
        CHECK(reader.request().path == "/controls");
        (void)reader.read_body();
        feed_both();
        REQUIRE(reader.state() == ParseState::complete);
        CHECK(reader.body() == body);
        CHECK(reader.request().path == "/controls");
        CHECK_FALSE(reader.idle());
        CHECK_FALSE(reader.body_unread());
        (void)reader.next();
        feed_both();
        REQUIRE(reader.state() == ParseState::complete);
        CHECK(reader.request().path == "/behind");
        CHECK(reader.request().host == "c");
        CHECK(reader.request().body == BodyKind::none);
    }
}

TEST_CASE("a body is received in pieces of any size, and never more than it") {
    const std::size_t chunk_bytes = GENERATE(1U, 7U, whole);
    const std::string head =
        put("Cookie: " + std::string(GENERATE(1U, 5000U), 'c') + "\r\nContent-Length: 16384\r\n");
    const std::string body(RequestReader::body_bytes_max, 'b');
    RequestReader reader;
    std::string_view rest = head;
    rest = feed(reader, rest, chunk_bytes);
    REQUIRE(reader.state() == ParseState::complete);
    REQUIRE(reader.read_body() == ParseState::need_more);
    CHECK(reader.free_space().size() == body.size());
    CHECK_FALSE(reader.head_only());
    CHECK(feed(reader, body, chunk_bytes).empty());
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.body() == body);
    CHECK(reader.next() == ParseState::need_more);
    CHECK(reader.idle());
    CHECK(reader.free_space().size() == RequestReader::short_head_bytes_max);
}

TEST_CASE("a target of 8 KiB is accepted, and one byte more is rejected") {
    const std::string longest(RequestReader::target_bytes_max - 1, 'a');
    CHECK(status_of(with_target("/" + longest)) == 200);
    CHECK(status_of(with_target("/a" + longest)) == 414);
    // A target without end is rejected before the limit of the whole head is reached.
    CHECK(status_of("GET /" + std::string(RequestReader::target_bytes_max + 100, 'a')) == 414);
}

TEST_CASE("a head of 16 KiB is accepted, and one byte more is rejected") {
    const std::string frame = with_headers("X: \r\n");
    const std::size_t rest = RequestReader::head_bytes_max - frame.size();
    CHECK(status_of(with_headers("X: " + std::string(rest, 'a') + "\r\n")) == 200);
    CHECK(status_of(with_headers("X: " + std::string(rest + 1, 'a') + "\r\n")) == 431);
    std::string blank_lines;
    for (std::size_t i = 0; i < RequestReader::head_bytes_max / 2; ++i) {
        blank_lines += "\r\n";
    }
    CHECK(status_of(blank_lines) == 431);
}

TEST_CASE("heads around the size of the short buffer are accepted") {
    const std::string frame = with_headers("X: \r\n");
    for (const std::size_t offset : {0U, 1U, 2U, 3U, 4U, 5U}) {
        const std::size_t bytes = RequestReader::short_head_bytes_max + 2 - offset - frame.size();
        CAPTURE(bytes);
        CHECK(status_of(with_headers("X: " + std::string(bytes, 'a') + "\r\n")) == 200);
    }
}

TEST_CASE("100 headers are accepted, and 101 are rejected") {
    std::string headers; // besides Host, the first one
    for (std::size_t i = 1; i < RequestReader::header_count_max; ++i) {
        headers += "X: y\r\n";
    }
    CHECK(status_of(with_headers(headers)) == 200);
    CHECK(status_of(with_headers(headers + "X: y\r\n")) == 431);
}

TEST_CASE("a long head is parsed like a short one, and so are the requests behind it") {
    const std::size_t chunk_bytes = GENERATE(1U, 100U, 4096U, whole);
    const std::string cookie = "Cookie: " + std::string(9000, 'c') + "\r\n";
    const std::string headers = "Host: a\r\nOrigin: b\r\nConnection: keep-alive\r\n" + cookie +
                                "Accept: c\r\nUser-Agent: d\r\n\r\n";
    const std::string bytes = "GET /one?x HTTP/1.0\r\n" + headers + "GET /two?y HTTP/1.1\r\n" +
                              headers + "GET /three?z HTTP/1.1\r\nHost: a\r\n\r\n";
    RequestReader reader;
    std::string_view rest = feed(reader, bytes, chunk_bytes);
    for (const std::string_view path : {"/one", "/two", "/three"}) {
        REQUIRE(reader.state() == ParseState::complete);
        const Request& request = reader.request();
        CHECK(request.path == path);
        CHECK(request.query.size() == 1);
        CHECK(request.host == "a");
        CHECK(request.http_1_0 == (path == "/one"));
        CHECK(request.keep_alive);
        if (path != "/three") {
            CHECK(request.origin == "b");
            CHECK(request.accept == "c");
            CHECK(request.user_agent == "d");
        }
        if (reader.next() == ParseState::need_more) {
            rest = feed(reader, rest, chunk_bytes);
        }
    }
    CHECK(reader.idle());
    CHECK(reader.free_space().size() == RequestReader::short_head_bytes_max);
}

TEST_CASE("a reader has room for a long head only while it reads one") {
    RequestReader reader;
    CHECK(reader.free_space().size() == RequestReader::short_head_bytes_max);
    const std::string head = with_headers("Cookie: " + std::string(5000, 'c') + "\r\n");
    feed(reader, head.substr(0, 4096), whole);
    CHECK(reader.free_space().size() ==
          RequestReader::head_bytes_max - RequestReader::short_head_bytes_max);
    feed(reader, head.substr(4096), whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.next() == ParseState::need_more);
    CHECK(reader.free_space().size() == RequestReader::short_head_bytes_max);
}

TEST_CASE("an Upgrade header is ignored") {
    CHECK(status_of(with_headers("Connection: Upgrade\r\nUpgrade: h2c\r\n")) == 200);
    RequestReader reader;
    const std::string bytes = with_headers("Connection: upgrade\r\nUpgrade: websocket\r\n");
    feed(reader, bytes + bytes, whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.next() == ParseState::complete);
}

TEST_CASE("pipelined requests are returned one after the other without further bytes") {
    const std::size_t chunk_bytes = GENERATE(1U, 3U, 50U, whole);
    const std::string bytes = "GET /one HTTP/1.1\r\nHost: a\r\nAccept: x\r\n\r\n"
                              "OPTIONS /two HTTP/1.1\r\nHost: b\r\n\r\n"
                              "GET /three HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /fo";
    RequestReader reader;
    std::string_view rest = bytes;
    std::vector<std::string> seen;
    rest = feed(reader, rest, chunk_bytes);
    while (reader.state() == ParseState::complete) {
        const Request& request = reader.request();
        seen.push_back(std::string(request.path) + " " + std::string(request.host) + " " +
                       std::string(request.accept));
        if (reader.next() == ParseState::need_more) {
            rest = feed(reader, rest, chunk_bytes);
        }
    }
    CHECK(seen == std::vector<std::string>{"/one a x", "/two b ", "/three  "});
    CHECK(reader.state() == ParseState::need_more);
    CHECK(!reader.idle());
}

TEST_CASE("the reader is idle again after a request without further bytes") {
    RequestReader reader;
    feed(reader, with_headers(""), whole);
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.next() == ParseState::need_more);
    CHECK(reader.idle());
    CHECK(reader.free_space().size() == RequestReader::short_head_bytes_max);
}

TEST_CASE("a reader is little larger than its buffer for short heads") {
    CHECK(sizeof(RequestReader) < RequestReader::short_head_bytes_max + 688);
}

} // namespace ringcast::http
