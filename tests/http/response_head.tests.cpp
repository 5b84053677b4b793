#include "http/response_head.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

constexpr std::size_t whole = ResponseHeadReader::head_bytes_max;

/// Passes `bytes` to the reader in pieces of at most `piece_bytes` until a head is complete or
/// rejected; returns the bytes not passed.
std::string_view feed(ResponseHeadReader& reader, std::string_view bytes,
                      std::size_t piece_bytes = whole) {
    while (!bytes.empty() && reader.state() == ParseState::need_more) {
        const ByteSpan space = reader.free_space();
        REQUIRE(!space.empty());
        const std::size_t count = std::min({bytes.size(), space.size(), piece_bytes});
        std::memcpy(space.data(), bytes.data(), count);
        bytes.remove_prefix(count);
        reader.consume(count);
    }
    return bytes;
}

/// All fields of a head, and the bytes after it; or the error.
std::string describe(const ResponseHeadReader& reader, std::string_view not_passed) {
    if (reader.state() == ParseState::need_more) {
        return "more";
    }
    if (reader.state() == ParseState::error) {
        return "error: " + std::string(reader.error());
    }
    const ResponseHead& head = reader.head();
    std::string text = std::to_string(head.status);
    text.append(head.keep_alive ? " keep" : " close");
    text.append(" ").append(std::to_string(static_cast<int>(head.body_end)));
    text.append(" ").append(std::to_string(head.content_length));
    for (const std::string_view part : {head.content_type, head.location, head.server, head.via,
                                        head.timestamp, head.signal, head.reason}) {
        text.append("\n").append(part);
    }
    text.append("\n").append(std::to_string(head.retry_after_seconds.value_or(0)));
    for (const std::string_view challenge : head.challenges) {
        text.append("\n").append(challenge);
    }
    return text.append("\n").append(as_text(reader.rest())).append(not_passed);
}

std::string outcome(std::string_view bytes, std::size_t piece_bytes = whole) {
    ResponseHeadReader reader;
    const std::string_view not_passed = feed(reader, bytes, piece_bytes);
    return describe(reader, not_passed);
}

std::string error_of(std::string_view bytes) {
    const std::string text = outcome(bytes);
    INFO(text);
    REQUIRE(text.starts_with("error: "));
    return text.substr(7);
}

/// A reader that has read `bytes`, which must be a complete head.
class Parsed {
public:
    explicit Parsed(std::string_view bytes) {
        feed(reader_, bytes);
        INFO(bytes);
        INFO((reader_.state() == ParseState::error ? reader_.error() : ""));
        REQUIRE(reader_.state() == ParseState::complete);
    }
    const ResponseHead* operator->() const { return &reader_.head(); }
    std::string_view rest() const { return as_text(reader_.rest()); }

private:
    ResponseHeadReader reader_;
};

std::string with_headers(std::string_view headers, std::string_view version = "1.1") {
    return "HTTP/" + std::string(version) + " 200 OK\r\n" + std::string(headers) + "\r\n";
}

// Heads as servers in the field write them, and one of every kind of error.
const std::vector<std::string> samples = {
    "HTTP/1.0 200 OK\r\nConnection: close\r\nServer: MJPG-Streamer/0.2\r\n"
    "Content-Type: multipart/x-mixed-replace;boundary=boundarydonotcross\r\n\r\n"
    "--boundarydonotcross\r\n",
    "HTTP/1.1 401 Unauthorized\nContent-length : 12\nWWW-AUTHENTICATE: Digest realm=\"a\",\n"
    "\tnonce=\"b\"\nwww-authenticate:Basic realm=\"c\"\n\nUnauthorized",
    "\r\n\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\n"
    "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200\r\n oops\r\n more\r\nno header\r\nX-Ringcast-Via: a, b\r\n"
    "Transfer-Encoding: chunked\r\nRetry-After: 7\r\n\r\n5\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\nX:  \r\n  \r\n a \r\nContent-Length: 1\r\n\r\nz",
    "HTTX",
    "\x15\x03\x01\x02\x02\x46",
    "\x15\x04",
    "RTSP/1.0 400 Bad Request\r\n",
    "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
};

} // namespace

TEST_CASE("a stream's head is read") {
    const Parsed head("HTTP/1.1 200 OK\r\nServer:  cam/1.0 (a; b) \t\r\nCONTENT-TYPE: "
                      "multipart/x-mixed-replace; boundary=\"--x\"\r\nX-Ringcast-Via: one, two\r\n"
                      "Connection: close\r\nX-Other:\r\n\r\n--x\r\n");
    CHECK(head->status == 200);
    CHECK(head->content_type == "multipart/x-mixed-replace; boundary=\"--x\"");
    CHECK(head->server == "cam/1.0 (a; b)");
    CHECK(head->via == "one, two");
    CHECK(head->location.empty());
    CHECK(!head->retry_after_seconds);
    CHECK(head->challenges.empty());
    CHECK(head->body_end == BodyEnd::close);
    CHECK(!head->keep_alive);
    CHECK(head.rest() == "--x\r\n");
}

TEST_CASE("the outcome does not depend on how an answer is split") {
    for (const std::string& sample : samples) {
        CAPTURE(sample);
        const std::string expected = outcome(sample);
        CHECK(expected != "more");
        CHECK(outcome(sample, 1) == expected);
        for (std::size_t first = 1; first < sample.size(); ++first) {
            ResponseHeadReader reader;
            std::string_view rest = feed(reader, std::string_view(sample).substr(0, first));
            if (reader.state() == ParseState::need_more) {
                rest = feed(reader, std::string_view(sample).substr(first));
            } else {
                rest = std::string_view(sample).substr(first - rest.size());
            }
            CHECK(describe(reader, rest) == expected);
        }
    }
}

TEST_CASE("a head that is not complete needs more bytes") {
    const std::string head = with_headers("A: b\r\n");
    for (std::size_t bytes = 0; bytes < head.size(); ++bytes) {
        CHECK(outcome(head.substr(0, bytes)) == "more");
    }
}

TEST_CASE("of repeated headers of an answer, the first one is used") {
    const Parsed head(with_headers("Server: one\r\nServer: two\r\nRetry-After: 3\r\n"
                                   "Retry-After: 4\r\n"));
    CHECK(head->server == "one");
    CHECK(head->retry_after_seconds == 3U);
    CHECK(head->content_type.empty());
}

TEST_CASE("line ends, blanks and lines of sloppy servers are accepted") {
    const Parsed bare("HTTP/1.0  200\nContent-Type : image/jpeg\nServer\t : a\n\nbody");
    CHECK(bare->status == 200);
    CHECK(bare->content_type == "image/jpeg");
    CHECK(bare->server == "a");
    CHECK(bare.rest() == "body");
    // Lines that are no headers, at any place.
    const Parsed noise("HTTP/1.1 404 \r\n first\r\nno colon\r\n: no name\r\nbad name: x\r\n"
                       "Caf\xC3\xA9: x\r\nServer: caf\xC3\xA9\r\nlast\r\n\r\n");
    CHECK(noise->status == 404);
    CHECK(noise->server == "caf\xC3\xA9");
    const Parsed empty_lines("\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n\r\n");
    CHECK(empty_lines.rest() == "\r\n");
    CHECK(Parsed("HTTP/1.7 200 OK\r\n\r\n")->status == 200);
}

TEST_CASE("what a ringcast says of its picture is read") {
    const Parsed head(with_headers("X-Timestamp: 1700000000.5\r\nX-Ringcast-Signal: none\r\n"
                                   "x-ringcast-reason: in use \r\nX-Ringcast-Signal: other\r\n"));
    CHECK(head->timestamp == "1700000000.5");
    CHECK(head->signal == "none");
    CHECK(head->reason == "in use");
    const Parsed nothing(with_headers(""));
    CHECK(nothing->timestamp.empty());
    CHECK(nothing->signal.empty());
    CHECK(nothing->reason.empty());
}

TEST_CASE("a header may continue on the next lines") {
    const Parsed head(with_headers("WWW-Authenticate: Digest realm=\"a\",\r\n nonce=\"b\",\n\tqop="
                                   "auth\r\nServer:\r\n  x\r\n"));
    REQUIRE(head->challenges.size() == 1);
    CHECK(head->challenges[0] == "Digest realm=\"a\",   nonce=\"b\", \tqop=auth");
    CHECK(head->server == "x");
}

TEST_CASE("all challenges are kept, up to a bound") {
    const Parsed two(with_headers("WWW-Authenticate: Basic realm=\"a, b\"\r\nX: y\r\n"
                                  "WWW-Authenticate: Negotiate\r\n"));
    REQUIRE(two->challenges.size() == 2);
    CHECK(two->challenges[0] == "Basic realm=\"a, b\"");
    CHECK(two->challenges[1] == "Negotiate");
    std::string many;
    for (std::size_t i = 0; i < ResponseHeadReader::challenge_count_max + 5; ++i) {
        many.append("WWW-Authenticate: Basic\r\n");
    }
    CHECK(Parsed(with_headers(many))->challenges.size() == ResponseHeadReader::challenge_count_max);
}

TEST_CASE("the end of the body follows RFC 9112, 6.3") {
    const auto body_end = [](std::string_view headers) {
        return Parsed(with_headers(headers))->body_end;
    };
    CHECK(body_end("") == BodyEnd::close);
    CHECK(body_end("Content-Length: 5\r\n") == BodyEnd::length);
    CHECK(body_end("Transfer-Encoding: Chunked\r\n") == BodyEnd::chunked);
    CHECK(body_end("Transfer-Encoding: identity\r\n") == BodyEnd::close);
    // Chunked wins, whatever the length.
    CHECK(body_end("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == BodyEnd::chunked);
    CHECK(body_end("Transfer-Encoding: chunked\r\nContent-Length: -1\r\n") == BodyEnd::chunked);
    CHECK(body_end("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") ==
          BodyEnd::chunked);
    CHECK(Parsed("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")->body_end ==
          BodyEnd::none);
    CHECK(Parsed("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n")->body_end ==
          BodyEnd::none);
    CHECK(error_of(with_headers("Transfer-Encoding: gzip, chunked\r\n")) ==
          "the answer has a Transfer-Encoding other than chunked");
}

TEST_CASE("a content length is one number, however often it is repeated") {
    const auto length = [](std::string_view headers) {
        return Parsed(with_headers(headers))->content_length;
    };
    CHECK(length("Content-Length: 5\r\n") == 5);
    CHECK(length("Content-Length: 005\r\nX: y\r\ncontent-length: 5\r\n") == 5);
    CHECK(length("Content-Length: 5, 5\r\n") == 5);
    CHECK(length("Content-Length: 5,\r\n") == 5);
    CHECK(length("Content-Length: 0\r\n") == 0);
    CHECK(length("Content-Length: 18446744073709551615\r\n") == UINT64_MAX);
    for (const std::string value :
         {"-1", "+1", "", "x", "5x", "0x5", "5 5", ",5", "1e3", "18446744073709551616"}) {
        CAPTURE(value);
        CHECK(error_of(with_headers("Content-Length: " + value + "\r\n")) ==
              "the answer's Content-Length is not a valid number");
    }
    CHECK(error_of(with_headers("Content-Length: 5\r\nContent-Length: 6\r\n")) ==
          "the answer has two different Content-Length headers");
    CHECK(error_of(with_headers("Content-Length: 5, 6\r\n")) ==
          "the answer has two different Content-Length headers");
}

TEST_CASE("a connection is kept according to version and Connection header") {
    const auto kept = [](std::string_view headers, std::string_view version) {
        return Parsed(with_headers(std::string("Content-Length: 1\r\n").append(headers), version))
            ->keep_alive;
    };
    CHECK(kept("", "1.1"));
    CHECK(!kept("Connection: Close\r\n", "1.1"));
    CHECK(!kept("Connection: x, close\r\nConnection: keep-alive\r\n", "1.1"));
    CHECK(!kept("", "1.0"));
    CHECK(kept("Connection: Keep-Alive\r\n", "1.0"));
    CHECK(!kept("Connection: keep-alive, close\r\n", "1.0"));
    // RFC 9112, 6.1.
    CHECK(!kept("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "1.0"));
    CHECK(!Parsed(with_headers("Connection: keep-alive\r\n"))->keep_alive);
    CHECK(Parsed("HTTP/1.1 304 Not Modified\r\n\r\n")->keep_alive);
}

TEST_CASE("only a number is understood as Retry-After") {
    const auto seconds = [](std::string_view value) {
        return Parsed(with_headers("Retry-After: " + std::string(value) + "\r\n"))
            ->retry_after_seconds;
    };
    CHECK(seconds("120") == 120U);
    CHECK(seconds("0") == 0U);
    for (const std::string_view value :
         {"", "-1", "1.5", "4294967296", "Fri, 31 Dec 1999 23:59:59 GMT"}) {
        CHECK(!seconds(value));
    }
}

TEST_CASE("interim answers are skipped") {
    const Parsed head("HTTP/1.1 100 Continue\r\nServer: interim\r\nContent-Length: 9\r\n\r\n"
                      "HTTP/1.1 103 Early Hints\r\nConnection: close\r\n\r\n"
                      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    CHECK(head->status == 200);
    CHECK(head->server.empty());
    CHECK(head->content_length == 1);
    CHECK(head->keep_alive);
    CHECK(head.rest() == "x");
    CHECK(error_of("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n") ==
          "the server switches to another protocol (status 101)");
    std::string endless;
    while (endless.size() < whole) {
        endless.append("HTTP/1.1 100 Continue\r\n\r\n");
    }
    CHECK(error_of(endless) == "the answer's head is longer than 16384 bytes");
}

TEST_CASE("another protocol is an error at its first wrong byte") {
    const std::string_view not_http = "the answer is not HTTP";
    CHECK(error_of("h") == not_http);
    CHECK(error_of("HTTPS") == not_http);
    CHECK(error_of("\xFF\xD8") == not_http);
    CHECK(error_of(" HTTP/1.1 200 OK\r\n") == not_http);
    CHECK(error_of("ICY 200 OK\r\n") == not_http);
    CHECK(error_of(std::string_view("\0", 1)) == not_http);
    // The byte that begins TLS alone could begin another protocol.
    CHECK(outcome("\x15") == "more");
    CHECK(error_of("\x15\x02") == not_http);
    CHECK(error_of("\x15\x03") == "the server expects TLS: use the port of its plain HTTP server");
    CHECK(error_of("RTSP/1.0 400 Bad Request\r\n") ==
          "the server speaks RTSP: use the port of its HTTP server");
}

TEST_CASE("a malformed status line is refused") {
    for (const std::string line :
         {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 200OK",
          "HTTP/1.1 099 x", "HTTP/1.1 -20 x", "HTTP/1.1 OK", "HTTP/1.1\t200 OK", "HTTP/"}) {
        CAPTURE(line);
        CHECK(error_of(line + "\r\n\r\n") == "the answer's status line is malformed: expected "
                                             "HTTP/1.1 and a status of three digits");
    }
    for (const std::string version : {"2", "2.0", "0.9", "1", "1.", "1.10", "x.y", ""}) {
        CAPTURE(version);
        CHECK(error_of("HTTP/" + version + " 200 OK\r\n\r\n") ==
              "the answer has an HTTP version other than 1.0 and 1.1");
    }
}

TEST_CASE("control characters in an answer's head are refused") {
    for (const char c : {'\0', '\x01', '\x0B', '\x1B', '\x7F'}) {
        const std::string bytes = "HTTP/1.1 200 OK\r\nA: " + std::string(1, c);
        CHECK(error_of(bytes) == "the answer's head contains control characters");
    }
    CHECK(error_of("HTTP/1.1 200 O\rK") ==
          "the answer's head contains a carriage return inside a line");
}

TEST_CASE("a head is bounded in length and in headers") {
    const std::string begin = "HTTP/1.1 200 OK\r\nA: ";
    const std::string longest = begin + std::string(whole - begin.size() - 4, 'x') + "\r\n\r\n";
    CHECK(longest.size() == whole);
    CHECK(Parsed(longest)->status == 200);
    const std::string too_long = begin + std::string(whole - begin.size() - 3, 'x') + "\r\n\r\n";
    CHECK(error_of(too_long) == "the answer's head is longer than 16384 bytes");

    std::string headers;
    for (std::size_t i = 0; i < ResponseHeadReader::header_count_max; ++i) {
        headers.append(i % 2 == 0 ? "A: b\r\n" : "not a header\r\n");
    }
    CHECK(Parsed(with_headers(headers))->status == 200);
    CHECK(error_of(with_headers(headers + "A: b\r\n")) == "the answer has more than 100 headers");
}

TEST_CASE("a reader begins again with the next answer") {
    ResponseHeadReader reader;
    CHECK(reader.idle());
    feed(reader, "HTTP/1.1 401 Unauthorized\r\nServer: a\r\nWWW-Authenticate: Basic\r\n"
                 "Content-Length: 2\r\n\r\nno");
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(!reader.idle());
    reader.begin();
    CHECK(reader.idle());
    feed(reader, "HTTP/1.1 200 OK\r\n\r\n");
    REQUIRE(reader.state() == ParseState::complete);
    CHECK(reader.head().server.empty());
    CHECK(reader.head().challenges.empty());
    CHECK(reader.head().body_end == BodyEnd::close);
    CHECK(reader.rest().empty());
    reader.begin();
    feed(reader, "x");
    REQUIRE(reader.state() == ParseState::error);
    reader.begin();
    feed(reader, "HTTP/1.1 200 OK\r\n\r\n");
    CHECK(reader.state() == ParseState::complete);
}

} // namespace ringcast::http
