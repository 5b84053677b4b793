#include "http/ip_address.hpp"

#include <string_view>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

IpAddress address(std::string_view text) {
    const std::optional<IpAddress> parsed = IpAddress::parse(text);
    REQUIRE(parsed.has_value());
    return *parsed;
}

std::string text_of(std::string_view text) {
    return address(text).text().data();
}

AddressSet set_of(const std::vector<std::string>& texts) {
    Result<AddressSet> set = AddressSet::parse(texts);
    REQUIRE(set.has_value());
    return *set;
}

std::string error_of(const std::string& text) {
    const std::vector<std::string> texts{"127.0.0.1", text};
    const Result<AddressSet> set = AddressSet::parse(texts);
    REQUIRE_FALSE(set.has_value());
    return set.error().message;
}

} // namespace

TEST_CASE("an IP address is read from text and written in the short form") {
    CHECK(text_of("192.0.2.7") == "192.0.2.7");
    CHECK(text_of("0.0.0.0") == "0.0.0.0");
    CHECK(text_of("2001:DB8:0:0::7") == "2001:db8::7");
    CHECK(text_of("::") == "::");
    CHECK(text_of("1:2:3:4:5:6:7:8") == "1:2:3:4:5:6:7:8");
    CHECK(address("::1") == address("0:0:0:0:0:0:0:1"));
    CHECK(address("::1") != address("::2"));
    const std::string longest = "1111:2222:3333:4444:5555:6666:255.255.255.255";
    CHECK(text_of(longest) == "1111:2222:3333:4444:5555:6666:ffff:ffff");
}

TEST_CASE("text that is not exactly an IP address is rejected") {
    for (const std::string_view text :
         {"",          "1",        "1.2.3",     "1.2.3.4.5",  "1.2.3.256",     "01.2.3.4",
          "0x1.2.3.4", " 1.2.3.4", "1.2.3.4 ",  "1.2.3.4:80", "[::1]",         "::1%lo",
          "fe80::1%1", "1::2::3",  ":",         ":::",        "1:2:3:4:5:6:7", "12345::",
          "localhost", "unix",     "10.0.0.0/8"}) {
        CAPTURE(text);
        CHECK_FALSE(IpAddress::parse(text).has_value());
    }
    CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)).has_value());
    CHECK_FALSE(IpAddress::parse(std::string_view("::1\0x", 5)).has_value());
    CHECK_FALSE(IpAddress::parse(std::string(1000, '1')).has_value());
}

TEST_CASE("an IPv4-mapped IPv6 address is an IPv4 address") {
    CHECK(address("::ffff:192.0.2.7") == address("192.0.2.7"));
    CHECK(address("::ffff:c000:207").is_ipv4());
    CHECK(text_of("::ffff:c000:207") == "192.0.2.7");
    CHECK(address("192.0.2.7").is_ipv4());
    CHECK_FALSE(address("::192.0.2.7").is_ipv4());
    CHECK_FALSE(address("::fffe:c000:207").is_ipv4());
}

TEST_CASE("127.0.0.0/8 and ::1 are loopback addresses") {
    for (const std::string_view text : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"}) {
        CAPTURE(text);
        CHECK(address(text).is_loopback());
    }
    for (const std::string_view text : {"126.0.0.1", "128.0.0.1", "0.0.0.1", "::", "::2", "::1:1",
                                        "1::1", "0:0:0:1::1", "::127.0.0.1"}) {
        CAPTURE(text);
        CHECK_FALSE(address(text).is_loopback());
    }
}

TEST_CASE("a network is an IPv4 address or a /64 of IPv6") {
    CHECK(address("2001:db8:1:2::1").network() ==
          address("2001:db8:1:2:ffff:ffff:ffff:ffff").network());
    CHECK(address("2001:db8:1:2::1").network() != address("2001:db8:1:3::1").network());
    CHECK(address("192.0.2.7").network() == address("::ffff:192.0.2.7").network());
    CHECK(address("192.0.2.7").network() != address("192.0.2.8").network());
    CHECK(address("192.0.2.7").network() == 0xFFFF'C000'0207U);
    CHECK(address("2001:db8:1:2::1").network() == 0x2001'0DB8'0001'0002U);
}

TEST_CASE("a set contains its addresses, all addresses of its networks, and no others") {
    const AddressSet set =
        set_of({"127.0.0.1", "::1", "10.0.0.0/8", "192.168.8.0/21", "2001:db8::/33"});
    for (const std::string_view text :
         {"127.0.0.1", "::ffff:127.0.0.1", "::1", "10.0.0.0", "10.255.255.255", "192.168.8.0",
          "192.168.15.255", "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"}) {
        CAPTURE(text);
        CHECK(set.contains(address(text)));
    }
    for (const std::string_view text :
         {"127.0.0.2", "::2", "9.255.255.255", "11.0.0.0", "192.168.7.255", "192.168.16.0",
          "2001:db8:8000::", "2001:db7:ffff::", "::10.0.0.1"}) {
        CAPTURE(text);
        CHECK_FALSE(set.contains(address(text)));
    }
    CHECK_FALSE(set.contains_unix());
    CHECK_FALSE(set_of({}).contains(address("127.0.0.1")));
}

TEST_CASE("a prefix of length 0 contains all addresses of its family") {
    CHECK(set_of({"0.0.0.0/0"}).contains(address("255.1.2.3")));
    CHECK_FALSE(set_of({"0.0.0.0/0"}).contains(address("::")));
    CHECK(set_of({"::/0"}).contains(address("ffff::1")));
    CHECK_FALSE(set_of({"::/0"}).contains(address("192.0.2.7")));
}

TEST_CASE("a network that is written as IPv4-mapped is one of IPv4") {
    const AddressSet set = set_of({"::ffff:10.0.0.0/104"});
    CHECK(set.contains(address("10.1.2.3")));
    CHECK_FALSE(set.contains(address("11.1.2.3")));
}

TEST_CASE("peers on UNIX sockets are in a set with \"unix\"") {
    const AddressSet set = set_of({"unix"});
    CHECK(set.contains_unix());
    CHECK_FALSE(set.contains(address("127.0.0.1")));
}

TEST_CASE("the error of a set names the wrong text and says what to write") {
    CHECK(
        error_of("localhost") ==
        R"("localhost" is no IP address: write an address such as "127.0.0.1" or "::1", a network)"
        R"( such as "10.0.0.0/8", or "unix")");
    CHECK(error_of("").starts_with("\"\" is no IP address"));
    CHECK(error_of("/8").starts_with("\"/8\" is no IP address"));
    CHECK(error_of("10.0.0.0/33") ==
          R"("10.0.0.0/33" ends in "/33": write the length of the network's prefix, from 0 to 32)"
          R"( bits, such as "10.0.0.0/32")");
    CHECK(error_of("::/129").find("from 0 to 128 bits") != std::string::npos);
    for (const std::string text : {"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8/8", "10.0.0.0/-1",
                                   "10.0.0.0/255.0.0.0", "10.0.0.0/ 8"}) {
        CAPTURE(text);
        CHECK(error_of(text).find("the length of the network's prefix") != std::string::npos);
    }
    CHECK(error_of("10.1.2.3/8") ==
          R"("10.1.2.3/8" is no network, because bits after its prefix are set: write)"
          R"( "10.0.0.0/8" for the network, or "10.1.2.3" for the address)");
    CHECK(error_of("::1/0").find("\"::/0\" for the network") != std::string::npos);
}

} // namespace ringcast::http
