#include "http/proxy_protocol.hpp"

#include <string>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string binary(char version_and_command, char family_and_transport, const std::string& rest) {
    std::string bytes = signature;
    bytes.push_back(version_and_command);
    bytes.push_back(family_and_transport);
    bytes.push_back(static_cast<char>(rest.size() >> 8U));
    bytes.push_back(static_cast<char>(rest.size() & 0xFFU));
    return bytes + rest;
}

// 192.168.0.1:56324 to 192.168.0.11:443
const std::string ipv4_addresses("\xC0\xA8\x00\x01\xC0\xA8\x00\x0B\xDC\x04\x01\xBB", 12);
// [2001:db8::17]:47011 to [2001:db8::1]:443
const std::string ipv6_addresses = std::string("\x20\x01\x0D\xB8", 4) + std::string(11, '\0') +
                                   "\x17" + std::string("\x20\x01\x0D\xB8", 4) +
                                   std::string(11, '\0') + "\x01\xB7\xA3\x01\xBB";

/// The outcome for `bytes`. Checks that it is decided once and for all: no prefix has another one,
/// and what follows does not change it.
ProxyHeader read(const std::string& bytes) {
    const ProxyHeader whole = read_proxy_header(as_bytes(bytes));
    bool decided = false;
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const std::string prefix = bytes.substr(0, length);
        const ProxyHeader header = read_proxy_header(as_bytes(prefix));
        CHECK((header.state != ParseState::need_more || !decided));
        decided = header.state != ParseState::need_more;
        if (decided) {
            CHECK(header.state == whole.state);
            CHECK(header.bytes == whole.bytes);
            CHECK(header.source == whole.source);
            CHECK(header.error == whole.error);
        } else {
            CHECK(length < proxy_header_bytes_max);
        }
        if (header.state == ParseState::complete) {
            CHECK(header.bytes <= length);
        }
    }
    return whole;
}

void check_source(const std::string& header, const char* address, std::uint16_t port) {
    CAPTURE(header);
    const ProxyHeader found = read(header + "GET / HTTP/1.1\r\n\r\n");
    REQUIRE(found.state == ParseState::complete);
    CHECK(found.bytes == header.size());
    REQUIRE(found.source.has_value());
    CHECK(std::string(found.source->address.text().data()) == address);
    CHECK(found.source->port == port);
}

void check_no_source(const std::string& header) {
    CAPTURE(header);
    const ProxyHeader found = read(header + "GET / HTTP/1.1\r\n\r\n");
    REQUIRE(found.state == ParseState::complete);
    CHECK(found.bytes == header.size());
    CHECK_FALSE(found.source.has_value());
}

void check_malformed(const std::string& bytes, std::string_view reason) {
    CAPTURE(bytes);
    const ProxyHeader found = read(bytes);
    CHECK(found.state == ParseState::error);
    CHECK(found.bytes == 0);
    CHECK_FALSE(found.source.has_value());
    CHECK(found.error.find(reason) != std::string_view::npos);
}

} // namespace

TEST_CASE("version 1 of the PROXY protocol tells the client's address and port") {
    // The example of the specification, 2.1, and its longest lines.
    check_source("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1", 56324);
    check_source("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255",
                 65535);
    check_source("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
    check_source("PROXY TCP6 2001:DB8::17 ::1 0 0\r\n", "2001:db8::17", 0);
    check_source("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "192.0.2.7", 1);
}

TEST_CASE("an unknown client of version 1 has the address of the socket's peer") {
    check_no_source("PROXY UNKNOWN\r\n");
    check_no_source("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
                    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n");
    check_no_source("PROXY UNKNOWN \r \n x\x80\r\n");
}

TEST_CASE("a line of the PROXY protocol ends with CRLF within 107 bytes") {
    const std::string longest = "PROXY UNKNOWN " + std::string(107 - 14 - 2, 'x') + "\r\n";
    REQUIRE(longest.size() == 107);
    check_no_source(longest);
    check_malformed("PROXY UNKNOWN " + std::string(107 - 14 - 1, 'x') + "\r\n", "107 bytes");
    check_malformed("PROXY TCP4 " + std::string(200, '1'), "107 bytes");
    CHECK(read("PROXY UNKNOWN" + std::string(92, ' ') + "\r").state == ParseState::need_more);
    check_malformed("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\nGET / HTTP/1.1\r\n", "two ports");
    check_malformed("PROXY TCP4 192.0.2.7 192.0.2.1 1 2\rGET / HTTP/1.1\r\n", "two ports");
}

TEST_CASE("a line of the PROXY protocol has exactly two addresses and two ports") {
    for (const std::string rest : {"",
                                   " ",
                                   "192.0.2.7",
                                   "192.0.2.7 192.0.2.1",
                                   "192.0.2.7 192.0.2.1 1",
                                   "192.0.2.7 192.0.2.1 1 ",
                                   "192.0.2.7 192.0.2.1 1 2 ",
                                   "192.0.2.7 192.0.2.1 1 2 3",
                                   " 192.0.2.7 192.0.2.1 1 2",
                                   "192.0.2.7  192.0.2.1 1 2",
                                   "192.0.2.7 192.0.2.1 1  2",
                                   "192.0.2.7\t192.0.2.1 1 2",
                                   "192.0.2.7 192.0.2.1 01 2",
                                   "192.0.2.7 192.0.2.1 1 00",
                                   "192.0.2.7 192.0.2.1 65536 2",
                                   "192.0.2.7 192.0.2.1 1 99999999999999999999",
                                   "192.0.2.7 192.0.2.1 -1 2",
                                   "192.0.2.7 192.0.2.1 +1 2",
                                   "192.0.2.7 192.0.2.1 a 2",
                                   "192.0.2.07 192.0.2.1 1 2",
                                   "192.0.2 192.0.2.1 1 2",
                                   "192.0.2.7 192.0.2.256 1 2",
                                   "::1 192.0.2.1 1 2",
                                   "192.0.2.7 ::1 1 2",
                                   "::1 ::1 1 2"}) {
        CAPTURE(rest);
        check_malformed("PROXY TCP4 " + rest + "\r\n", "two addresses");
    }
    check_malformed("PROXY TCP6 192.0.2.7 ::1 1 2\r\n", "two addresses");
    check_malformed("PROXY TCP6 ::1 192.0.2.7 1 2\r\n", "two addresses");
    check_malformed("PROXY TCP6 [::1] ::1 1 2\r\n", "two addresses");
    check_malformed(std::string("PROXY TCP6 ::1\0 ::1 1 2\r\n", 25), "two addresses");
    for (const std::string protocol : {"", "TCP", "TCP5", "tcp4", "UDP4", "UNKNOWNX", "TCP4x"}) {
        check_malformed("PROXY " + protocol + " 192.0.2.7 192.0.2.1 1 2\r\n", "not TCP4");
    }
    check_malformed("PROXY \r\n", "not TCP4");
}

TEST_CASE("version 2 of the PROXY protocol tells the client's address and port") {
    for (const char transport : {'\x01', '\x02'}) {
        const auto family = [transport](int value) { return static_cast<char>(value | transport); };
        check_source(binary('\x21', family(0x10), ipv4_addresses), "192.168.0.1", 56324);
        check_source(binary('\x21', family(0x20), ipv6_addresses), "2001:db8::17", 47011);
        check_no_source(binary('\x21', family(0x30), std::string(216, 'x')));
        check_no_source(binary('\x21', family(0x00), ipv4_addresses));
    }
    const std::string mapped = std::string(10, '\0') + "\xFF\xFF\xC0" +
                               std::string("\x00\x02\x07", 3) + std::string(15, '\0') +
                               std::string("\x01\x12\x34\x00\x50", 5);
    check_source(binary('\x21', '\x21', mapped), "192.0.2.7", 0x1234);
}

TEST_CASE("a proxy's own connection has the address of the socket's peer") {
    check_no_source(binary('\x20', '\x00', ""));
    check_no_source(binary('\x20', '\x11', ipv4_addresses));
    check_no_source(binary('\x20', '\x11', "too short"));
    check_no_source(binary('\x20', '\xFF', "the family is ignored"));
    check_no_source(binary('\x21', '\x00', ""));
    check_no_source(binary('\x21', '\x10', ipv4_addresses));
}

TEST_CASE("extensions of the PROXY protocol are skipped up to 4096 bytes in all") {
    const std::string authority("\x02\x00\x0B"
                                "example.org",
                                14);
    check_source(binary('\x21', '\x11', ipv4_addresses + authority), "192.168.0.1", 56324);
    check_source(binary('\x21', '\x11', ipv4_addresses + "\x04"), "192.168.0.1", 56324);
    const std::size_t most = proxy_header_bytes_max - 16 - ipv4_addresses.size();
    check_source(binary('\x21', '\x11', ipv4_addresses + std::string(most, 'x')), "192.168.0.1",
                 56324);
    check_malformed(binary('\x21', '\x11', ipv4_addresses + std::string(most + 1, 'x')),
                    "longer than 4096 bytes");
    check_malformed(binary('\x20', '\x00', std::string(65535, 'x')).substr(0, 16),
                    "longer than 4096 bytes");
}

TEST_CASE("a binary PROXY header with values that are not assigned is malformed") {
    check_malformed(binary('\x11', '\x11', ipv4_addresses), "version");
    check_malformed(binary('\x31', '\x11', ipv4_addresses), "version");
    check_malformed(binary('\x22', '\x11', ipv4_addresses), "command");
    check_malformed(binary('\x2F', '\x00', ""), "command");
    check_malformed(binary('\x21', '\x41', ipv6_addresses), "unassigned");
    check_malformed(binary('\x21', '\x13', ipv4_addresses), "unassigned");
    check_malformed(binary('\x21', '\x11', ipv4_addresses.substr(1)), "too short");
    check_malformed(binary('\x21', '\x21', ipv6_addresses.substr(1)), "too short");
    check_malformed(binary('\x21', '\x31', std::string(215, 'x')), "too short");
    check_malformed(binary('\x21', '\x11', ""), "too short");
}

TEST_CASE("a connection that begins with anything else has no PROXY header") {
    for (const std::string bytes :
         {"GET / HTTP/1.1\r\n\r\n", "PROXIES", "PROXY\r\n", "proxy TCP4", "\x16\x03\x01",
          "\r\n\r\nQ", "\r\n\r\r", " PROXY UNKNOWN\r\n", "\n"}) {
        check_malformed(bytes, "does not begin with a PROXY header");
    }
    CHECK(read("").state == ParseState::need_more);
    CHECK(read("PROXY").state == ParseState::need_more);
    CHECK(read(signature).state == ParseState::need_more);
    CHECK(read(binary('\x21', '\x11', ipv4_addresses).substr(0, 27)).state ==
          ParseState::need_more);
}

} // namespace ringcast::http
