#include "app/public_url.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace ringcast;
using namespace ringcast::app;

namespace {

PublicUrl url(std::string_view text) {
    const auto parsed = parse_public_url(text);
    INFO(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

} // namespace

TEST_CASE("a URL is parsed, and shown without its secrets") {
    const PublicUrl parsed =
        url("https://anna:p%40ss@cam.example.org:8443/cam/door/stream?token=secret&fps=5#part");
    CHECK(parsed.address == "https://cam.example.org:8443/cam/door/stream?token=secret&fps=5");
    CHECK(parsed.shown == "https://cam.example.org:8443/cam/door/stream");
    CHECK(parsed.host == "cam.example.org");
    CHECK(parsed.path == "/cam/door/stream");
    CHECK(parsed.query == "token=secret&fps=5");
    CHECK(parsed.https);
    CHECK(parsed.user == "anna");
    CHECK(parsed.password == "p@ss");
    CHECK(parsed.has_credentials());
    CHECK(url("http://[2001:db8::7]").host == "[2001:db8::7]");
    CHECK(url("http://[2001:db8::7]").path == "/");
}

TEST_CASE("a user or a token is a credential, another parameter is none") {
    CHECK(url("http://anna@cam.example.org/stream").has_credentials());
    CHECK(url("http://cam.example.org/stream?fps=5&token=x").has_credentials());
    CHECK_FALSE(url("http://cam.example.org/stream?fps=5").has_credentials());
}

TEST_CASE("what is no URL of a stream is refused, without repeating it") {
    for (const std::string_view text :
         {"", "cam.example.org/stream", "ftp://cam.example.org/", "https://",
          "http://anna:secret@/stream", "http://cam.example.org:port/secret"}) {
        INFO(text);
        const auto parsed = parse_public_url(text);
        REQUIRE_FALSE(parsed.has_value());
        CHECK(parsed.error().message.find("secret") == std::string::npos);
    }
}

TEST_CASE("a redirect to the same URL over TLS only adds TLS") {
    const PublicUrl plain = url("http://cam.example.org/stream?fps=5");
    CHECK(only_adds_tls(plain, url("https://cam.example.org/stream?fps=5")));
    CHECK(only_adds_tls(plain, url("https://cam.example.org:8443/stream?fps=5")));
    CHECK_FALSE(only_adds_tls(plain, plain));
    CHECK_FALSE(only_adds_tls(plain, url("https://cam.example.org/login?fps=5")));
    CHECK_FALSE(only_adds_tls(plain, url("https://www.example.org/stream?fps=5")));
    CHECK_FALSE(only_adds_tls(plain, url("https://cam.example.org/stream")));
}
