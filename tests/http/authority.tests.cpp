#include "http/authority.hpp"

#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {

TEST_CASE("a name with or without a port is a valid authority") {
    for (const std::string_view text :
         {"a", "A", "cam", "cam.local", "my_cam-2.local", "Cam.LOCAL", "-", "_", "cam.local.",
          "cam.local.:81", "cam:1", "cam:80", "cam:8080", "cam:65535", "cam:0080", "1a.2b.example",
          "xn--bcher-kva.example:8443"}) {
        CAPTURE(text);
        CHECK(is_authority(text));
    }
    CHECK(is_authority(std::string(300, 'a')));
}

TEST_CASE("an empty port is a valid one, as RFC 3986 permits") {
    CHECK(is_authority("cam.local:"));
    CHECK(is_authority("192.0.2.7:"));
    CHECK(is_authority("[2001:db8::1]:"));
}

TEST_CASE("an IP address is a valid authority, IPv6 in brackets") {
    for (const std::string_view text :
         {"192.0.2.7", "192.0.2.7:8080", "127.0.0.1:1", "[::]", "[::1]", "[::1]:8080",
          "[2001:db8::A:0:7654:321]", "[2001:DB8:1:2:3:4:5:6]:65535", "[::ffff:192.0.2.7]",
          "[::192.0.2.7]:81", "[1:2:3:4:5:6:192.0.2.7]", "[1::]", "[1:2:3:4:5:6:7::]",
          "[::2:3:4:5:6:7:8]", "[1::8]", "[::0.0.0.0]", "[::255.255.255.255]"}) {
        CAPTURE(text);
        CHECK(is_authority(text));
    }
}

TEST_CASE("an IP literal of a future version is a valid authority") {
    CHECK(is_authority("[v1.a]"));
    CHECK(is_authority("[VF0.a:b]:80"));
    CHECK(is_authority("[v0123456789abcdefABCDEF.azAZ09-._~!$&'()*+,;=:]"));
    for (const std::string_view text :
         {"[v.a]", "[v1.]", "[v1]", "[vg.a]", "[1.a]", "[v1.a/b]", "[v1.a@b]", "[v1.a[]"}) {
        CAPTURE(text);
        CHECK_FALSE(is_authority(text));
    }
}

TEST_CASE("names with empty labels or other characters are invalid") {
    for (const std::string_view text : {"",
                                        ".",
                                        "..",
                                        ".cam",
                                        "..cam",
                                        "cam..local",
                                        "cam..",
                                        "cam..:80",
                                        ":",
                                        ":80",
                                        "cam/",
                                        "/cam",
                                        "cam\\local",
                                        "cam local",
                                        " cam",
                                        "cam ",
                                        "cam\t",
                                        "cam,other",
                                        "user@cam",
                                        "user:secret@cam",
                                        "cam?",
                                        "cam#",
                                        "cam;80",
                                        "c*m",
                                        "cam%2elocal",
                                        "cam~",
                                        "b\xC3\xBC",
                                        "cam\x02",
                                        "cam\x7F",
                                        "http://cam",
                                        "cam.local/x:80"}) {
        CAPTURE(text);
        CHECK_FALSE(is_authority(text));
    }
    CHECK_FALSE(is_authority(std::string_view("cam\0", 4)));
}

TEST_CASE("ports other than 1 to 65535 are invalid") {
    for (const std::string host : {"cam.local", "192.0.2.7", "[2001:db8::1]", "cam.local."}) {
        for (const std::string_view port :
             {"0", "00", "65536", "98777", "123456", "99999999999999999999999", "-1", "+80", "8o",
              "80 ", " 80", "0x50", "1.2", "80:", "9000:80", "http", "80/"}) {
            CAPTURE(host, port);
            CHECK_FALSE(is_authority(host + ":" + std::string(port)));
        }
    }
}

TEST_CASE("IP literals that are malformed are invalid") {
    for (const std::string_view text :
         {"[",
          "]",
          "[]",
          "[]:80",
          "[:",
          "[:]",
          "[:::]",
          "[::1",
          "[::1:80",
          "::1",
          "::1]",
          "2001:db8::1",
          "[::1]80",
          "[::1].",
          "[::1].:98",
          "[::1]..:98",
          "[::1]]",
          "[[::1]]",
          "x[::1]",
          "cam[::1]:98",
          "[::1]cam",
          "[1:2:3:4:5:6:7]",
          "[1:2:3:4:5:6:7:8:9]",
          "[1::2::3]",
          "[12345::]",
          "[::g]",
          "[20..01::1]",
          "[2001\\:db8::1]",
          "[2001:db8::1/]",
          "[::1 ]",
          "[ ::1]",
          "[cam.local]",
          "[192.0.2.7]",
          "[::192.0.2.256]",
          "[::192.0.2]",
          "[::192.0.2.7.]",
          "[::192.0.2.07]",
          "[::192..2.7]",
          "[::192.0.2.-7]",
          "[192.0.2.7::]",
          "[::192.0.2.7:1]",
          "[1:::2]",
          "[1:2:3:4:5:6:7:8:]",
          "[:1:2:3:4:5:6:7:8]",
          "[1:2:3:4::5:6:7:8]",
          "[::1:]",
          "[1:2:3:4:5:6:7:192.0.2.7]",
          "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"}) {
        CAPTURE(text);
        CHECK_FALSE(is_authority(text));
    }
    CHECK_FALSE(is_authority(std::string_view("[::1\0]", 6)));
}

TEST_CASE(
    "zones of IPv6 addresses are invalid: they mean nothing outside of the client's machine") {
    for (const std::string_view text : {"[fe80::1%eth0]", "[fe80::1%25eth0]:8080", "[fe80::1%2]"}) {
        CAPTURE(text);
        CHECK_FALSE(is_authority(text));
    }
}

TEST_CASE("the host of an authority is what is before its port") {
    CHECK(host_of("cam.local") == "cam.local");
    CHECK(host_of("cam.local:8080") == "cam.local");
    CHECK(host_of("cam.local.:") == "cam.local.");
    CHECK(host_of("192.0.2.7:80") == "192.0.2.7");
    CHECK(host_of("[2001:db8::1]:80") == "[2001:db8::1]");
    CHECK(host_of("[::1]") == "[::1]");
}

TEST_CASE("hosts are compared without regard to case") {
    CHECK(equal_hosts("cam.local", "CAM.Local"));
    CHECK(equal_hosts("[2001:db8::a]", "[2001:DB8::A]"));
    CHECK_FALSE(equal_hosts("cam.local", "cam.loca"));
    CHECK_FALSE(equal_hosts("cam", "cam."));
    CHECK_FALSE(equal_hosts("a-b", "a_b"));
}

} // namespace ringcast::http
