#include "upstream/authorization.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::upstream {
namespace {

using Outcome = Authorization::Outcome;

// The example of RFC 7616, 3.9.1.
constexpr std::string_view nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
std::string rfc_cnonce() {
    return "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
}
std::string rfc_challenge(std::string_view algorithm) {
    return std::string("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=")
        .append(algorithm)
        .append(", nonce=\"")
        .append(nonce)
        .append("\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
}

Outcome take(Authorization& authorization, std::initializer_list<std::string_view> challenges) {
    const std::vector<std::string_view> values(challenges);
    return authorization.take(values);
}

std::string header(Authorization& authorization) {
    return authorization.header("GET", "/dir/index.html");
}

/// The value of a parameter of `header`, with its quotes; empty if there is none.
std::string parameter(std::string_view header, std::string_view name) {
    const std::string key = std::string(name).append("=");
    for (std::size_t at = header.find(key); at != std::string_view::npos;
         at = header.find(key, at + 1)) {
        if (header[at - 1] == ' ') {
            const std::string_view value = header.substr(at + key.size());
            return std::string(value.substr(0, value.find(',')));
        }
    }
    return {};
}

/// The digest in an answer to one challenge of Mufasa's server.
std::string digest_of(std::string_view challenge) {
    Authorization mufasa("Mufasa", "Circle of Life", rfc_cnonce);
    REQUIRE(take(mufasa, {challenge}) == Outcome::accepted);
    return parameter(header(mufasa), "response");
}

Outcome outcome_of(std::string_view challenge) {
    Authorization user("user", "password");
    return take(user, {challenge});
}

} // namespace

TEST_CASE("credentials are not sent before a server asks for them") {
    Authorization user("user", "password");
    CHECK(header(user).empty());
}

TEST_CASE("the Basic examples of RFC 7617") {
    Authorization aladdin("Aladdin", "open sesame");
    CHECK(take(aladdin, {"Basic realm=\"WallyWorld\""}) == Outcome::accepted);
    CHECK(header(aladdin) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(header(aladdin) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    Authorization test("test", "123\xC2\xA3");
    CHECK(take(test, {"Basic realm=\"foo\", charset=\"UTF-8\""}) == Outcome::accepted);
    CHECK(header(test) == "Basic dGVzdDoxMjPCow==");
    Authorization empty("", "");
    CHECK(take(empty, {"basic"}) == Outcome::accepted);
    CHECK(header(empty) == "Basic Og==");
}

TEST_CASE("the Digest examples of RFC 7616, 3.9.1") {
    Authorization mufasa("Mufasa", "Circle of Life", rfc_cnonce);
    REQUIRE(take(mufasa, {rfc_challenge("MD5")}) == Outcome::accepted);
    CHECK(header(mufasa) ==
          "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "
          "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", "
          "response=\"8ca523f5e9506fed4657c9700eebdbec\", algorithm=MD5, "
          "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001, "
          "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"");
    CHECK(digest_of(rfc_challenge("SHA-256")) ==
          "\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"");
}

TEST_CASE("the Digest examples of RFC 2617 and, as corrected, of RFC 2069") {
    const auto old_cnonce = []() -> std::string { return "0a4f113b"; };
    Authorization mufasa("Mufasa", "Circle Of Life", old_cnonce);
    REQUIRE(take(mufasa, {"Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
                          "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
                          "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""}) == Outcome::accepted);
    const std::string with_qop = header(mufasa);
    CHECK(parameter(with_qop, "response") == "\"6629fae49393a05397450978507c4ef1\"");
    CHECK(parameter(with_qop, "algorithm").empty());

    Authorization without("Mufasa", "Circle Of Life", old_cnonce);
    REQUIRE(take(without, {"Digest realm=\"testrealm@host.com\", "
                           "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""}) == Outcome::accepted);
    CHECK(header(without) ==
          "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
          "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "
          "response=\"670fd8c2df070c60b045671b8b24ff02\"");
}

// The digests were computed with Python's hashlib.
TEST_CASE("the key of a session depends on its nonces, and requests are counted") {
    CHECK(digest_of(rfc_challenge("MD5-sess")) == "\"e783283f46242139c486a698fec7211d\"");
    CHECK(digest_of(rfc_challenge("sha-256-SESS")) ==
          "\"2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7\"");
    Authorization mufasa("Mufasa", "Circle of Life", rfc_cnonce);
    REQUIRE(take(mufasa, {rfc_challenge("MD5-sess")}) == Outcome::accepted);
    CHECK(parameter(header(mufasa), "nc") == "00000001");
    const std::string second = header(mufasa);
    CHECK(parameter(second, "nc") == "00000002");
    CHECK(parameter(second, "algorithm") == "MD5-sess");
    CHECK(parameter(second, "response") == "\"6914b51e16f9459d9abc967ad41c4599\"");
}

TEST_CASE("the strongest of the supported challenges is answered") {
    const auto chosen = [](std::initializer_list<std::string_view> challenges) {
        Authorization user("user", "password");
        if (take(user, challenges) != Outcome::accepted) {
            return std::string("none");
        }
        const std::string answer = header(user);
        return answer.starts_with("Basic ") ? "Basic" : parameter(answer, "algorithm");
    };
    const std::string md5 = rfc_challenge("MD5");
    const std::string sha256 = rfc_challenge("SHA-256");
    CHECK(chosen({"Basic realm=a", md5, sha256}) == "SHA-256");
    CHECK(chosen({sha256, md5, "Basic realm=a"}) == "SHA-256");
    CHECK(chosen({"Basic realm=\"a, b\", " + md5}) == "MD5");
    CHECK(chosen({rfc_challenge("SHA-512-256"), "Basic realm=a"}) == "Basic");
    CHECK(chosen({rfc_challenge("SHA-512-256"), md5 + ", Bearer"}) == "MD5");
    CHECK(chosen({"Negotiate", "NTLM", rfc_challenge("SHA-512-256-sess")}) == "none");
    CHECK(chosen({}) == "none");
}

TEST_CASE("a challenge that can't be answered is unsupported") {
    for (const std::string_view challenge :
         {"", "Bearer realm=a", "Digest realm=a", "Digest realm=a, nonce=",
          "Digest nonce=a, qop=auth-int", "Digest nonce=a, qop=\"x,authentication\"",
          "Digest nonce=a, algorithm=MD5-sess", "Digest nonce=a, algorithm=-sess, qop=auth",
          "Digest nonce=a, algorithm=SHA-1", "Digest nonce=\"a\rb\"", "Basic realm=\"\x01\""}) {
        CAPTURE(challenge);
        CHECK(outcome_of(challenge) == Outcome::unsupported);
    }
    CHECK(outcome_of("Digest nonce=" + std::string(Challenge::parameter_bytes_max + 1, 'x')) ==
          Outcome::unsupported);
}

TEST_CASE("quotes and backslashes are escaped in the answer but not in the digest") {
    Authorization user("a\"b\\c", "p");
    REQUIRE(take(user, {R"(Digest realm="say \"hi\"", nonce=n)"}) == Outcome::accepted);
    CHECK(user.header("GET", "/x\"y") ==
          R"(Digest username="a\"b\\c", realm="say \"hi\"", nonce="n", uri="/x\"y", )"
          R"(response="4ea6da34c24edecd8998521a48f5abf9")");
}

TEST_CASE("credentials that the server rejects are not sent again") {
    for (const std::string& challenge : {std::string("Basic realm=a"), rfc_challenge("MD5")}) {
        Authorization user("user", "password");
        CHECK(take(user, {challenge}) == Outcome::accepted);
        CHECK(!header(user).empty());
        CHECK(take(user, {challenge}) == Outcome::refused);
        CHECK(header(user).empty());
        // The next attempt begins again.
        CHECK(take(user, {challenge}) == Outcome::accepted);
        // Not refused, because nothing was sent.
        CHECK(take(user, {challenge}) == Outcome::accepted);
        CHECK(!header(user).empty());
        CHECK(take(user, {}) == Outcome::refused);
    }
}

TEST_CASE("a new nonce is answered when the last one was stale, but not twice in a row") {
    Authorization user("user", "password");
    const auto challenge = [](std::string_view name, std::string_view stale) {
        return std::string("Digest realm=r, qop=auth, nonce=").append(name).append(stale);
    };
    CHECK(take(user, {challenge("one", "")}) == Outcome::accepted);
    CHECK(!header(user).empty());
    CHECK(take(user, {challenge("two", ", stale=TRUE")}) == Outcome::accepted);
    const std::string answer = header(user);
    CHECK(parameter(answer, "nonce") == "\"two\"");
    CHECK(parameter(answer, "nc") == "00000001");
    CHECK(take(user, {challenge("three", ", stale=true")}) == Outcome::refused);
    CHECK(take(user, {challenge("four", ", stale=false")}) == Outcome::accepted);
    CHECK(!header(user).empty());
    CHECK(take(user, {challenge("five", ", stale=false")}) == Outcome::refused);
    // Basic has no nonce.
    CHECK(take(user, {"Basic"}) == Outcome::accepted);
    CHECK(!header(user).empty());
    CHECK(take(user, {"Basic stale=true"}) == Outcome::refused);
}

TEST_CASE("a new nonce is answered when the last one was accepted before") {
    Authorization user("user", "password");
    CHECK(take(user, {"Digest nonce=one"}) == Outcome::accepted);
    CHECK(!header(user).empty());
    CHECK(!header(user).empty());
    CHECK(take(user, {"Digest nonce=two"}) == Outcome::accepted);
    CHECK(parameter(header(user), "nonce") == "\"two\"");
    CHECK(take(user, {"Digest nonce=three"}) == Outcome::refused);
}

TEST_CASE("each challenge is answered with a new cnonce of 128 bits") {
    const std::string one = random_cnonce();
    const std::string other = random_cnonce();
    CHECK(one.size() == 32);
    CHECK(one.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(one != other);
    Authorization user("user", "password");
    REQUIRE(take(user, {"Digest nonce=n, qop=auth"}) == Outcome::accepted);
    const std::string first = parameter(header(user), "cnonce");
    CHECK(parameter(header(user), "cnonce") == first);
    REQUIRE(take(user, {"Digest nonce=n, qop=auth"}) == Outcome::accepted);
    CHECK(parameter(header(user), "cnonce") != first);
}

} // namespace ringcast::upstream
