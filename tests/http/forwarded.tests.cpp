#include "http/forwarded.hpp"

#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

using Values = std::vector<std::string_view>;
constexpr ForwardedSyntax standard = ForwardedSyntax::forwarded;
constexpr ForwardedSyntax list = ForwardedSyntax::x_forwarded_for;

AddressSet set_of(const std::vector<std::string>& texts) {
    Result<AddressSet> set = AddressSet::parse(texts);
    REQUIRE(set.has_value());
    return *set;
}

/// The text of the client's address, "-" for none. The proxies are on 10.0.0.0/8; the peer is one.
std::string client(ForwardedSyntax syntax, const Values& values,
                   std::string_view peer = "10.0.0.1") {
    const AddressSet trusted = set_of({"10.0.0.0/8", "fd00::/8"});
    const auto found = forwarded_client(syntax, values, trusted, IpAddress::parse(peer));
    return found ? found->text().data() : "-";
}

} // namespace

TEST_CASE("the examples of RFC 7239 name the client") {
    // Section 4.
    CHECK(client(standard, {R"(for="_gazonk")"}) == "-");
    CHECK(client(standard, {R"(For="[2001:db8:cafe::17]:4711")"}) == "2001:db8:cafe::17");
    CHECK(client(standard, {"for=192.0.2.60;proto=http;by=203.0.113.43"}) == "192.0.2.60");
    CHECK(client(standard, {"for=192.0.2.43, for=198.51.100.17"}) == "198.51.100.17");
    // Section 6.
    CHECK(client(standard, {R"(for="192.0.2.43:47011")"}) == "192.0.2.43");
    CHECK(client(standard, {R"(for="[2001:db8:cafe::17]:47011")"}) == "2001:db8:cafe::17");
    CHECK(client(standard, {"for=unknown"}) == "-");
    CHECK(client(standard, {"for=_hidden, for=_SEVKISEK"}) == "-");
    // Section 7.1: one list or several headers.
    CHECK(client(standard, {R"(for=192.0.2.43,for="[2001:db8:cafe::17]",for=unknown)"}) == "-");
    CHECK(client(standard, {R"(for=192.0.2.43, for="[2001:db8:cafe::17]", for=unknown)"}) == "-");
    CHECK(client(standard, {"for=192.0.2.43", R"(for="[2001:db8:cafe::17]", for=unknown)"}) == "-");
    // Section 7.4: a list of X-Forwarded-For as Forwarded.
    CHECK(client(list, {"192.0.2.43, 2001:db8:cafe::17"}) == "2001:db8:cafe::17");
    CHECK(client(standard, {R"(for=192.0.2.43, for="[2001:db8:cafe::17]")"}) ==
          "2001:db8:cafe::17");
}

TEST_CASE("the client is the first sender from the right that is not trusted") {
    CHECK(client(list, {"192.0.2.43"}) == "192.0.2.43");
    CHECK(client(list, {"192.0.2.43, 10.0.0.2"}) == "192.0.2.43");
    CHECK(client(list, {"198.51.100.17, 192.0.2.43, 10.0.0.3, 10.0.0.2"}) == "192.0.2.43");
    CHECK(client(list, {"198.51.100.17", "192.0.2.43, 10.0.0.3", "10.0.0.2"}) == "192.0.2.43");
    CHECK(client(standard, {"for=192.0.2.43, for=10.0.0.3;by=10.0.0.2", "for=10.0.0.2"}) ==
          "192.0.2.43");
    CHECK(client(list, {"192.0.2.43, fd00::2"}) == "192.0.2.43");
    CHECK(client(list, {"192.0.2.43, ::ffff:10.0.0.2"}) == "192.0.2.43");
}

TEST_CASE("when all senders are trusted the client is the leftmost") {
    CHECK(client(list, {"10.0.0.4, 10.0.0.3, 10.0.0.2"}) == "10.0.0.4");
    CHECK(client(standard, {"for=10.0.0.4", "for=10.0.0.3"}) == "10.0.0.4");
}

TEST_CASE("a peer that is not trusted is the client, whatever it sends") {
    CHECK(client(list, {"192.0.2.43"}, "198.51.100.17") == "-");
    CHECK(client(standard, {"for=192.0.2.43"}, "2001:db8::1") == "-");
    const Values values{"192.0.2.43"};
    CHECK_FALSE(forwarded_client(list, values, set_of({}), IpAddress::parse("10.0.0.1")));
    CHECK_FALSE(forwarded_client(list, values, set_of({"10.0.0.0/8"}), std::nullopt));
}

TEST_CASE("a peer on a UNIX socket is trusted if the set has \"unix\"") {
    const Values values{"192.0.2.43, 10.0.0.2"};
    CHECK(forwarded_client(list, values, set_of({"unix"}), std::nullopt) ==
          IpAddress::parse("10.0.0.2"));
    CHECK(forwarded_client(list, values, set_of({"unix", "10.0.0.2"}), std::nullopt) ==
          IpAddress::parse("192.0.2.43"));
}

TEST_CASE("a sender that is not identified ends the chain at the proxy that hides it") {
    for (const std::string sender : {"unknown", "_hidden", "localhost", "[10.0.0.3]", "10.0.0.3:",
                                     "10.0.0.3:65536", "10.0.0.3:_", "10.0.0.3:x", "[fd00::3",
                                     "[fd00::3]x", "[fd00::3]:", "10.0.0.3 10.0.0.4", "[]", "]"}) {
        CAPTURE(sender);
        CHECK(client(list, {"192.0.2.43, " + sender}) == "-");
        CHECK(client(list, {"192.0.2.43, " + sender + ", 10.0.0.2"}) == "10.0.0.2");
        CHECK(client(standard, {"for=192.0.2.43, for=\"" + sender + "\", for=10.0.0.2"}) ==
              "10.0.0.2");
    }
}

TEST_CASE("ports are ignored") {
    for (const std::string_view node : {"192.0.2.43", "192.0.2.43:0", "192.0.2.43:65535",
                                        "192.0.2.43:_port-1", "[::ffff:192.0.2.43]:80"}) {
        CAPTURE(node);
        CHECK(client(list, {node}) == "192.0.2.43");
    }
    CHECK(client(list, {"[2001:db8::1]:_p"}) == "2001:db8::1");
    CHECK(client(list, {"[2001:db8::1]"}) == "2001:db8::1");
}

TEST_CASE("the node of an element of Forwarded is found among its parameters") {
    for (const std::string_view element :
         {"for=192.0.2.43", "FOR=192.0.2.43", "proto=https;for=192.0.2.43", "for=192.0.2.43;",
          ";for=192.0.2.43", "for=192.0.2.43 ; proto=https",
          "by=\"a,b;for=1.2.3.4\";for=192.0.2.43", "by=\"\\\",for=1.2.3.4\";for=192.0.2.43",
          "for=\"192.0.2.43\";by=\"\\\\\"", "for=192.0.2.43:80", "for=\"192\\.0.2.43\"",
          "x;for=192.0.2.43"}) {
        CAPTURE(element);
        CHECK(client(standard, {element}) == "192.0.2.43");
    }
    for (const std::string_view element :
         {"192.0.2.43", "by=192.0.2.43", "for", "for=", "for=\"\"", "for=1.2.3.4;for=192.0.2.43",
          "for=\"192.0.2.43\"x", "for=\"192.0.2.43\"\"\"", "for=\"192.0.2.43", "for=192.0.2.43\"",
          "for=\"192.0.2.43\\\"", "for=192.0.2.43;by=\"a", "xfor=192.0.2.43", ";", "=",
          "host=\"for=192.0.2.43\""}) {
        CAPTURE(element);
        CHECK(client(standard, {element}) == "-");
    }
}

TEST_CASE("nothing that a client sends changes what its proxy appends") {
    for (const std::string sent :
         {"for=\"", "for=\"\\", "\\", "\"\"\"", "for=1.2.3.4, for=\"x\\\"", "for=\"a\", \"",
          "for=1.2.3.4;by=\"", ",,,", "for=10.0.0.2", "=", "for=\"[", "\\\"", "for=\"10.0.0.2"}) {
        for (const std::string appended :
             {"for=192.0.2.43", R"(for="192.0.2.43:80")", R"(for=192.0.2.43;by="_a,b\"c\\")"}) {
            CAPTURE(sent, appended);
            const std::string joined = sent + ", " + appended;
            CHECK(client(standard, {joined}) == "192.0.2.43");
            CHECK(client(standard, {sent, appended}) == "192.0.2.43");
            const std::string twice = joined + ", for=10.0.0.2";
            CHECK(client(standard, {twice}) == "192.0.2.43");
        }
        const std::string joined = sent + ",192.0.2.43";
        CHECK(client(list, {joined}) == "192.0.2.43");
    }
}

TEST_CASE("empty elements and headers are skipped") {
    CHECK(client(list, {}) == "-");
    CHECK(client(list, {""}) == "-");
    CHECK(client(list, {" , ,\t"}) == "-");
    CHECK(client(list, {"192.0.2.43,, ,10.0.0.2 , ", ""}) == "192.0.2.43");
    CHECK(client(standard, {"", ",for=192.0.2.43,", ","}) == "192.0.2.43");
}

TEST_CASE("a chain of more trusted proxies than the limit is not followed further") {
    std::string chain = "192.0.2.43";
    for (std::size_t i = 0; i < forwarded_hops_max - 1; ++i) {
        chain.append(", 10.0.0.2");
    }
    CHECK(client(list, {chain}) == "192.0.2.43");
    CHECK(client(list, {chain, "10.0.0.2"}) == "10.0.0.2");
}

TEST_CASE("a path prefix is taken without the slash at its end") {
    CHECK(forwarded_prefix("/cam") == "/cam");
    CHECK(forwarded_prefix("/cam/") == "/cam");
    CHECK(forwarded_prefix("/a/b-c/d.e/~f") == "/a/b-c/d.e/~f");
    CHECK(forwarded_prefix("/...") == "/...");
    CHECK(forwarded_prefix("/a%20b/%C3%A4") == "/a%20b/%C3%A4");
    CHECK(forwarded_prefix("/") == "");
    const std::string longest = "/" + std::string(forwarded_prefix_bytes_max - 1, 'a');
    CHECK(forwarded_prefix(longest) == longest);
    CHECK_FALSE(forwarded_prefix(longest + "/").has_value());
}

TEST_CASE("a path prefix that is not safe in front of links is rejected") {
    for (const std::string_view value :
         {"",        "cam",     "cam/",       "//",         "//evil.example", "/a//b",
          "/a//",    "/.",      "/..",        "/a/../b",    "/a/./",          "/%2e",
          "/.%2E/a", "/%2e%2e", "/a b",       "/a\tb",      "/a\r\nb",        "/\\evil.example",
          "/a?b",    "/a#b",    "/a\"b",      "/<b>",       "/a, /b",         "/a,/b",
          "/%",      "/%2",     "/%zz",       "/%0d%0a",    "/\xC3\xA4",      " /a",
          "/a ",     "/a^b",    "http://a/b", "javascript:"}) {
        CAPTURE(value);
        CHECK_FALSE(forwarded_prefix(value).has_value());
    }
    CHECK_FALSE(forwarded_prefix(std::string_view("/a\0", 3)).has_value());
}

} // namespace ringcast::http
