#include "access/credentials.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace ringcast::access;

namespace {

Credentials read(std::string_view header) {
    return read_credentials(header, std::nullopt);
}

bool is_malformed(std::string_view header) {
    return std::holds_alternative<MalformedCredentials>(read(header));
}

} // namespace

TEST_CASE("the examples of RFC 7617 are read") {
    const Credentials first = read("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    REQUIRE(std::holds_alternative<UserPassword>(first));
    CHECK(std::get<UserPassword>(first).user() == "Aladdin");
    CHECK(std::get<UserPassword>(first).password() == "open sesame");
    const Credentials second = read("Basic dGVzdDoxMjPCow==");
    REQUIRE(std::holds_alternative<UserPassword>(second));
    CHECK(std::get<UserPassword>(second).user() == "test");
    CHECK(std::get<UserPassword>(second).password() == "123\xC2\xA3");
}

TEST_CASE("the example of RFC 6750 is read") {
    const Credentials credentials = read("Bearer mF_9.B5f-4.1JqM");
    REQUIRE(std::holds_alternative<BearerToken>(credentials));
    CHECK(std::get<BearerToken>(credentials).text == "mF_9.B5f-4.1JqM");
}

TEST_CASE("schemes have any case, and padding may be missing") {
    const Credentials basic = read("bAsIc   QWxhZGRpbjpvcGVuIHNlc2FtZQ");
    REQUIRE(std::holds_alternative<UserPassword>(basic));
    CHECK(std::get<UserPassword>(basic).user() == "Aladdin");
    CHECK(std::holds_alternative<BearerToken>(read("BEARER x")));
}

TEST_CASE("a password may contain colons and be empty, and so may the name") {
    const Credentials colons = read("Basic YTpiOmM="); // a:b:c
    REQUIRE(std::holds_alternative<UserPassword>(colons));
    CHECK(std::get<UserPassword>(colons).user() == "a");
    CHECK(std::get<UserPassword>(colons).password() == "b:c");
    const Credentials empty = read("Basic Og=="); // :
    REQUIRE(std::holds_alternative<UserPassword>(empty));
    CHECK(std::get<UserPassword>(empty).user().empty());
    CHECK(std::get<UserPassword>(empty).password().empty());
}

TEST_CASE("other headers are malformed, and none is no credentials") {
    CHECK(std::holds_alternative<NoCredentials>(read("")));
    CHECK(is_malformed("Basic"));
    CHECK(is_malformed("Basic "));
    CHECK(is_malformed("Basic YQ==")); // a, without a colon
    CHECK(is_malformed("Basic YTpi_w=="));
    CHECK(is_malformed("Basic YTpi===="));
    CHECK(is_malformed("Basic YT pi"));
    CHECK(is_malformed("Bearer "));
    CHECK(is_malformed("Digest username=\"a\""));
    CHECK(is_malformed("Negotiate YTpi"));
    CHECK(is_malformed("Basic " + std::string(authorization_bytes_max, 'Y')));
}

TEST_CASE("the parameter counts before the header") {
    const Credentials credentials = read_credentials("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "t");
    REQUIRE(std::holds_alternative<BearerToken>(credentials));
    CHECK(std::get<BearerToken>(credentials).text == "t");
    CHECK(std::holds_alternative<BearerToken>(read_credentials("", "")));
}

TEST_CASE("moved credentials leave nothing behind") {
    UserPassword from("a:b");
    const UserPassword to(std::move(from));
    CHECK(to.password() == "b");
    CHECK(from.user().empty()); // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
}
