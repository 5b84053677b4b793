#include "upstream/challenge.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::upstream {
namespace {

std::vector<Challenge> read(std::string_view text) {
    std::vector<Challenge> challenges;
    ChallengeReader reader(text);
    while (auto challenge = reader.next()) {
        challenges.push_back(*challenge);
    }
    return challenges;
}

/// The schemes of a header, with their realms: "basic(a) digest(b)".
std::string schemes(std::string_view text) {
    std::string found;
    for (const Challenge& challenge : read(text)) {
        found.append(found.empty() ? "" : " ").append(challenge.scheme);
        if (!challenge.realm.empty()) {
            found.append("(").append(challenge.realm).append(")");
        }
    }
    return found;
}

} // namespace

TEST_CASE("the parameters of a challenge are read") {
    const auto challenges =
        read("Digest realm=\"cam\", nonce=\"a==\", OPAQUE = \"o\", algorithm=SHA-256,"
             "qop=\"auth, auth-int\", stale=TRUE, domain=\"/\", charset=UTF-8");
    REQUIRE(challenges.size() == 1);
    CHECK(challenges[0].scheme == "digest");
    CHECK(challenges[0].realm == "cam");
    CHECK(challenges[0].nonce == "a==");
    CHECK(challenges[0].opaque == "o");
    CHECK(challenges[0].algorithm == "SHA-256");
    CHECK(challenges[0].qop == "auth, auth-int");
    CHECK(challenges[0].stale == "TRUE");
    CHECK(!challenges[0].malformed);
}

TEST_CASE("one header may contain several challenges") {
    CHECK(schemes("Basic realm=\"a\", Digest realm=\"b\", nonce=\"c\"") == "basic(a) digest(b)");
    CHECK(schemes("Negotiate, NTLM,Basic realm=a") == "negotiate ntlm basic(a)");
    CHECK(schemes("Negotiate YII/+x==, Basic realm=a") == "negotiate basic(a)");
    CHECK(schemes("Negotiate YII==, Basic realm=a") == "negotiate basic(a)");
    CHECK(schemes("Bearer Basic, Basic realm=a") == "bearer basic(a)");
    CHECK(schemes("Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", "
                  "Basic realm=\"simple\"") == "newauth(apps) basic(simple)");
    CHECK(schemes(" ,, BASIC , ,") == "basic");
    CHECK(schemes("").empty());
}

TEST_CASE("quoted commas and escapes belong to the value") {
    CHECK(schemes(R"(Basic realm="a, Digest realm=b", Digest realm="c")") ==
          "basic(a, Digest realm=b) digest(c)");
    CHECK(schemes(R"(Basic realm="say \"hi\", \\ there")") == R"(basic(say "hi", \ there))");
    CHECK(schemes(R"(Basic realm="unclosed, Digest)") == "basic(unclosed, Digest)");
}

TEST_CASE("parameters may be separated by blanks alone") {
    const auto challenges = read("Digest realm=\"a\" nonce=\"b\"\tqop=auth");
    REQUIRE(challenges.size() == 1);
    CHECK(challenges[0].nonce == "b");
    CHECK(challenges[0].qop == "auth");
}

TEST_CASE("what is neither a scheme nor a parameter is skipped") {
    CHECK(schemes("realm=\"none\", \"quoted\", =, Basic realm=a") == "basic(a)");
    // A parameter, whose equals sign follows a blank.
    CHECK(schemes("Basic =x, Digest realm=b") == "digest(b)");
    CHECK(schemes("/, ;, Basic realm=a, (") == "basic(a)");
}

TEST_CASE("the first of repeated parameters counts") {
    CHECK(schemes("Basic realm=a, realm=b") == "basic(a)");
}

TEST_CASE("a challenge with control characters or very long values is malformed") {
    const std::string longest(Challenge::parameter_bytes_max, 'x');
    CHECK(!read("Digest nonce=" + longest)[0].malformed);
    CHECK(read("Digest nonce=" + longest + "x")[0].malformed);
    CHECK(read("Digest nonce=\"a\rb\"")[0].malformed);
    CHECK(read("Digest nonce=\"a\\\nb\"")[0].malformed);
    CHECK(!read("Digest other=" + longest + "x")[0].malformed);
}

} // namespace ringcast::upstream
