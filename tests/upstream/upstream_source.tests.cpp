// Connecting, asking and reading. How a connection ends: upstream_endings.tests.cpp.
#include "upstream/upstream_source.hpp"

#include <chrono>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "upstream/source_bench.hpp"

namespace ringcast::upstream {
namespace {

using namespace std::chrono_literals;
using test::Asked;
using test::jpeg;
using test::multipart_head;
using test::ok;
using test::part;
using test::settings_for;
using test::UpstreamBench;
using Texts = std::vector<std::string>;

const std::string one = jpeg(300, 'a');
const std::string two = jpeg(500, 'b');

std::string picture(std::string_view jpeg, std::string_view headers = "") {
    return ok(std::string("Content-Type: image/jpeg\r\nContent-Length: ")
                  .append(std::to_string(jpeg.size()))
                  .append("\r\n")
                  .append(headers))
        .append(jpeg);
}
std::string redirect(std::string_view location) {
    return std::string("HTTP/1.1 302 Found\r\nLocation: ").append(location).append("\r\n\r\n");
}
std::string challenge(std::string_view value) {
    return std::string("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ")
        .append(value)
        .append("\r\n\r\n");
}
/// The value of a header of a request; empty: absent.
std::string header_of(std::string_view request, std::string_view name) {
    const std::size_t at = request.find(std::string("\r\n").append(name).append(": "));
    if (at == std::string_view::npos) {
        return {};
    }
    const std::string_view value = request.substr(at + name.size() + 4);
    return std::string(value.substr(0, value.find("\r\n")));
}

} // namespace

TEST_CASE("the frames of a multipart stream are published") {
    UpstreamBench bench(settings_for("http://user:secret@camera.example:8080/stream?token=x"));
    CHECK(bench.reason() == "connecting to the upstream server");
    CHECK(bench.state() == "connecting");
    CHECK(bench.source.kind() == "http");
    CHECK(bench.resolver->lookups == Texts{"camera.example:8080"});
    bench.look_up();
    CHECK(bench.state() == "connecting");
    bench.complete(Asked::connect, 0);
    CHECK(bench.state() == "requesting");
    CHECK(bench.request() == "GET /stream?token=x HTTP/1.1\r\n"
                             "Host: camera.example:8080\r\n"
                             "User-Agent: ringcast/9.9\r\n"
                             "Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.5\r\n"
                             "X-Ringcast-Via: self-1\r\n\r\n");
    CHECK(bench.state() == "requesting");
    CHECK(bench.answer(ok("Server: cam/1.0\r\nX-Ringcast-Via: other-2, third-3\r\n"
                          "Content-Type: multipart/x-mixed-replace; boundary=b\r\n") +
                       part(one)));
    CHECK(bench.state() == "receiving");
    CHECK(bench.answer(part(two)));
    CHECK(bench.sink.frames == Texts{one, two});
    const auto status = bench.source.upstream();
    REQUIRE(status);
    CHECK(status->connected());
    CHECK(status->address == "http://camera.example:8080/stream?token=...");
    CHECK(status->peer == "192.0.2.1:80");
    CHECK(status->server == "cam/1.0");
    CHECK(status->clock == "arrival");
    CHECK(status->via == Texts{"other-2", "third-3"});
    CHECK(status->connections == 1);
    CHECK(bench.source.counters().frames == 2);
    CHECK(bench.source.counters().restarts == 0);
    CHECK(bench.sink.reasons.size() == 1);
    CHECK(bench.log.count("secret") == 0);
    CHECK(bench.log.count("token=x") == 0);
}

TEST_CASE("bytes may arrive in pieces, and operations be interrupted") {
    UpstreamBench bench;
    bench.look_up();
    bench.complete(Asked::connect, 0);
    const std::string whole = bench.find(Asked::send)->sent;
    bench.complete(Asked::send, -EINTR);
    bench.complete(Asked::send, 10);
    CHECK(bench.find(Asked::send)->sent == whole.substr(10));
    bench.complete(Asked::send, -EAGAIN);
    CHECK(bench.request() == whole.substr(10));
    const std::string answer = multipart_head + part(one) + part(two);
    for (std::size_t at = 0; at < answer.size(); ++at) {
        if (at % 50 == 0 && bench.find(Asked::receive) != nullptr) {
            bench.complete(Asked::receive, at % 100 == 0 ? -EINTR : -EAGAIN);
        }
        CHECK(bench.answer(answer.substr(at, 1)));
    }
    CHECK(bench.sink.frames == Texts{one, two});
}

TEST_CASE("a server behind a UNIX socket is asked without a look-up") {
    auto settings = settings_for("http://ignored/");
    settings.url = {};
    settings.url.target = "/cam/stream";
    settings.socket_path = "/run/other.sock";
    UpstreamBench bench(settings);
    CHECK(bench.resolver->lookups.empty());
    const std::string request = bench.serve(multipart_head + part(one));
    CHECK(request.starts_with("GET /cam/stream HTTP/1.1\r\nHost: localhost\r\n"));
    CHECK(bench.sink.frames == Texts{one});
    CHECK(bench.source.upstream()->address == "unix:/run/other.sock");
}

TEST_CASE("a path that is too long for a UNIX socket is told") {
    auto settings = settings_for("http://ignored/");
    settings.socket_path = "/" + std::string(200, 'x');
    UpstreamBench bench(settings);
    CHECK(bench.failure() == "the path of the upstream server's socket is too long");
    CHECK(bench.state() == "waiting");
}

// --- redirects ---

TEST_CASE("redirects are followed, to other servers without the credentials") {
    UpstreamBench bench(settings_for("http://user:secret@camera.example/a/stream"));
    bench.serve(challenge("Basic realm=x"));
    CHECK(header_of(bench.serve(redirect("/b/stream")), "Authorization") ==
          "Basic dXNlcjpzZWNyZXQ=");
    // On the same server:
    std::string request = bench.serve(redirect("http://other.example:81/c?d"));
    CHECK(request.starts_with("GET /b/stream HTTP/1.1\r\nHost: camera.example\r\n"));
    CHECK(header_of(request, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
    // On another one:
    CHECK(bench.resolver->lookups.back() == "other.example:81");
    request = bench.serve(multipart_head + part(one));
    CHECK(request.starts_with("GET /c?d HTTP/1.1\r\nHost: other.example:81\r\n"));
    CHECK(header_of(request, "Authorization").empty());
    CHECK(bench.sink.frames == Texts{one});
    // The next connection begins at the configured address.
    bench.close();
    bench.pass_delay();
    CHECK(bench.resolver->lookups.back() == "camera.example:80");
    request = bench.serve(redirect("//camera.example:8000/"));
    CHECK(header_of(request, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
    CHECK(header_of(bench.serve(multipart_head), "Authorization").empty());
}

TEST_CASE("another server that asks for a password does not get one") {
    UpstreamBench bench(settings_for("http://user:secret@camera.example/"));
    bench.serve(redirect("http://other.example/"));
    CHECK(header_of(bench.serve(challenge("Basic realm=x")), "Authorization").empty());
    CHECK(bench.state() == "waiting");
    CHECK(bench.failure() == "the upstream server asks for a user name and password");
}

TEST_CASE("redirects are bounded") {
    UpstreamBench bench;
    for (int i = 0; i < RequestTarget::redirects_max; ++i) {
        bench.serve(redirect("/again"));
        CHECK(bench.sink.reasons.size() == 1);
    }
    bench.serve(redirect("/again"));
    CHECK(bench.failure() == "the upstream server redirects too often");
    // The next attempt has all of them again.
    bench.pass_delay();
    CHECK(bench.serve(redirect("/again")).starts_with("GET /stream "));
    CHECK(bench.state() == "connecting");
}

TEST_CASE("redirects that can't be followed are told, without the address") {
    UpstreamBench bench;
    SECTION("another scheme") {
        bench.serve(redirect("https://camera.example/token"));
        CHECK(bench.failure() == "the upstream server redirects to an address that can't be used");
        CHECK(bench.log.count("https is not supported") == 1);
    }
    SECTION("a malformed address") {
        bench.serve(redirect("http:///x"));
        CHECK(bench.failure() == "the upstream server redirects to an address that can't be used");
    }
    SECTION("no address") {
        bench.serve("HTTP/1.1 302 Found\r\n\r\n");
        CHECK(bench.failure() == "the upstream server answers with status 302");
    }
    CHECK(bench.log.count("token") == 0);
}

TEST_CASE("behind a UNIX socket, redirects are followed on the same server only") {
    auto settings = settings_for("http://user:secret@ignored/");
    settings.url.host.clear();
    settings.socket_path = "/run/other.sock";
    UpstreamBench bench(settings);
    bench.serve(challenge("Basic realm=x"));
    SECTION("to a path") {
        bench.serve(redirect("/b"));
    }
    SECTION("to an address of this server") {
        bench.serve(redirect("http://localhost/b"));
    }
    SECTION("to another server, of which only the address is known") {
        bench.serve(redirect("http://other.example/b"));
        CHECK(bench.failure() == "the upstream server redirects to an address that can't be used");
        CHECK(bench.log.count("http://other.example/b") == 1);
        return;
    }
    const std::string request = bench.serve(multipart_head);
    CHECK(request.starts_with("GET /b HTTP/1.1\r\nHost: localhost\r\n"));
    CHECK(header_of(request, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
}

// --- authentication ---

TEST_CASE("a password is sent when the server asks for it, and from then on") {
    UpstreamBench bench(settings_for("http://user:secret@camera.example/stream"));
    SECTION("Basic") {
        CHECK(header_of(bench.serve(challenge("Basic realm=x")), "Authorization").empty());
        CHECK(header_of(bench.serve(multipart_head + part(one)), "Authorization") ==
              "Basic dXNlcjpzZWNyZXQ=");
        CHECK(bench.sink.frames == Texts{one});
        bench.close();
        bench.pass_delay();
        CHECK(header_of(bench.serve(multipart_head), "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
    }
    SECTION("Digest") {
        bench.serve(challenge("Digest realm=x, nonce=n, qop=\"auth\""));
        const std::string answer =
            header_of(bench.serve(multipart_head + part(one)), "Authorization");
        CHECK(answer.starts_with("Digest username=\"user\", realm=\"x\", nonce=\"n\", "
                                 "uri=\"/stream\", "));
        CHECK(bench.sink.frames == Texts{one});
    }
    CHECK(bench.log.count("secret") == 0);
}

TEST_CASE("an authentication that is not possible is told") {
    SECTION("without credentials") {
        UpstreamBench bench;
        bench.serve(challenge("Basic realm=x"));
        CHECK(bench.failure() == "the upstream server asks for a user name and password");
    }
    SECTION("of an unsupported kind") {
        UpstreamBench bench(settings_for("http://user:secret@camera.example/"));
        bench.serve(challenge("Negotiate"));
        CHECK(bench.failure() ==
              "the upstream server asks for a kind of authentication that is not supported: only "
              "Basic and Digest are");
    }
    SECTION("with credentials that are rejected, which are not sent again soon") {
        UpstreamBench bench(settings_for("http://user:secret@camera.example/"));
        bench.serve(challenge("Basic realm=x"));
        bench.serve(challenge("Basic realm=x"));
        CHECK(bench.failure() == "the upstream server rejects the user name or password");
        CHECK(bench.pass_delay() == ReconnectDelay::longest);
        CHECK(header_of(bench.serve(challenge("Basic realm=x")), "Authorization").empty());
    }
}

// --- answers without frames ---

TEST_CASE("an answer that contains no frames is told") {
    UpstreamBench bench;
    SECTION("of another type") {
        bench.serve(ok("Content-Type: text/html; charset=utf-8\r\n"));
        CHECK(bench.failure() == "the upstream server sends text/html instead of pictures");
    }
    SECTION("404") {
        bench.serve("HTTP/1.1 404 Not Found\r\n\r\n");
        CHECK(bench.failure() == "the upstream server has nothing at this address (404)");
    }
    SECTION("not HTTP") {
        bench.serve("RTSP/1.0 400 Bad Request\r\n\r\n");
        CHECK(bench.failure() == "the upstream server's answer can't be read: the server speaks "
                                 "RTSP: use the port of its HTTP server");
    }
    SECTION("an empty body") {
        bench.serve(ok("Content-Type: image/jpeg\r\nContent-Length: 0\r\n"));
        CHECK(bench.failure() == "the upstream server's answer ended without a picture");
    }
    SECTION("an empty stream") {
        bench.serve(multipart_head + "--b--\r\n");
        CHECK(bench.failure() == "the upstream server's answer ended without a picture");
    }
    const Duration wait = bench.pass_delay();
    CHECK(wait >= 375ms);
    CHECK(wait <= 625ms);
    CHECK(bench.state() == "connecting");
    CHECK(bench.source.counters().restarts == 1);
}

TEST_CASE("the type of an answer is told in few characters") {
    UpstreamBench bench;
    bench.serve(ok("Content-Type: " + std::string(5000, 'x') + "\r\n"));
    CHECK(bench.reason().size() < 200);
}

TEST_CASE("a server that is busy is asked again when it says, but within a minute") {
    UpstreamBench bench;
    const auto busy = [](std::string_view seconds) {
        return std::string("HTTP/1.1 503 Busy\r\nRetry-After: ").append(seconds).append("\r\n\r\n");
    };
    bench.serve(busy("7"));
    CHECK(bench.failure() == "the upstream server is busy (503)");
    CHECK(bench.pass_delay() == 7s);
    bench.serve(busy("4000000000"));
    CHECK(bench.pass_delay() == 60s);
    bench.serve(busy("0"));
    CHECK(bench.pass_delay() > 1s);
    bench.serve(busy("Wed, 21 Oct 2026 07:28:00 GMT"));
    CHECK(bench.pass_delay() < 2s);
}

TEST_CASE("a stream that comes from this server is a loop") {
    UpstreamBench bench;
    bench.serve(ok("X-Ringcast-Via: other, self-1\r\n"
                   "Content-Type: multipart/x-mixed-replace; boundary=b\r\n") +
                part(one));
    CHECK(bench.sink.frames.empty());
    CHECK(bench.failure() == "the upstream server gets this stream from here: a loop (508)");
    CHECK(bench.pass_delay() == 60s);
}

// --- single pictures ---

TEST_CASE("single pictures are asked for again and again, on the same connection") {
    auto settings = settings_for("http://camera.example/snapshot");
    settings.poll = 2s;
    UpstreamBench bench(settings);
    bench.serve(picture(one));
    CHECK(bench.sink.frames == Texts{one});
    CHECK(bench.state() == "polling");
    CHECK(bench.source.upstream()->peer == "192.0.2.1:80");
    CHECK(bench.sink.slots_with_source() == 0);
    CHECK(bench.source.deadline() == bench.engine.now() + 2s);
    bench.pass(2s);
    CHECK(bench.request().starts_with("GET /snapshot "));
    CHECK(bench.state() == "polling");
    bench.engine.pass(500ms);
    CHECK(bench.answer(picture(two)));
    CHECK(bench.sink.frames == Texts{one, two});
    // The interval is that of the requests.
    CHECK(bench.source.deadline() == bench.engine.now() + 1500ms);
    // An answer that took longer is followed by a request at once.
    bench.pass(1500ms);
    bench.request();
    bench.engine.pass(3s);
    CHECK(bench.answer(picture(two)));
    bench.pass(0s);
    bench.request();
    CHECK(bench.source.upstream()->connections == 1);
    CHECK(bench.log.count("receives from") == 1);
    CHECK(bench.sink.reasons.size() == 1);
}

TEST_CASE("single pictures are asked for by new connections if the server closes them") {
    UpstreamBench bench;
    SECTION("it says so") {
        bench.serve(picture(one, "Connection: close\r\n"));
    }
    SECTION("the end of the picture can't be relied on") {
        bench.serve(ok("Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n") +
                    test::chunked(one, 1000).substr(0, 10 + one.size()) + "malformed");
    }
    SECTION("it ends the picture so") {
        bench.serve(ok("Content-Type: image/jpeg\r\n") + one);
        bench.close();
    }
    CHECK(bench.sink.frames == Texts{one});
    CHECK(bench.state() == "polling");
    CHECK(bench.engine.closed.size() == 1);
    CHECK(bench.pass_delay() == 1s);
    CHECK(bench.state() == "polling");
    bench.serve(picture(two, "Connection: close\r\n"));
    CHECK(bench.sink.frames == Texts{one, two});
    CHECK(bench.sink.reasons.size() == 1);
    CHECK(bench.source.upstream()->connections == 2);
    // It is the normal course.
    CHECK(bench.source.counters().restarts == 0);
}

TEST_CASE("a connection that the server closed between two pictures is made again at once") {
    UpstreamBench bench;
    bench.serve(picture(one));
    bench.pass(1s);
    SECTION("before the request") {
        bench.complete(Asked::send, -EPIPE);
    }
    SECTION("after it") {
        bench.request();
        bench.close();
    }
    SECTION("with a reset") {
        bench.request();
        bench.close(-ECONNRESET);
    }
    SECTION("with more than its answer") {
        bench.request();
        bench.answer("garbage\r\n");
    }
    SECTION("and told nobody") {
        bench.request();
        bench.pass(10s);
    }
    CHECK(bench.sink.reasons.size() == 1);
    bench.serve(picture(two));
    CHECK(bench.sink.frames == Texts{one, two});
    CHECK(bench.sink.reasons.size() == 1);
    // A new connection that is closed without an answer has failed.
    bench.pass(1s);
    bench.request();
    bench.close();
    bench.connect();
    bench.request();
    bench.close();
    CHECK(bench.failure() == "the upstream server closed the connection without an answer");
    CHECK(bench.state() == "waiting");
}

TEST_CASE("a server without signal is asked for pictures as before, and its reason told") {
    UpstreamBench bench;
    const std::string says = "X-Ringcast-Signal: none\r\nX-Ringcast-Reason: in use\r\n";
    bench.serve(picture(one, says));
    CHECK(bench.state() == "polling");
    CHECK(bench.reason() == "in use");
    for (int i = 0; i < 100; ++i) {
        bench.pass(1s);
        bench.request();
        bench.answer(picture(one, says));
        CHECK(bench.reason() == "in use");
    }
    CHECK(bench.sink.frames.empty());
    bench.pass(1s);
    bench.request();
    bench.answer(picture(two));
    CHECK(bench.sink.frames == Texts{two});
    CHECK(bench.source.upstream()->connections == 1);
}

TEST_CASE("pictures that can't be shown are told, also if each one is asked for") {
    UpstreamBench bench;
    SECTION("too large") {
        const std::string large = picture(jpeg(9000));
        bench.serve(large);
        for (int i = 0; i < 4; ++i) {
            bench.pass(1s);
            bench.request();
            bench.answer(large);
        }
        CHECK(bench.reason().find("are larger than frame_max") != std::string::npos);
    }
    SECTION("damaged") {
        bench.serve(picture(one));
        for (int i = 0; i < 8; ++i) {
            bench.pass(1s);
            bench.request();
            bench.answer(picture(one.substr(0, 100)));
            CHECK(bench.sink.slots_with_source() == 0);
        }
        CHECK(bench.reason() == "only damaged frames arrive from the upstream server");
        bench.pass(1s);
        bench.request();
        bench.answer(picture(two));
        CHECK(bench.sink.frames == Texts{one, two});
    }
}

} // namespace ringcast::upstream
