#include "http/multipart.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

namespace ringcast::http {
namespace {

std::string header_of(const PartInfo& part, std::size_t headroom_bytes = part_header_bytes_max) {
    std::vector<std::byte> headroom(headroom_bytes, std::byte{0xDD});
    const std::size_t bytes = write_part_header(headroom, part);
    REQUIRE(bytes <= part_header_bytes_max);
    const auto untouched = ConstByteSpan(headroom).first(headroom.size() - bytes);
    CHECK(std::all_of(untouched.begin(), untouched.end(),
                      [](std::byte byte) { return byte == std::byte{0xDD}; }));
    return std::string(as_text(ConstByteSpan(headroom).last(bytes)));
}

WallTime at(std::int64_t nanoseconds) {
    return WallTime(Duration(nanoseconds));
}

std::size_t longest_line(std::string_view text) {
    std::size_t longest = 0;
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        REQUIRE(end != std::string_view::npos);
        longest = std::max(longest, end);
        text.remove_prefix(end + 2);
    }
    return longest;
}

} // namespace

TEST_CASE("a part header has type, length and capture time, and ends where the JPEG begins") {
    CHECK(header_of({12345, at(1'700'000'000'123'456'789), false}) ==
          "Content-Type: image/jpeg\r\nContent-Length: 12345\r\n"
          "X-Timestamp: 1700000000.123456\r\n\r\n");
    CHECK(header_of({1, at(0), false}, 4096) == "Content-Type: image/jpeg\r\nContent-Length: 1\r\n"
                                                "X-Timestamp: 0.000000\r\n\r\n");
}

TEST_CASE("the six decimals of a time stamp keep their leading zeros") {
    CHECK(header_of({1, at(5'000'007'000), false}).find("X-Timestamp: 5.000007\r\n") !=
          std::string::npos);
}

TEST_CASE("a clock before 1970 is written as the epoch") {
    CHECK(header_of({1, at(-5), false}).find("X-Timestamp: 0.000000\r\n") != std::string::npos);
}

TEST_CASE("a placeholder's part header is marked") {
    CHECK(header_of({7, at(1'000'000'000), true}) ==
          "Content-Type: image/jpeg\r\nContent-Length: 7\r\nX-Timestamp: 1.000000\r\n"
          "X-Ringcast-Signal: none\r\n\r\n");
}

TEST_CASE("a placeholder's part header has the reason, and a live picture's has none") {
    CHECK(header_of({7, at(0), true, "the camera is unplugged"})
              .ends_with("\r\nX-Ringcast-Signal: none\r\n"
                         "X-Ringcast-Reason: the camera is unplugged\r\n\r\n"));
    CHECK(header_of({7, at(0), true, ""}).find("Reason") == std::string::npos);
    CHECK(header_of({7, at(0), false, "the camera is unplugged"}).find("Reason") ==
          std::string::npos);
}

TEST_CASE("a rendition's part header has its name, behind the capture time") {
    CHECK(header_of({7, at(0), false, "", "half"})
              .ends_with(".000000\r\nX-Ringcast-Rendition: half\r\n\r\n"));
    CHECK(header_of({7, at(0), true, "", "half"})
              .ends_with("\r\nX-Ringcast-Rendition: half\r\nX-Ringcast-Signal: none\r\n\r\n"));
    CHECK(header_of({7, at(0)}).find("Rendition") == std::string::npos);
}

TEST_CASE("bytes of a reason that are not printable ASCII become question marks") {
    CHECK(header_of({7, at(0), true, "a\r\nb\tc\x7F \xC3\xA9~"})
              .ends_with("\r\nX-Ringcast-Reason: a??b?c? ??~\r\n\r\n"));
}

TEST_CASE("the longest part header fits its bound, and its lines are short enough for parsers") {
    const std::string reason(1000, 'r');
    const std::string rendition(63, 'n'); // the longest name
    const std::string header = header_of(
        {std::numeric_limits<std::size_t>::max(), WallTime::max(), true, reason, rendition});
    CHECK(header.size() <= part_header_bytes_max);
    CHECK(longest_line(header) == part_line_bytes_max);
}

TEST_CASE("a boundary contains all of its random bits") {
    CHECK(Boundary(0x0123456789abcdef, 0xfedcba9876543210).text() ==
          "ringcast0123456789abcdeffedcba9876543210");
    CHECK(Boundary(0, 1).text() == "ringcast00000000000000000000000000000001");
    // RFC 2046 allows 70 characters.
    CHECK(Boundary::length <= 70);
}

TEST_CASE("a JPEG is followed by the delimiter and the next part's headers, and nothing else") {
    const Boundary boundary(1, 2);
    std::vector<std::byte> tailroom(PartTail::advance_bytes + 1, std::byte{0xDD});
    write_part_tail(tailroom, boundary);
    const std::string_view text = as_text(tailroom);
    const std::string delimiter = "\r\n--" + std::string(boundary.text()) + "\r\n";
    CHECK(text.substr(0, PartTail::standard_bytes) == delimiter);
    CHECK(text.substr(0, PartTail::advance_bytes) ==
          delimiter + "Content-Type: image/jpeg\r\n\r\n");
    CHECK(tailroom.back() == std::byte{0xDD});
}

} // namespace ringcast::http
