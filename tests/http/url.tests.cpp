#include "http/url.hpp"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

Url url_of(std::string_view text) {
    auto url = parse_url(text);
    INFO(text);
    INFO((url ? std::string() : url.error().message));
    REQUIRE(url.has_value());
    return *url;
}

std::string error_of(std::string_view text) {
    const auto url = parse_url(text);
    INFO(text);
    REQUIRE_FALSE(url.has_value());
    return url.error().message;
}

/// Host, port and target of where `location` leads to.
std::string redirect(std::string_view from, std::string_view location) {
    const auto to = redirected(url_of(from), location);
    return to ? authority(*to) + " " + to->target : "error: " + to.error().message;
}

} // namespace

TEST_CASE("an address has a host, and optionally a port, a path and a query") {
    CHECK(url_of("http://cam.local") == Url{"cam.local", 80, "/", "", ""});
    CHECK(url_of("http://192.0.2.10:8080/?action=stream") ==
          Url{"192.0.2.10", 8080, "/?action=stream", "", ""});
    CHECK(url_of("HTTP://Cam:81?stream") == Url{"Cam", 81, "/?stream", "", ""});
    CHECK(url_of("http://[2001:db8::1]:8080/a/b") == Url{"[2001:db8::1]", 8080, "/a/b", "", ""});
    CHECK(url_of("http://[::1]/") == Url{"[::1]", 80, "/", "", ""});
    CHECK(url_of("http://cam:/x").port == 80);
    CHECK(url_of("http://cam/x#part") == Url{"cam", 80, "/x", "", ""});
    CHECK(url_of("http://cam/a@b:c//d").target == "/a@b:c//d");
}

TEST_CASE("user name and password are read without their escapes") {
    const Url url = url_of("http://me:p%40ss%3aword@cam:8080/stream");
    CHECK(url.user == "me");
    CHECK(url.password == "p@ss:word");
    CHECK(url.host == "cam");
    CHECK(url.target == "/stream");
    CHECK(url_of("http://me@cam/").password.empty());
    CHECK(url_of("http://me:@cam/").password.empty());
    // Unescaped, which other programs accept.
    CHECK(url_of("http://me:p@ss:word@cam/").password == "p@ss:word");
    CHECK(url_of("http://me:p@ss:word@cam/").host == "cam");
    for (const std::string_view text :
         {"http://:secret@cam/", "http://@cam/", "http://me:sec%ret@cam/",
          "http://me%0a:secret@cam/", "http://a%3Ab:secret@cam/"}) {
        const std::string error = error_of(text);
        CHECK(error.find("user name and password") != std::string::npos);
        CHECK(error.find("sec") == std::string::npos);
    }
}

TEST_CASE("an address that can't be used is refused with what to do") {
    CHECK(error_of("https://cam/stream").find("stunnel or HAProxy") != std::string::npos);
    CHECK(error_of("rtsp://cam/stream").find("ffmpeg") != std::string::npos);
    for (const std::string_view text : {"", "cam", "cam/stream", "ftp://cam/", "http:/cam",
                                        "http:cam", "//cam/", "unix:/run/x.sock"}) {
        CHECK(error_of(text) == "expected an address that begins with http://");
    }
    for (const std::string_view text : {"http://", "http:///stream", "http://?x", "http://a b/",
                                        "http://cam:0/", "http://cam:65536/", "http://cam:x/",
                                        "http://2001:db8::1/", "http://[::1/", "http://.cam/"}) {
        CAPTURE(text);
        const std::string error = error_of(text);
        CHECK((error.find("no valid host") != std::string::npos ||
               error.find("%20") != std::string::npos));
    }
    for (const std::string_view text : {"http://cam/a b", "http://cam/\n", "http://cam/\xC3\xA9"}) {
        CHECK(error_of(text).find("a blank is %20") != std::string::npos);
    }
    CHECK(error_of("http://cam/" + std::string(9000, 'a')).find("too long") != std::string::npos);
}

TEST_CASE("a redirect is absolute, or relative to the address that it came from") {
    const std::string_view from = "http://cam:8080/a/b?c=d";
    CHECK(redirect(from, "http://other/x?y") == "other /x?y");
    CHECK(redirect(from, "//other:81/x") == "other:81 /x");
    CHECK(redirect(from, "/x") == "cam:8080 /x");
    CHECK(redirect(from, "x?y=/../z") == "cam:8080 /a/x?y=/../z");
    CHECK(redirect(from, "?e=f") == "cam:8080 /a/b?e=f");
    CHECK(redirect(from, "") == "cam:8080 /a/b");
    CHECK(redirect(from, "#top") == "cam:8080 /a/b");
    CHECK(redirect(from, "../x") == "cam:8080 /x");
    CHECK(redirect(from, "../../../x/./y/../z/") == "cam:8080 /x/z/");
    CHECK(redirect(from, "/x/..") == "cam:8080 /");
    CHECK(redirect(from, "/x//y") == "cam:8080 /x//y");
    CHECK(redirect(from, "./") == "cam:8080 /a/");
}

TEST_CASE("a redirect to another scheme, or to nonsense, is refused") {
    const std::string_view from = "http://cam/";
    CHECK(redirect(from, "https://cam/").find("stunnel") != std::string::npos);
    for (const std::string_view location : {"file:///etc/passwd", "javascript:alert(1)", "http://",
                                            "http://a:b:c/", "/a b", "\x01", "//"}) {
        CAPTURE(location);
        CHECK(redirect(from, location).starts_with("error: the server redirects to "));
    }
}

TEST_CASE("a redirect takes the credentials along to the same host and port only") {
    const Url from = url_of("http://me:secret@cam:8080/stream");
    CHECK(redirected(from, "/other")->password == "secret");
    CHECK(redirected(from, "http://CAM:8080/other")->password == "secret");
    for (const std::string_view location :
         {"http://cam/other", "http://cam:8081/", "//other:8080/", "http://cam.example:8080/"}) {
        CAPTURE(location);
        CHECK(redirected(from, location)->user.empty());
        CHECK(redirected(from, location)->password.empty());
    }
    // Those of the server that redirects are not used.
    CHECK(redirected(from, "http://you:guess@cam:8080/")->user == "me");
    CHECK(redirected(from, "http://you:guess@other/")->user.empty());
}

TEST_CASE("an address is shown without its secrets") {
    CHECK(without_secrets(url_of("http://me:secret@cam:8080/a?user=me&pwd=secret&full")) ==
          "http://cam:8080/a?user=...&pwd=...&full");
    CHECK(without_secrets(url_of("http://cam/")) == "http://cam/");
    CHECK(without_secrets(url_of("http://[::1]:81/x?")) == "http://[::1]:81/x");
}

} // namespace ringcast::http
