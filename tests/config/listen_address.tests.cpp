#include "config/listen_address.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace ringcast::config;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("an address is a host and a port, a port alone, or the path of a UNIX socket") {
    CHECK(parse_listen_address("127.0.0.1:8080").value() ==
          ListenAddress(ListenTcp{"127.0.0.1", 8080}));
    CHECK(parse_listen_address(":80").value() == ListenAddress(ListenTcp{"", 80}));
    CHECK(parse_listen_address("[::1]:8080").value() == ListenAddress(ListenTcp{"::1", 8080}));
    CHECK(parse_listen_address("[fe80::1%eth0]:1").value() ==
          ListenAddress(ListenTcp{"fe80::1%eth0", 1}));
    CHECK(parse_listen_address("my-host.local:0").value() ==
          ListenAddress(ListenTcp{"my-host.local", 0}));
    CHECK(parse_listen_address("unix:/run/ringcast.sock").value() ==
          ListenAddress(ListenUnix{"/run/ringcast.sock"}));
    CHECK(parse_listen_address("systemd:ringcast.socket").value() ==
          ListenAddress(ListenPassed{"ringcast.socket"}));
}

TEST_CASE("an address is written in the form that is parsed") {
    for (const char* text :
         {"127.0.0.1:8080", ":80", "[::1]:8080", "host:65535", "unix:/a b", "systemd:web"}) {
        CAPTURE(text);
        CHECK(listen_address_text(parse_listen_address(text).value()) == text);
    }
}

TEST_CASE("an invalid address is rejected with the reason") {
    const auto problem = [](const std::string& text) {
        const auto address = parse_listen_address(text);
        return address ? "accepted" : address.error().message;
    };
    CHECK_THAT(problem("8080"), ContainsSubstring("the port is missing"));
    CHECK_THAT(problem("systemd:"), ContainsSubstring("the name of a socket"));
    CHECK_THAT(problem("systemd:a:b"), ContainsSubstring("without a colon"));
    CHECK_THAT(problem("localhost"), ContainsSubstring("the port is missing"));
    CHECK_THAT(problem("localhost:http"), ContainsSubstring("0 to 65535"));
    CHECK_THAT(problem("localhost:65536"), ContainsSubstring("0 to 65535"));
    CHECK_THAT(problem("localhost:"), ContainsSubstring("0 to 65535"));
    CHECK_THAT(problem("::1:8080"), ContainsSubstring("brackets"));
    CHECK_THAT(problem("[::1:8080"), ContainsSubstring("not an IPv6 address"));
    CHECK_THAT(problem("[]:8080"), ContainsSubstring("not an IPv6 address"));
    CHECK_THAT(problem("[::1%]:8080"), ContainsSubstring("not an IPv6 address"));
    CHECK_THAT(problem("[host]:8080"), ContainsSubstring("not an IPv6 address"));
    CHECK_THAT(problem("a host:1"), ContainsSubstring("neither a name nor an address"));
    CHECK_THAT(problem("http://host:1"), ContainsSubstring("this is a URL"));
    CHECK_THAT(problem("unix:relative"), ContainsSubstring("must begin with /"));
    CHECK_THAT(problem("unix:/" + std::string(107, 'x')),
               ContainsSubstring("at most 107 bytes, not 108"));
    CHECK(problem("unix:/" + std::string(106, 'x')) == "accepted");
    CHECK_THAT(problem(std::string("unix:/a\0b", 9)), ContainsSubstring("NUL"));
}

TEST_CASE("loopback addresses and UNIX sockets are local, wildcards are not") {
    for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/x"}) {
        CAPTURE(text);
        CHECK(is_local(parse_listen_address(text).value()));
        CHECK_FALSE(is_wildcard(parse_listen_address(text).value()));
    }
    for (const char* text : {":1", "0.0.0.0:1", "[::]:1"}) {
        CAPTURE(text);
        CHECK(is_wildcard(parse_listen_address(text).value()));
        CHECK_FALSE(is_local(parse_listen_address(text).value()));
    }
    for (const char* text : {"192.168.1.5:1", "127.example.org:1", "10.0.0.1:1"}) {
        CAPTURE(text);
        CHECK_FALSE(is_local(parse_listen_address(text).value()));
        CHECK_FALSE(is_wildcard(parse_listen_address(text).value()));
    }
}
