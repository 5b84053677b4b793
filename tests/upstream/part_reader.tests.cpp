#include "upstream/part_reader.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include "base/bytes.hpp"

namespace ringcast::upstream {
namespace {

using State = PartReader::State;
using Parts = std::vector<std::string>;

std::string describe(const PartHead& head) {
    std::string text = head.content_length ? fmt::format("{}", *head.content_length) : "?";
    text += head.picture ? "" : " no picture";
    if (head.timestamp) {
        text += fmt::format(" at {}", head.timestamp->time_since_epoch().count() / 1000);
    }
    if (head.no_signal) {
        text += fmt::format(" no signal: {}", head.reason);
    }
    return text;
}

/// Reads `body` in pieces of at most `piece_bytes`. Each part is described, followed by its content;
/// reading stops at a part without a length. The last element is the state at the end.
Parts read_in_pieces(std::string_view boundary, std::string_view body, std::size_t piece_bytes) {
    PartReader reader;
    reader.begin(boundary);
    Parts parts;
    while (!body.empty() && reader.state() == State::reading) {
        const std::string_view piece = body.substr(0, piece_bytes);
        const std::size_t count = reader.read(std::as_bytes(std::span(piece)));
        body.remove_prefix(count);
        if (reader.state() == State::part) {
            parts.push_back(describe(reader.head()));
            if (!reader.head().content_length) {
                parts.emplace_back("unknown");
                return parts;
            }
            const auto length = static_cast<std::size_t>(
                std::min<std::uint64_t>(*reader.head().content_length, body.size()));
            parts.emplace_back(body.substr(0, length));
            body.remove_prefix(length);
            reader.content_read();
        }
    }
    switch (reader.state()) {
    case State::reading:
    case State::part:
        parts.emplace_back("reading");
        break;
    case State::ended:
        parts.emplace_back("ended");
        break;
    case State::malformed:
        parts.push_back(fmt::format("malformed, {} left", body.size()));
        break;
    }
    return parts;
}

/// The same however the body is cut.
Parts read(std::string_view boundary, std::string_view body) {
    const Parts whole = read_in_pieces(boundary, body, body.size());
    for (const std::size_t piece_bytes : {1U, 2U, 3U, 7U}) {
        CAPTURE(boundary, body, piece_bytes);
        CHECK(read_in_pieces(boundary, body, piece_bytes) == whole);
    }
    return whole;
}

/// The description of a part with these headers, each with its line end.
std::string head_of(std::string_view headers) {
    const std::string body = std::string("--b\r\n").append(headers).append("\r\n");
    return read("b", body).front();
}

} // namespace

TEST_CASE("parts are read with their lengths, up to the last delimiter") {
    CHECK(read("b", "--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n"
                    "--b\r\nContent-Length:4\r\n\r\ndefg\r\n--b--\r\n") ==
          Parts{"3", "abc", "4", "defg", "ended"});
}

TEST_CASE("parts are read where servers deviate from the standard") {
    const Parts one{"3", "abc", "reading"};
    SECTION("lines that end with LF alone") {
        CHECK(read("b", "--b\nContent-Length: 3\n\nabc\n--b\n") == one);
    }
    SECTION("the dashes are part of the boundary, and are repeated or not") {
        CHECK(read("--b", "----b\r\nContent-Length: 3\r\n\r\nabc\r\n") == one);
        CHECK(read("--b", "--b\r\nContent-Length: 3\r\n\r\nabc\r\n") == one);
        CHECK(read("b", "b\r\nContent-Length: 3\r\n\r\nabc\r\n") == one);
    }
    SECTION("the boundary is unknown, or only dashes") {
        for (const std::string_view boundary : {"", "--"}) {
            CHECK(read(boundary, "--frame\r\nContent-Length: 3\r\n\r\nabc\r\n") == one);
            CHECK(read(boundary, "text\r\n--frame\r\nContent-Length: 3\r\n\r\nabc\r\n") == one);
        }
    }
    SECTION("blanks behind the delimiter, and no line end or several in front of it") {
        CHECK(read("b", "--b \t\r\nContent-Length: 3\r\n\r\nabc--b\r\n") == one);
        CHECK(read("b", "\r\n\r\n--b\r\nContent-Length: 3\r\n\r\nabc\r\n\r\n\n--b\r\n") == one);
    }
    SECTION("the first delimiter is missing") {
        CHECK(read("b", "Content-Type: image/jpeg\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n") ==
              one);
        CHECK(read("b", "\r\nContent-Length: 3\r\n\r\nabc\r\n--b\r\n") == one);
    }
    SECTION("text before the first delimiter") {
        CHECK(read("b", "This is a message: in parts.\r\n--b\r\nContent-Length: 3\r\n\r\nabc") ==
              one);
    }
    SECTION("names in any case, blanks around the colon, lines that are no headers") {
        CHECK(read("b", "--b\r\nCONTENT-length \t:\t3 \r\nnonsense\r\n: 5\r\n\r\nabc") == one);
    }
    SECTION("the longest boundary that is read from a header") {
        const std::string boundary(200, 'x');
        CHECK(read(boundary, "--" + boundary + "\r\nContent-Length: 3\r\n\r\nabc") == one);
        CHECK(read(boundary, "--" + boundary + "y\r\nContent-Length: 3\r\n\r\nabc").size() == 1);
    }
}

TEST_CASE("text before the first delimiter is bounded, as are the headers of a part") {
    constexpr std::size_t bytes_max = PartReader::head_bytes_max;
    const auto text = [](std::size_t bytes) {
        std::string lines;
        while (lines.size() + 8 < bytes) {
            lines += "no head\n";
        }
        return lines + std::string(bytes - lines.size() - 1, 'x') + "\n";
    };
    const std::string head = "--b\r\nContent-Length: 3\r\n\r\n";
    CHECK(read("b", text(bytes_max - head.size()) + head + "abc").front() == "3");
    CHECK(read("b", text(bytes_max - head.size() + 2) + head + "abc").front() ==
          "malformed, 4 left");

    const std::string begin = "--b\r\nX: ";
    const std::string end = "\r\nContent-Length: 3\r\n\r\n";
    const std::size_t room = bytes_max - begin.size() - end.size();
    CHECK(read("b", begin + std::string(room, 'x') + end + "abc") == Parts{"3", "abc", "reading"});
    CHECK(read("b", begin + std::string(room + 2, 'x') + end + "abc").front() ==
          "malformed, 4 left");
    // Each part has its own bound.
    const std::string half = begin + std::string(room / 2, 'x') + end + "abc\r\n";
    CHECK(read("b", half + half + half).size() == 7);
}

TEST_CASE("only the first bytes of a long line are read") {
    constexpr std::size_t bytes = PartReader::line_bytes_max;
    const std::string name = "X-Ringcast-Reason: ";
    CHECK(head_of("X-Ringcast-Signal: none\r\nContent-Length: 3\r\n" + name +
                  std::string(bytes, 'x') + "\r\n") ==
          "3 no signal: " + std::string(bytes - name.size(), 'x'));
}

TEST_CASE("only whole, plain numbers are lengths") {
    CHECK(head_of("Content-Length: 0\r\n") == "0");
    CHECK(head_of("Content-Length: 0000003\r\n") == "3");
    CHECK(head_of("Content-Length: 18446744073709551615\r\n") == "18446744073709551615");
    for (const std::string_view length :
         {"", "-3", "+3", "3 bytes", "3,3", "0x3", "3.0", "18446744073709551616"}) {
        CAPTURE(length);
        CHECK(head_of(std::string("Content-Length: ").append(length).append("\r\n")) == "?");
    }
}

TEST_CASE("a length counts if it is repeated, but not if a second one differs") {
    CHECK(head_of("Content-Length: 3\r\nContent-Length: 3\r\n") == "3");
    CHECK(head_of("Content-Length: 3\r\nContent-Length: 4\r\n") == "?");
    CHECK(head_of("Content-Length: 3\r\nContent-Length: 4\r\nContent-Length: 4\r\n") == "?");
    CHECK(head_of("Content-Length: 3\r\nContent-Length: x\r\n") == "?");
    CHECK(head_of("Content-Length: x\r\nContent-Length: 3\r\n") == "?");
    // The next part is not affected.
    CHECK(read("b", "--b\r\nContent-Length: 1\r\n\r\na\r\n--b\r\nContent-Length: 2\r\n\r\nbc") ==
          Parts{"1", "a", "2", "bc", "reading"});
}

TEST_CASE("a part without a type is a picture, and so is one of any image type") {
    CHECK(head_of("Content-Length: 3\r\n") == "3");
    CHECK(head_of("Content-Length: 3\r\nContent-Type: IMAGE/jpg; a=b\r\n") == "3");
    CHECK(head_of("Content-Length: 3\r\nContent-Type: text/plain\r\n") == "3 no picture");
    CHECK(head_of("Content-Length: 3\r\nContent-Type: image\r\n") == "3 no picture");
    CHECK(read("b", "--b\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\na\r\n"
                    "--b\r\nContent-Length: 1\r\n\r\nb") ==
          Parts{"1 no picture", "a", "1", "b", "reading"});
}

TEST_CASE("a timestamp is read in seconds with a fraction") {
    const auto timestamp = [](std::string_view text) {
        return head_of(std::string("X-Timestamp: ").append(text).append("\r\n"));
    };
    CHECK(timestamp("1700000000.123456") == "? at 1700000000123456");
    CHECK(timestamp("1795958309.176595") == "? at 1795958309176595");
    CHECK(timestamp("1795958309.1765954321") == "? at 1795958309176595");
    CHECK(timestamp("1700000000") == "? at 1700000000000000");
    CHECK(timestamp("0") == "? at 0");
    CHECK(timestamp("7258118399") == "? at 7258118399000000");
    for (const std::string_view text :
         {"", "-1", "nan", "inf", "1e9", "1700000000 s", "12:00:00", "1700000000123", "7258118400",
          "9300000000", "30000000000", "99999999999999999999999999999999999"}) {
        CAPTURE(text);
        CHECK(timestamp(text) == "?");
    }
}

TEST_CASE("a picture that says no signal is recognised, with its reason") {
    CHECK(head_of("X-Ringcast-Signal: NONE\r\nX-Ringcast-Reason: the camera: unplugged \r\n") ==
          "? no signal: the camera: unplugged");
    CHECK(head_of("X-Ringcast-Signal: none\r\n") == "? no signal: ");
    CHECK(head_of("X-Ringcast-Signal: other\r\nX-Ringcast-Reason: x\r\n") == "?");
    CHECK(read("b", "--b\r\nX-Ringcast-Signal: none\r\nContent-Length: 1\r\n\r\na\r\n"
                    "--b\r\nContent-Length: 1\r\n\r\nb") ==
          Parts{"1 no signal: ", "a", "1", "b", "reading"});
}

TEST_CASE(
    "anything but a delimiter behind a part is malformed, and so is a JPEG instead of a line") {
    const std::string part = "--b\r\nContent-Length: 3\r\n\r\nabc";
    CHECK(read("b", part + "defg\r\n--b\r\n").back() == "malformed, 5 left");
    CHECK(read("b", part + "\r\n--c\r\n").back() == "malformed, 0 left");
    CHECK(read("b", part + "\r\n--bc\r\n").back() == "malformed, 0 left");
    CHECK(read("b", part + "\r\nContent-Length: 3\r\n\r\nabc").back() == "malformed, 5 left");
    // The byte of the JPEG is left.
    CHECK(read("b", part + "\r\n\xFF\xD8").back() == "malformed, 2 left");
    CHECK(read("b", "\xFF\xD8").back() == "malformed, 2 left");
    CHECK(read("b", "--b\r\n\xFF\xD8").back() == "malformed, 2 left");
    // A JPEG's first byte inside a line is text.
    CHECK(read("b", "--b\r\nX: \xFF\r\nContent-Length: 1\r\n\r\na").front() == "1");
}

TEST_CASE("a reader of parts begins anew with each body") {
    PartReader reader;
    const auto take = [&](std::string_view text) {
        return reader.read(std::as_bytes(std::span(text)));
    };
    reader.begin("b");
    const std::string_view last = "--b--\r\n";
    CHECK(take(last) == last.size());
    CHECK(reader.state() == State::ended);
    reader.begin("c");
    CHECK(take("--c\r\nContent-Len") == 16);
    reader.begin("c"); // the line is forgotten
    CHECK(take("--c\r\n\r\n") == 7);
    CHECK(reader.state() == State::part);
    reader.begin("c");
    const std::string_view head = "preamble\r\n--c\r\nContent-Length: 7\r\n\r\n";
    CHECK(take(head) == head.size());
    REQUIRE(reader.state() == State::part);
    CHECK(reader.head().content_length == 7);
    reader.begin("d");
    CHECK(take(head) == head.size()); // all of it is a preamble, up to "Content-Length"
    CHECK(reader.state() == State::part);
}

} // namespace ringcast::upstream
