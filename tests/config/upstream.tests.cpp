// The source "http" in a configuration.
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "config/describe.hpp"
#include "config/load.hpp"

namespace ringcast::config {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

LoadResult load_stream(const std::string& keys) {
    return parse("[streams.door]\nsource = \"http\"\n" + keys, "test.toml");
}
UpstreamConfig accepted(const std::string& keys) {
    const LoadResult result = load_stream(keys);
    INFO((result ? std::string() : result.error().text()));
    REQUIRE(result.has_value());
    return std::get<UpstreamConfig>(result->streams.at(0).source);
}
/// The text of the only problem, which never contains a password.
std::string rejection(const std::string& keys) {
    const LoadResult result = load_stream(keys);
    CAPTURE(keys);
    REQUIRE_FALSE(result.has_value());
    INFO(result.error().text());
    CHECK(result.error().list.size() == 1);
    CHECK(result.error().text().find("secret") == std::string::npos);
    return result.error().text();
}

} // namespace

TEST_CASE("an upstream server needs an address; everything else has defaults") {
    const UpstreamConfig upstream = accepted("url = \"http://192.0.2.10/?action=stream\"\n");
    CHECK(upstream.url.host == "192.0.2.10");
    CHECK(upstream.url.port == 80);
    CHECK(upstream.url.target == "/?action=stream");
    CHECK(upstream.url.user.empty());
    CHECK(upstream.socket_path.empty());
    CHECK(upstream.credentials_file.empty());
    CHECK(!upstream.poll);
    CHECK(upstream.timeout == 10s);
    CHECK(!upstream.on_demand);
    CHECK(upstream.idle_after == 10s);
    CHECK_THAT(rejection(""), ContainsSubstring("test.toml:1:"));
    CHECK_THAT(rejection(""), ContainsSubstring("url"));
}

TEST_CASE("every key of an upstream server is stored in its field") {
    const UpstreamConfig upstream =
        accepted("url = \"http://[2001:db8::1]:8080/snapshot\"\n"
                 "credentials_file = \"/etc/ringcast/door\"\npoll = \"50ms\"\ntimeout = \"3s\"\n"
                 "on_demand = true\nidle_after = \"1m\"\n");
    CHECK(upstream.url.host == "[2001:db8::1]");
    CHECK(upstream.url.port == 8080);
    CHECK(upstream.credentials_file == "/etc/ringcast/door");
    CHECK(upstream.poll == 50ms);
    CHECK(upstream.timeout == 3s);
    CHECK(upstream.on_demand);
    CHECK(upstream.idle_after == 1min);
    const UpstreamConfig with_password = accepted("url = \"http://us%40er:s%3Acret@host\"\n");
    CHECK(with_password.url.user == "us@er");
    CHECK(with_password.url.password == "s:cret");
}

TEST_CASE("a UNIX socket has its path and that of the request") {
    const UpstreamConfig plain = accepted("url = \"unix:/run/other.sock\"\n");
    CHECK(plain.socket_path == "/run/other.sock");
    CHECK(plain.url.target == "/stream");
    const UpstreamConfig with_path =
        accepted("url = \"unix:/run/other.sock\"\npath = \"/cam/stream?fps=5\"\n");
    CHECK(with_path.url.target == "/cam/stream?fps=5");
    CHECK_THAT(rejection("url = \"unix:other.sock\"\n"), ContainsSubstring("unix:/run/other.sock"));
    CHECK_THAT(rejection("url = \"unix:\"\n"), ContainsSubstring("unix:/run/other.sock"));
    for (const char* path : {"stream", "", "/a b", "/a#b"}) {
        CHECK_THAT(
            rejection("url = \"unix:/run/other.sock\"\npath = \"" + std::string(path) + "\"\n"),
            ContainsSubstring("streams.door.path"));
    }
    CHECK_THAT(rejection("url = \"http://host/\"\npath = \"/stream\"\n"),
               ContainsSubstring("write the path into url"));
}

TEST_CASE("an address that can't be used is rejected with what to do, and without its password") {
    CHECK_THAT(rejection("url = \"https://user:secret@host/\"\n"), ContainsSubstring("stunnel"));
    CHECK_THAT(rejection("url = \"rtsp://user:secret@host/\"\n"), ContainsSubstring("ffmpeg"));
    CHECK_THAT(rejection("url = \"ftp://user:secret@host/\"\n"),
               ContainsSubstring("begins with http://"));
    CHECK_THAT(rejection("url = \"user:secret@host/\"\n"),
               ContainsSubstring("begins with http://"));
    CHECK_THAT(rejection("url = \"http://user:sec%ret:secret@host\"\n"),
               ContainsSubstring("as %XX"));
    CHECK_THAT(rejection("url = \"http://user:secret@host:99999/\"\n"),
               ContainsSubstring("port from 1 to 65535"));
    CHECK_THAT(rejection("url = \"http://user:secret@host/a b\"\n"), ContainsSubstring("%20"));
    CHECK_THAT(rejection("url = \"\"\n"), ContainsSubstring("streams.door.url"));
    CHECK_THAT(rejection("url = [\"http://user:secret@host/\"]\n"),
               ContainsSubstring("expected an address"));
    CHECK_THAT(rejection("url = \"http://user:secret@host/\"\nurl = \"x\"\n"),
               ContainsSubstring("url"));
}

TEST_CASE("credentials are expected in one place") {
    CHECK_THAT(rejection("url = \"http://user:secret@host/\"\ncredentials_file = \"/etc/c\"\n"),
               ContainsSubstring("expected it in one place"));
    CHECK_THAT(rejection("url = \"http://host/\"\ncredentials_file = \"c\"\n"),
               ContainsSubstring("absolute path"));
    CHECK(accepted("url = \"unix:/run/s\"\ncredentials_file = \"/etc/c\"\n").credentials_file ==
          "/etc/c");
}

TEST_CASE("durations of an upstream server have limits") {
    const std::string url = "url = \"http://host/\"\n";
    for (const char* key : {"poll = \"49ms\"", "poll = \"61m\"", "timeout = \"0s\"",
                            "timeout = \"61m\"", "idle_after = \"500ms\"", "on_demand = \"yes\""}) {
        CHECK_THAT(rejection(url + key + "\n"), ContainsSubstring("expected"));
    }
}

TEST_CASE("an upstream server is described without its secrets") {
    const auto text = [](const std::string& keys) {
        const LoadResult result = load_stream(keys);
        REQUIRE(result.has_value());
        const std::string described = describe(*result);
        CHECK(described.find("secret") == std::string::npos);
        return described;
    };
    CHECK_THAT(text("url = \"http://user:secret@host:81/s?pw=secret\"\npoll = \"2s\"\n"),
               ContainsSubstring("http://host:81/s?pw=..."));
    CHECK_THAT(text("url = \"unix:/run/s\"\npath = \"/cam\"\ncredentials_file = \"/etc/c\"\n"),
               ContainsSubstring("the server at /run/s (/cam)") && ContainsSubstring("\"/etc/c\""));
    CHECK_THAT(text("url = \"http://host/\"\non_demand = true\nidle_after = \"7s\"\n"),
               ContainsSubstring("7s after its last viewer"));
}

} // namespace ringcast::config
